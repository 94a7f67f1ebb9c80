"""Workers: run folds one after another, or several at a time in processes of their own."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from raicl.common.cluster.client import Cluster
from raicl.common.parallel import run_all, stop_workers
from raicl.common.terminal import console
from raicl.common.worker_death import WorkerDeath
from raicl.train.clips.folds import Fold
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.unnamed import can_share
from raicl.train.model.networks.own import NetworkSource, check_source, find_source
from raicl.train.run.attempt import Attempt, attempt_fold, experiment_instances
from raicl.train.run.device import configure_torch, resolve_device
from raicl.train.run.experiment import Experiment
from raicl.train.run.folder import Run

PRELOAD = "raicl.train.run.preload"  # imports this module, so it cannot be imported here
_LOST_SECONDS = 60.0


def attempts(
    experiment: Experiment, folds: Sequence[Fold]
) -> Generator[tuple[Fold, Attempt], None, None]:
    """Attempt `folds`, `Experiment.jobs` at a time. Yields each as it ends.

    Folds that run when it is closed are stopped; their checkpoints stay.
    """
    if experiment.cluster is not None or (experiment.jobs > 1 and len(folds) > 1):
        yield from _parallel(experiment, folds)
        return
    instances = experiment_instances(experiment)
    try:
        for after, fold in zip(reversed(range(len(folds))), folds, strict=True):
            yield fold, attempt_fold(experiment, fold, instances, folds_after=after)
    finally:
        instances.close()


def _parallel(
    experiment: Experiment, folds: Sequence[Fold]
) -> Generator[tuple[Fold, Attempt], None, None]:
    # by fold: a process's share of the folds that follow it in the queue
    after = {fold.name: (len(folds) - 1 - i) // experiment.jobs for i, fold in enumerate(folds)}
    cluster = experiment.cluster
    share = cluster is None and can_share(experiment.device)
    instances = experiment_instances(experiment, shared=True) if share else None
    work = _Worker(
        _for_cluster(experiment, cluster),
        instances,
        after,
        console.configured(),
        cluster is not None,
        find_source(experiment.settings.network),
    )
    # not for a GPU: a process that has only looked for CUDA cannot use it after a fork
    preload = PRELOAD if experiment.device.type == "cpu" else None
    try:
        running = run_all(work, folds, jobs=experiment.jobs, cluster=cluster, preload=preload)
        with closing(running) as found:
            for index, attempt in found:
                if isinstance(attempt, WorkerDeath):
                    reason = "its process was killed each time; try fewer folds at a time"
                    experiment.run.log(f"fold {folds[index].name} failed: {reason}")
                    attempt = Attempt(reason=reason)
                yield folds[index], attempt
    finally:
        if cluster is None:
            stop_workers()  # before what they share is closed
        if instances is not None:
            instances.close()


def _for_cluster(experiment: Experiment, cluster: Cluster | None) -> Experiment:
    """The experiment as a worker gets it."""
    if cluster is None:
        return experiment
    # a worker that was lost may hold its fold until its machine notices
    run = Run(experiment.run.folder, patience=_LOST_SECONDS)
    return replace(experiment, cluster=None, run=run, jobs=cluster.slots_of_a_machine)


@dataclass(frozen=True)
class _Worker:
    """The work of one process, which keeps the instances between folds.

    Attributes
    ----------
    instances : those of the parent, in memory that is shared. None if each process reads its own.
    elsewhere : on a cluster, whose machines may have other devices.
    source : where one's own network came from here.
    """

    experiment: Experiment
    instances: Instances | None
    folds_after: dict[str, int]
    console: dict[str, bool]
    elsewhere: bool
    source: NetworkSource | None

    def __call__(self, fold: Fold) -> Attempt:
        experiment = self.experiment
        if self.elsewhere:
            experiment = replace(experiment, device=resolve_device(experiment.settings.device))
        if not _loaded:
            check_source(experiment.settings.network, self.source)
            console.configure(**self.console, bars=False)
            configure_torch(experiment.settings)
            _loaded.append(self.instances or experiment_instances(experiment))
        after = self.folds_after[fold.name]
        return attempt_fold(experiment, fold, _loaded[0], folds_after=after)


_loaded: list[Instances] = []  # in a worker: a pool serves one experiment and is then stopped
