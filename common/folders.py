"""Folders that stages write: each stage examines its own, so that common knows none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.terminal import console
from raicl.common.terminal.wording import counted

GROUP = "raicl.folders"  # of the entry points that are examiners


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A folder whose files were compared with their digests.

    Attributes
    ----------
    kind : what it is, such as a run.
    files : what is wrong with each file that is covered by digests. Empty of one that is whole.
    fix : what a user can do about the others.
    note : what is not covered. Empty if all is.
    """

    kind: str
    files: Mapping[Path, str]
    fix: str
    note: str = ""


Examiner = Callable[[Path], Examined | None]  # None if the folder is not of its kind


def validate_folder(folder: Path, *, as_json: bool) -> bool:
    """Print what is wrong with a folder that a stage knows. False if none does.

    Raises
    ------
    InputError : a file is missing or changed.
    """
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        examine: Examiner = point.load()
        found = examine(folder)
        if found is not None:
            _tell(folder, found, as_json=as_json)
            return True
    return False


def _tell(folder: Path, found: Examined, *, as_json: bool) -> None:
    bad = {path: what for path, what in found.files.items() if what}
    whole = len(found.files) - len(bad)
    if as_json:
        rows = [{"path": str(path), "reason": what} for path, what in bad.items()]
        values = {"path": str(folder), "kind": found.kind, "whole": whole, "bad": rows}
        console.result(json.dumps(values | {"note": found.note}, indent=2))
    else:
        for path, what in bad.items():
            console.result(f"bad  {path}: {what}")
        console.result(f"{folder}: {found.kind}, {whole} of {len(found.files)} files are whole")
        if found.note:
            console.result(f"note: {found.note}")
    if bad:
        first, what = next(iter(bad.items()))
        raise InputError(
            f"{counted(len(bad), 'file')} of the {found.kind} missing or changed, first "
            f"{first.name}: {what}",
            where=str(first),
            fix=found.fix,
        )
