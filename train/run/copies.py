"""Copies: the predictions of a fold are in the run's file as well, from which they come back."""

from __future__ import annotations

from pathlib import Path

from raicl.common.files import sha256_bytes
from raicl.train.run.records import FoldRecord
from raicl.train.scores.predictions import foreign_traces, part_of

_ELSE = (
    "put a copy of the file back; without one, remove the fold's folder, and the run's raicl-train "
    "command trains this fold again"
)


def put_back(folder: Path, record: FoldRecord, name: str) -> str:
    """How predictions of a finished fold can be had again, without training if possible.

    Parameters
    ----------
    folder : folder of the fold.
    name : name of the file.
    """
    run = folder.parents[len(Path(record.held_out).parts)]  # folds/DATASET/SUBJECT or folds/NAMES
    pooled = run / name
    if record.digests.get(name) != sha256_bytes(part_of(pooled, record.held_out.split("+"))):
        return _ELSE
    return (
        f"{pooled} holds the same rows: copy its first line and those of {record.held_out} back; "
        "nothing is trained again"
    )


def saved_elsewhere(path: Path) -> str:
    """What shows that another program saved predictions, after a comma. Empty if nothing does."""
    traces = foreign_traces(path.read_bytes()) if path.is_file() else []
    return f", saved by another program, with {', '.join(traces)}" if traces else ""
