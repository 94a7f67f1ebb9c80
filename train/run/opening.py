"""Opening: where a run's folder is, and whether a folder is of this run."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import torch

from raicl.common.errors import ConflictError, InputError
from raicl.common.files import sweep, write_atomic
from raicl.common.locking import lock
from raicl.common.provenance import versions
from raicl.common.settings import merge, read_toml
from raicl.common.terminal.wording import counted
from raicl.common.versioned import read_versioned, write_versioned
from raicl.train.clips.composite import Composite
from raicl.train.model.networks.own import find_source, short_digest
from raicl.train.run.digests import check_begun, check_pooled
from raicl.train.run.folder import (
    CONFIG,
    CONFUSION,
    DIGESTS,
    DONE,
    ENVIRONMENT,
    EVENTS,
    PREDICTIONS,
    RESULTS,
    UNCALIBRATED,
    Run,
)
from raicl.train.run.key import PACKAGES, environment, identifying, run_key, to_toml
from raicl.train.run.records import Environment
from raicl.train.settings import TrainSettings

_LOCKS = {"lock", "lock.held"}


def default_folder(composite: Composite, settings: TrainSettings) -> Path:
    """``runs/DATASETS-PROTOCOL-KEY``, so that the same command finds the same run.

    It starts with ``DATASETS-to-DATASETS`` if some databases are only tested. What each fold leaves
    out, unless subjects, and a control precede the key.
    """
    trained = sorted(set(composite.datasets) - composite.tested)
    sides = [trained, sorted(composite.tested)] if composite.tested else [composite.datasets]
    parts = ["-to-".join("+".join(side) for side in sides), composite.protocol.name]
    if settings.leave != "subject":
        parts.append(f"leave-{settings.leave}")
    if settings.control != "none":
        parts.append(settings.control)
    return Path("runs") / "-".join([*parts, run_key(composite, settings)])


class Named(NamedTuple):
    """How a user names a run's folder, and starts the run anew."""

    option: str
    program: str

    @property
    def anew(self) -> str:
        """How a user starts the run anew."""
        return f"start it anew with {self.program} --overwrite"

    @property
    def fix(self) -> str:
        """What a user can do about a folder of another experiment."""
        return f"choose another {self.option}, or {self.anew}"


RUN_DIR = Named("--run-dir (of raicl ablate: --dir)", "raicl-train")


def open_run(
    folder: Path,
    composite: Composite,
    settings: TrainSettings,
    *,
    overwrite: bool = False,
    named: Named = RUN_DIR,
) -> Run:
    """Start a run or reopen it.

    Parameters
    ----------
    named : how a user names the folder.

    Raises
    ------
    ConflictError : the folder belongs to a run with other settings or instances (the error names
        the differences), or to something else.
    InputError : the folder cannot be made, or a file of the run is damaged.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make the run folder: {error.strerror}",
            where=str(folder),
            fix=f"choose a {named.option} that you may write to",
        ) from error
    # list the folder once: between two looks another process may start this run
    there = {path.name for path in folder.iterdir() if path.name[0] != "."} - _LOCKS
    if there and CONFIG not in there:
        raise ConflictError(
            "the folder holds something other than a run",
            where=str(folder),
            fix=f"choose a new {named.option}",
        )
    if overwrite and CONFIG in there:
        _clear(folder)
    run = Run(folder)
    with run.hold_results():  # two that begin at once would mix their files
        sweep(folder)
        if not run.begun:
            _begin(folder, composite, settings, named)
            return run
    check_same(folder, composite, settings, named=named)
    check_pooled(folder)
    _note_differences(run, named.fix)
    return run


def _begin(folder: Path, composite: Composite, settings: TrainSettings, named: Named) -> None:
    """Write the settings and then the environment, which marks the run as set up completely."""
    if any((folder / "folds").glob(f"**/{DONE}")):
        raise InputError(
            f"the run has finished folds, and no {ENVIRONMENT} says of what",
            where=str(folder / ENVIRONMENT),
            fix=f"copy the file again from where the run was, or {named.anew}",
        )
    write_atomic(folder / CONFIG, to_toml(settings).encode())
    write_versioned(folder / ENVIRONMENT, environment(composite, settings))


def check_same(
    folder: Path, composite: Composite, settings: TrainSettings, *, named: Named = RUN_DIR
) -> None:
    """Check that a run was started with these settings, instances and labels.

    Raises
    ------
    ConflictError : it was not. The error names what differs.
    InputError : its settings or its environment are damaged.
    """
    path, begun = folder / CONFIG, _read_environment(folder, named.fix)
    check_begun(folder, begun)
    before = merge(TrainSettings, (str(path), read_toml(path)))
    changed = differences(before, begun, composite, settings)
    if changed:
        raise ConflictError(
            f"the run folder belongs to another experiment: {'; '.join(changed)}",
            where=str(folder),
            fix=named.fix,
        )


def differences(
    before: TrainSettings, begun: Environment, composite: Composite, settings: TrainSettings
) -> list[str]:
    """In words, what differs between an experiment that was begun and that of now.

    Parameters
    ----------
    before, begun : settings and environment of the one that was begun.
    """
    old, new = identifying(before), identifying(settings)
    changed = [f"{key} = {old[key]!r}, now {new[key]!r}" for key in new if old[key] != new[key]]
    if begun.cache_digest != composite.digest:
        changed.append(f"cache {begun.cache_digest[:16]}, now {composite.digest[:16]}")
    if begun.labels_digest != composite.labels_digest:
        changed.append(
            f"labels {begun.labels_digest[:16]}, now {composite.labels_digest[:16]} "
            f"by protocol {composite.protocol.name}"
        )
    source = find_source(settings.network)
    if before.network == settings.network and begun.network_source != source:
        was, now = short_digest(begun.network_source), short_digest(source)
        changed.append(f"the module of {settings.network} {was}, now {now}")
    return changed


def _read_environment(folder: Path, fix: str) -> Environment:
    return read_versioned(folder / ENVIRONMENT, Environment, fix=fix)


def _note_differences(run: Run, fix: str) -> None:
    begun, now = _read_environment(run.folder, fix), versions(PACKAGES)
    before = begun.versions
    changed = [
        f"{name} {before.get(name)} → {now[name]}" for name in now if before.get(name) != now[name]
    ]
    if changed:
        run.log(f"note: this run was begun with other versions: {', '.join(changed)}")
    threads = torch.get_num_threads()
    if begun.threads != threads:
        run.log(
            f"note: this run was begun with {counted(begun.threads, 'thread')} and goes on with "
            f"{threads}: the last digits of its folds depend on that"
        )


def _clear(folder: Path) -> None:
    with ExitStack() as held:
        for path in [folder / "lock", *folder.glob("folds/**/lock")]:
            held.enter_context(lock(path))  # no process is training what is removed here
        (folder / ENVIRONMENT).unlink(missing_ok=True)
        for name in ("folds", EVENTS):
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        for name in (DIGESTS, PREDICTIONS, UNCALIBRATED, RESULTS, CONFUSION, "run.log"):
            (folder / name).unlink(missing_ok=True)
