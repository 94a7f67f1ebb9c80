"""Examined: what ``raicl validate`` says of the folder of a run. Torch is loaded for one alone."""

from __future__ import annotations

from pathlib import Path

from raicl.common.folders import Examined

_MARKS = ("config.toml", "env.json")  # a folder with any of them is that of a run


def examine(folder: Path) -> Examined | None:
    """The files of a run and what is wrong with them. None if it is not the folder of a run."""
    if not any((folder / name).is_file() for name in _MARKS):
        return None
    from raicl.train.run.digests import FIX, covered, examine_run

    return Examined(
        kind="run",
        files=examine_run(folder),
        fix=FIX,
        note="" if covered(folder) else "an older raicl made the run: not every file has a digest",
    )
