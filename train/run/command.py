"""Command: what ``raicl-train`` does after its options are checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from raicl.common.cluster.client import connected
from raicl.common.drawing import can_draw
from raicl.common.errors import InputError, PartialError, UsageError
from raicl.common.share import Share
from raicl.common.terminal import console
from raicl.train.clips.fold_option import choose_folds
from raicl.train.clips.folds import FoldError, describe_evaluation
from raicl.train.clips.leaks import describe_leaks, find_leaks
from raicl.train.clips.measured import describe_flow
from raicl.train.clips.overview import describe_input, print_folds, protocol_warnings
from raicl.train.clips.plan import plan
from raicl.train.fold.events import summary_writer
from raicl.train.model.networks.own import check_own
from raicl.train.run.cross_validate import cross_validate
from raicl.train.run.device import choose_device, configure_torch, describe_device
from raicl.train.run.estimate import estimate
from raicl.train.run.experiment import Experiment
from raicl.train.run.folder import Run
from raicl.train.run.jobs import choose_jobs
from raicl.train.run.opening import default_folder, open_run
from raicl.train.run.work import count_work, is_long
from raicl.train.scores.summary import results_text
from raicl.train.settings import TrainSettings

_NO_PICTURES = "pictures are left out: they need matplotlib (pip install 'raicl[demo]')"


def list_folds(
    flows: Sequence[Path],
    settings: TrainSettings,
    *,
    test: Sequence[Path],
    fold: Sequence[str],
    as_json: bool,
) -> None:
    """Print the chosen folds and stop."""
    composite, folds = plan(flows, settings, test=test)
    for line in protocol_warnings(composite):
        console.say(line)
    print_folds(composite, choose_folds(folds, fold, note=console.say), as_json=as_json)


def look_for_leaks(
    flows: Sequence[Path],
    settings: TrainSettings,
    *,
    test: Sequence[Path],
    fold: Sequence[str],
    as_json: bool,
) -> None:
    """Print what is on both sides of a chosen fold, byte for byte, and stop.

    Raises
    ------
    InputError : something is on both sides.
    """
    composite, folds = plan(flows, settings, test=test)
    found = find_leaks(composite, choose_folds(folds, fold, note=console.say))
    console.result(json.dumps(found.to_json(), indent=2) if as_json else describe_leaks(found))
    if found.pairs:
        raise InputError(
            f"{len(found.pairs)} pairs of clips are on both sides of a fold",
            where=" and ".join(found.pairs[0].subjects),
            fix="give each recording to one subject, or remove the copies, and prepare again",
        )


def run(
    flows: Sequence[Path],
    settings: TrainSettings,
    *,
    test: Sequence[Path],
    fold: Sequence[str],
    run_dir: Path | None,
    jobs: int | None,
    share: Share | None = None,
    cluster: str | None = None,
    overwrite: bool,
    pictures: bool,
    tensorboard: bool,
    oracle: bool,
    as_json: bool,
    estimate_only: bool = False,
) -> None:
    """Run the chosen folds of an experiment and print the results.

    Parameters
    ----------
    jobs : folds at a time. None to leave it to `choose_jobs`.
    estimate_only : print what the run would take, and write nothing.

    Raises
    ------
    SetupError : tensorboard is not installed, the device is missing, or one's own network cannot be
        imported.
    UsageError : one's own network does not keep the protocol, see `check_own`. Or a share of the
        folds would start anew what the others have done.
    PartialError : some folds failed.
    """
    if tensorboard:
        summary_writer()  # fails now rather than when the first fold begins
    check_own(settings)
    if share is not None and overwrite:
        raise UsageError(
            "--overwrite with --shard would remove the folds of the other parts",
            fix="remove the run folder once, before the parts are started",
        )
    composite, folds = plan(flows, settings, test=test)
    chosen = choose_folds(folds, fold, note=console.say)
    if share is not None:
        chosen = share.of(chosen)
        if not chosen:
            console.say(f"part {share} has no fold: there are fewer folds than parts")
            return
    configure_torch(settings)
    device = choose_device(settings)
    draw = pictures and can_draw()

    folder = run_dir or default_folder(composite, settings)
    missing = [fold for fold in chosen if overwrite or not Run(folder).finished(fold)]
    work = count_work(composite, missing, settings, device)
    jobs = choose_jobs(jobs, work, settings, device, n_classes=len(composite.classes))
    if estimate_only:
        if not missing:
            raise UsageError(
                "nothing to estimate: every chosen fold is finished", where=str(folder)
            )
        foreseen = estimate(composite, missing, settings, device, jobs=jobs)
        console.result(json.dumps(foreseen.to_json(), indent=2) if as_json else str(foreseen))
        return
    if cluster is not None:  # workers have another working directory
        folder, composite = folder.absolute(), composite.at_absolute_paths()
    opened = open_run(folder, composite, settings, overwrite=overwrite)
    part = chosen if len(chosen) < len(folds) else None
    flow = describe_flow(composite, settings)
    for line in (
        describe_evaluation(composite, settings),
        *describe_input(composite, part),
        *([f"flow: {flow}"] if flow else []),
    ):
        opened.log(line)
    where = describe_device(device) if cluster is None else f"the workers of {cluster}"
    opened.log(f"{len(chosen)} of {len(folds)} folds on {where}, run {folder}")
    if pictures and not draw:
        opened.log(_NO_PICTURES)
    if cluster is None and is_long(work, settings):
        try:
            opened.log(str(estimate(composite, missing, settings, device, jobs=jobs)))
        except FoldError as error:
            opened.log(f"no estimate: {error}")
    with connected(cluster, beside=folder, files=[cache.path for cache in composite.caches]) as on:
        experiment = Experiment(
            composite=composite,
            settings=settings,
            folds=folds,
            device=device,
            run=opened,
            draw=draw,
            jobs=jobs if on is None else on.slots,
            tensorboard=tensorboard,
            oracle=oracle,
            cluster=on,
        )
        results = cross_validate(experiment, chosen)
    text = f"{results_text(results)}\nrun {folder}"
    console.result(results.model_dump_json(indent=2) if as_json else text)
    if results.failed:
        raise PartialError(
            f"{len(results.failed)} of {len(chosen)} folds failed",
            where=", ".join(results.failed),
            fix=f"see {folder / 'run.log'}; the same command tries them again",
        )
