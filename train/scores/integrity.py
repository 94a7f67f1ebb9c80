"""Integrity: what a result must say about itself, the same words wherever it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from raicl.train.clips.overview import describe_identical
from raicl.train.scores.results import Terms


def integrity(terms: Terms) -> dict[str, str]:
    """Pairs of a name and a text."""
    return {
        "Protocol": f"{terms.protocol}, {terms.evaluation}",
        "Folds": f"{terms.folds.done} of {terms.folds.all} done",
        "Selection": terms.selection,
        "Seed": f"{terms.seed}, plus the row of the fold",
        "Cache digest": terms.cache_digest,
        "Duplicates": describe_identical(terms.duplicates),
    }


def integrity_lines(names: Sequence[str], runs: Sequence[Terms]) -> list[str]:
    """The block as text; where several runs differ, each stands under its name."""
    blocks = [integrity(terms) for terms in runs]
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
