"""Overview: what a run is about to learn from, and its folds, before anything is trained."""

from __future__ import annotations

import json
from collections.abc import Sequence

from raicl.common.terminal import console
from raicl.common.terminal.wording import counted
from raicl.train.composite import Composite
from raicl.train.duplicates import describe_identical
from raicl.train.folds import Fold
from raicl.train.remarks import remarks


def describe_input(composite: Composite) -> list[str]:
    """What a run is about to learn from, what the protocol leaves out, and what is published."""
    every = list(composite.records)
    clips = composite.split or f"{counted(len(every), 'clip')} ({composite.shown_counts(every)})"
    lines = [f"{' + '.join(composite.datasets)}: {clips}"]
    if composite.outside:
        left = ", ".join(f"{n} {emotion}" for emotion, n in sorted(composite.outside.items()))
        total = composite.outside.total()
        lines.append(f"{counted(total, 'clip')} outside protocol {composite.protocol.name}: {left}")
    lines += remarks(composite.left_out, composite.flagged)
    if identical := composite.identical:
        lines.append(
            f"warning: duplicates: {describe_identical(identical)}; "
            "see raicl-train --control duplicate"
        )
    return lines + composite.unmet + composite.official


def print_folds(composite: Composite, folds: Sequence[Fold], *, as_json: bool) -> None:
    """Print row, subject, clips and clips per class of every fold's test on stdout.

    Where a clip is only trained on or only tested, the number that each fold trains on as well.
    """
    classes, split = composite.classes, bool(composite.split) or folds[0].by == "database"
    if as_json:
        rows = [
            {
                "row": fold.index,
                fold.by: fold.name,
                "clips": len(fold.test),
                "classes": dict(zip(classes, composite.class_counts(fold.test), strict=True)),
                **({"train": len(fold.train)} if split else {}),
            }
            for fold in folds
        ]
        console.result(json.dumps(rows, indent=2))
        return
    width = max(len("database"), *(len(fold.name) for fold in folds)) + 2
    header = "".join(f"{name:>{len(name) + 2}}" for name in classes)
    header += f"{'train':>7}" if split else ""
    console.result(f"{'row':>4}  {folds[0].by:<{width}}{'clips':>5}{header}")
    for fold in folds:
        counts = zip(classes, composite.class_counts(fold.test), strict=True)
        cells = "".join(f"{n:>{len(name) + 2}}" for name, n in counts)
        train = f"{len(fold.train):>7}" if split else ""
        console.result(f"{fold.index:>4}  {fold.name:<{width}}{len(fold.test):>5}{cells}{train}")
