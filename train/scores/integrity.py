"""Integrity: the facts that a result must state, in the same words wherever it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from raicl.common.cache.measure import Measure
from raicl.train.clips.overview import describe_identical
from raicl.train.scores.results import Terms

_OWN = str(Measure())  # what a result need not say of its flow


def integrity(terms: Terms) -> dict[str, str]:
    """The facts of one result: texts by name."""
    flow = {"Flow": terms.flow} if terms.flow else {}
    return {
        "Protocol": f"{protocol_label(terms)}, {terms.evaluation}",
        "Folds": f"{terms.folds.done} of {terms.folds.all} done",
        "Selection": terms.selection,
        "Seed": f"{terms.seed}, plus the row of the fold",
        "Cache digest": terms.cache_digest,
        "Network": terms.network,
        "Device": terms.device,
        "Duplicates": describe_identical(terms.duplicates),
        **flow,
    }


def protocol_label(terms: Terms) -> str:
    """The name of a protocol, with a mark if raicl's of that name is another."""
    differs = terms.protocol_differs
    return f"{terms.protocol} (not raicl's: {differs})" if differs else terms.protocol


def integrity_lines(names: Sequence[str], runs: Sequence[Terms]) -> list[str]:
    """The facts as lines of text. Where runs differ, each has a line with its name."""
    blocks = [integrity(terms) for terms in runs]
    rows = list(dict.fromkeys(row for block in blocks for row in block))
    width = max(map(len, rows)) + 2
    lines = []
    for row in rows:
        texts = [block.get(row, _OWN) for block in blocks]
        if len(set(texts)) == 1:
            lines.append(f"{row.lower():<{width}}{texts[0]}")
        else:
            shown = (f"{name}: {text}" for name, text in zip(names, texts, strict=True))
            lines += [f"{row.lower():<{width}}{text}" for text in shown]
    return lines
