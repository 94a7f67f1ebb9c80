"""Corrections: annotated values that are known to be wrong, each with a reason and a source."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from raicl.common.order import comparable
from raicl.data.records import Correction
from raicl.data.sheets.sheet import cell_text

FIELDS = ("onset", "apex", "offset", "emotion")
_HEADER = ["subject", "clip", "field", "annotated", "used", "reason", "source"]


@dataclass(frozen=True)
class KnownError:
    """A value of the official sheet that is known to be wrong.

    It is replaced only if the sheet still has the value `annotated`, so that an edited copy of the
    sheet is not changed.
    """

    subject: str
    clip: str
    field: str
    annotated: str
    used: str
    reason: str
    source: str


def read_corrections(dataset: str) -> tuple[KnownError, ...]:
    """The rows of ``corrections/<dataset>.csv``; none if there is no such file."""
    path = files("raicl.data") / "corrections" / f"{dataset}.csv"
    return parse_corrections(path.read_text(encoding="utf-8")) if path.is_file() else ()


def parse_corrections(text: str) -> tuple[KnownError, ...]:
    """The rows of a table of corrections; lines that begin with ``#`` are comments.

    Raises
    ------
    ValueError : the header is wrong, a field is unknown, or a row lacks its reason or source.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    header, *rows = csv.reader(lines)
    if header != _HEADER:
        raise ValueError(f"the header is {header}, not {_HEADER}")
    known = [KnownError(*row) for row in rows]
    for error in known:
        if error.field not in FIELDS or not error.reason or not error.source:
            raise ValueError(f"unknown field, no reason or no source: {error}")
    return tuple(known)


def correct_cells(
    cells: Mapping[str, object], subject: str, clip: str, known: Sequence[KnownError], clip_id: str
) -> tuple[Mapping[str, object], tuple[Correction, ...]]:
    """Replace the known errors in the cells of a row; return the cells and the replacements."""
    used = dict(cells)
    applied = []
    for error in known:
        if (comparable(error.subject), comparable(error.clip)) != (
            comparable(subject),
            comparable(clip),
        ):
            continue
        if cell_text(cells.get(error.field)) == error.annotated:
            used[error.field] = error.used
            row = (error.field, error.annotated, error.used, error.reason, error.source)
            applied.append(Correction(clip_id, *row))
    return used, tuple(applied)
