"""Table: an exported file beside PyTorch, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from raicl.common.files import sha256_file
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.train.export.answers import TOLERANCE, Difference
from raicl.train.fitted.predictor import Predictor


class Row(NamedTuple):
    """One way to run a model.

    Attributes
    ----------
    bytes : of the file; of PyTorch, of the weights that are exported.
    differences : from PyTorch, by sample.
    milliseconds : median time of one instance, by number of threads.
    """

    name: str
    bytes: int
    differences: dict[str, Difference]
    milliseconds: dict[int, float]


def as_text(predictor: Predictor, out: Path, rows: Sequence[Row]) -> str:
    """The table between two lines about the file and the sentence about its use."""
    samples = rows[-1].differences
    head = ["", "bytes"]
    head += [f"difference, {found.instances} {name}" for name, found in samples.items()]
    head += [f"ms, {n} thread{'s' * (n > 1)}" for n in rows[0].milliseconds]
    cells = [head, *(_cells(row, samples) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        for line in cells
    ]
    size = f"(B, 3, {predictor.crop}, {predictor.crop})"
    return "\n".join(
        [
            f"model  {predictor.source}, digest {predictor.digest[:16]}: "
            + ", ".join(predictor.classes),
            f"file   {out}, takes float32 {size}: {predictor.measure.channels}",
            *table,
            f"At most {TOLERANCE:g} of difference in probabilities, logits and class maps is "
            "allowed. Time is of one instance.",
            RESEARCH_ONLY,
        ]
    )


def as_json(predictor: Predictor, out: Path, rows: Sequence[Row]) -> str:
    """The same as one object."""
    values = {
        "file": str(out),
        "sha256": sha256_file(out),
        "model": predictor.digest,
        "tolerance": TOLERANCE,
        "ways": {
            row.name: {
                "bytes": row.bytes,
                "differences": {name: found._asdict() for name, found in row.differences.items()},
                "milliseconds": row.milliseconds,
            }
            for row in rows
        },
        "intended_use": RESEARCH_ONLY,
    }
    return json.dumps(values, indent=2)


def _cells(row: Row, samples: dict[str, Difference]) -> list[str]:
    found = [row.differences.get(name) for name in samples]
    return [
        row.name,
        str(row.bytes),
        *("-" if difference is None else f"{difference.largest:.1e}" for difference in found),
        *(f"{value:.2f}" for value in row.milliseconds.values()),
    ]
