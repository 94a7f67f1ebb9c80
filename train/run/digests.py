"""Digests: whether the files of a run are those that were written, and the list that says so.

The record of a fold and the environment of a run are sealed, and hold the digests of the files
beside them. ``run-digests.json`` covers these and the results, and is written last whenever folds
are pooled: while it is missing, a command is at it or was stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from raicl.common.digests import Fault, examine, list_of, read_digests
from raicl.common.errors import InputError
from raicl.common.files import sha256_bytes, sha256_file, write_together
from raicl.common.versioned import Content, read_versioned
from raicl.train.fold.checkpoint import examine_states
from raicl.train.run.copies import put_back, saved_elsewhere
from raicl.train.run.folder import (
    CLASSIFIER,
    CONFIG,
    CONFUSION,
    DIGESTS,
    DONE,
    ENVIRONMENT,
    PREDICTIONS,
    REGIONS,
    RESULTS,
    UNCALIBRATED,
)
from raicl.train.run.records import Environment, FoldRecord

_KIND = "the list of the run's digests"
_POOL = "remove it, and type the run's raicl-train command again: it pools the finished folds"
_FOLD = "remove the fold's folder and type the run's raicl-train command again"
_BEGIN = "copy it again from where the run was, or start the run anew with --overwrite"
FIX = "copy it again from where it was, or type the run's raicl-train command: it says what to do"
_FIXES = {CONFIG: _BEGIN, ENVIRONMENT: _BEGIN, DONE: _FOLD}  # of any other file: _POOL
_HEAVY = (CLASSIFIER, REGIONS)
_COPIED = (PREDICTIONS, UNCALIBRATED)  # of a fold they are in the run's file as well


def write_pooled(folder: Path, pooled: Mapping[str, bytes], folds: list[Path]) -> None:
    """Replace the results of a run, and the list of digests last.

    Parameters
    ----------
    pooled : contents of the files by name.
    folds : folders of the finished folds.
    """
    known = [folder / CONFIG, folder / ENVIRONMENT, *(fold / DONE for fold in folds)]
    digests = {path.relative_to(folder).as_posix(): sha256_file(path) for path in known}
    digests |= {name: sha256_bytes(content) for name, content in pooled.items()}
    contents = {folder / name: content for name, content in pooled.items()}
    write_together({**contents, folder / DIGESTS: list_of(digests)})


def check_begun(folder: Path, environment: Environment) -> None:
    """Check that the settings of a run are those that it was begun with.

    Raises
    ------
    InputError : they are not.
    """
    if environment.settings_digest:
        _raise_first(folder, {CONFIG: environment.settings_digest})


def check_pooled(folder: Path) -> None:
    """Check what is known of a run that is continued. What is missing there is made again.

    Raises
    ------
    InputError : a file was changed.
    """
    if (folder / DIGESTS).is_file():
        listed = read_digests(folder / DIGESTS, fix=_POOL, kind=_KIND).files
        _raise_first(folder, _present(folder, listed))


def check_results(folder: Path, environment: Environment) -> bool:
    """Check that the results of a run are those that were written. Whether anything says so.

    Raises
    ------
    InputError : a file was changed or is missing, or a command was stopped while it wrote them.
    """
    if not (folder / DIGESTS).is_file():
        if environment.settings_digest:  # as it is since there are lists
            raise InputError(
                f"the results of the run are not whole: {DIGESTS} is missing",
                where=str(folder / DIGESTS),
                fix="type the run's raicl-train command again: it pools the finished folds",
            )
        return False
    listed = read_digests(folder / DIGESTS, fix=_POOL, kind=_KIND).files
    unlisted = {PREDICTIONS, RESULTS} - listed.keys()
    if unlisted:
        raise InputError(f"{_KIND} lacks {min(unlisted)}", where=str(folder / DIGESTS), fix=_POOL)
    pictures = {name for name in (CONFUSION,) if not (folder / name).exists()}
    _raise_first(folder, {name: d for name, d in listed.items() if name not in pictures})
    return True


def check_fold(folder: Path, record: FoldRecord, *, weights: bool) -> None:
    """Check those files of a finished fold that are there.

    Parameters
    ----------
    weights : those of the networks too, which are larger than all else.

    Raises
    ------
    InputError : a file was changed.
    """
    listed = {k: d for k, d in record.digests.items() if weights or k not in _HEAVY}
    try:
        _raise_first(folder, _present(folder, listed), fix=_FOLD)
    except InputError as error:
        name = Path(error.where).name
        if name not in _COPIED:
            raise
        fix = put_back(folder, record, name)
        raise InputError(error.what, where=error.where, fix=fix) from error


def covered(folder: Path) -> bool:
    """Whether a run was begun by a raicl that writes digests. False if nothing can say so."""
    environment, _ = _read(folder / ENVIRONMENT, Environment)
    return environment is not None and bool(environment.settings_digest)


def examine_run(folder: Path) -> dict[Path, str]:
    """Every file of a run that digests cover, with what is wrong with it: nothing, if it is whole.

    Checkpoints of folds that are not finished are among them.
    """
    found: dict[Path, str] = {}

    def note(*faults: Fault) -> None:
        for path, what in faults:
            found[path] = found.get(path) or what

    environment, fault = _read(folder / ENVIRONMENT, Environment)
    note(fault)
    if environment is not None and environment.settings_digest:
        note(*examine(folder, {CONFIG: environment.settings_digest}))
        if (folder / RESULTS).is_file() and not (folder / DIGESTS).is_file():
            note(Fault(folder / DIGESTS, "is missing"))
    if (folder / DIGESTS).is_file():
        note(*_examine_list(folder))
    for path in sorted((folder / "folds").glob(f"**/{DONE}")):
        record, fault = _read(path, FoldRecord)
        note(fault, *examine(path.parent, {} if record is None else record.digests))
    for place in sorted({path.parent for path in (folder / "folds").glob("**/state-*.json")}):
        note(*examine_states(place))
    return found


def _examine_list(folder: Path) -> Iterator[Fault]:
    path = folder / DIGESTS
    try:
        listed = read_digests(path, fix=_POOL, kind=_KIND).files
    except InputError as error:
        yield Fault(path, _about(error))
    else:
        yield Fault(path, "")
        yield from examine(folder, listed)


def _read(path: Path, kind: type[Content]) -> tuple[Content | None, Fault]:
    try:
        return read_versioned(path, kind, fix=""), Fault(path, "")
    except InputError as error:
        return None, Fault(path, _about(error))


def _present(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if (folder / name).is_file()}


def _raise_first(folder: Path, files: Mapping[str, str], *, fix: str = "") -> None:
    for path, what in examine(folder, files):
        if not what:
            continue
        elsewhere = saved_elsewhere(path) if path.name in _COPIED else ""
        raise InputError(
            f"the run was damaged or changed: {path.name} {what}{elsewhere}",
            where=str(path),
            fix=fix or _FIXES.get(path.name, _POOL),
        )


def _about(error: InputError) -> str:
    return f"cannot be used: {error.what}"
