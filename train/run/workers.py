"""Workers: run folds one after another, or several at a time in processes of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Thread

import torch

from raicl.common.parallel import WorkerDeath, resolve_jobs, run_all, stop_workers
from raicl.common.terminal import console
from raicl.train.clips.folds import Fold
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.unnamed import can_share
from raicl.train.run.attempt import Attempt, attempt_fold, experiment_instances
from raicl.train.run.device import configure_torch
from raicl.train.run.experiment import Experiment


def attempts(experiment: Experiment, folds: Sequence[Fold]) -> Iterator[tuple[Fold, Attempt]]:
    """Attempt `folds`, `Experiment.jobs` at a time. Yields each as it ends."""
    if experiment.jobs > 1 and len(folds) > 1:
        yield from _parallel(experiment, folds)
        return
    instances = experiment_instances(experiment)
    try:
        for after, fold in zip(reversed(range(len(folds))), folds, strict=True):
            yield fold, attempt_fold(experiment, fold, instances, folds_after=after)
    finally:
        instances.close()


def threads_each(jobs: int) -> int | None:
    """Threads per process if `jobs` processes share the cores. None, torch's choice, for one."""
    return max(1, resolve_jobs(-1) // jobs) if jobs > 1 else None


def _parallel(experiment: Experiment, folds: Sequence[Fold]) -> Iterator[tuple[Fold, Attempt]]:
    # by fold: a process's share of the folds that follow it in the queue
    after = {fold.name: (len(folds) - 1 - i) // experiment.jobs for i, fold in enumerate(folds)}
    share = can_share(experiment.device)
    instances = experiment_instances(experiment, shared=True) if share else None
    threads = torch.get_num_threads()
    work = _Worker(experiment, instances, after, threads, console.configured(), os.getpid())
    try:
        for index, attempt in run_all(work, folds, jobs=experiment.jobs):
            if isinstance(attempt, WorkerDeath):
                reason = "its process was killed, twice; try fewer --jobs"
                experiment.run.log(f"fold {folds[index].name} failed: {reason}")
                attempt = Attempt(reason=reason)
            yield folds[index], attempt
    finally:
        stop_workers()  # before what they share is closed
        if instances is not None:
            instances.close()


@dataclass(frozen=True)
class _Worker:
    """The work of one process, which keeps the instances between folds.

    Attributes
    ----------
    instances : those of the parent, in memory that is shared. None if each process reads its own.
    """

    experiment: Experiment
    instances: Instances | None
    folds_after: dict[str, int]
    threads: int
    console: dict[str, bool]
    parent: int

    def __call__(self, fold: Fold) -> Attempt:
        if not _loaded:
            Thread(target=_leave_after, args=(self.parent,), daemon=True).start()
            console.configure(**self.console, bars=False)
            configure_torch(self.experiment.settings, threads=self.threads)
            _loaded.append(self.instances or experiment_instances(self.experiment))
        after = self.folds_after[fold.name]
        return attempt_fold(self.experiment, fold, _loaded[0], folds_after=after)


def _leave_after(parent: int) -> None:
    """End this process soon after `parent` was killed, which frees the locks of its folds."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


_loaded: list[Instances] = []  # in a worker: a pool serves one experiment and is then stopped
