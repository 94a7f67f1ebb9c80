"""Integrity: what a result must say about itself, the same words wherever it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from raicl.train.clips.overview import describe_identical
from raicl.train.scores.results import evaluation

# the keys of ``results.json`` that `integrity` reads
KEYS = ("protocol", "folds", "selection", "seed", "cache_digest")
LATER = ("evaluation", "duplicates")  # absent from earlier runs


def integrity(results: Mapping[str, Any]) -> dict[str, str]:
    """Pairs of a name and a text, from the values in ``results.json``."""
    folds, duplicates = results["folds"], results.get("duplicates")
    return {
        "Protocol": f"{results['protocol']}, {evaluation(results)}",
        "Folds": f"{folds['done']} of {folds['all']} done",
        "Selection": results["selection"],
        "Seed": f"{results['seed']}, plus the row of the fold",
        "Cache digest": results["cache_digest"],
        "Duplicates": "not looked for by the version of this run"
        if duplicates is None
        else describe_identical(duplicates),
    }


def integrity_lines(names: Sequence[str], runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The block as text; of several runs, what they do not share is told of each by `names`."""
    blocks = [integrity(results) for results in runs]
    width = max(map(len, blocks[0])) + 2
    lines = []
    for row in blocks[0]:
        texts = [block[row] for block in blocks]
        if len(set(texts)) == 1:
            lines.append(f"{row.lower():<{width}}{texts[0]}")
        else:
            shown = (f"{name}: {text}" for name, text in zip(names, texts, strict=True))
            lines += [f"{row.lower():<{width}}{text}" for text in shown]
    return lines
