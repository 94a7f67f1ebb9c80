"""Tally: how many cases of a kind were tried, and which of them ended wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

# what may happen to a fault: it is told, it changes nothing, or one of the wrong things
TOLD, HARMLESS = "told", "harmless"
SILENT, TRACE, CRASH, HANG, MEMORY = "silent", "trace", "crash", "hang", "memory"


@dataclass
class Tally:
    """The outcomes of one kind of cases.

    Attributes
    ----------
    wrong : a line for each wrong case, with what repeats it.
    """

    kind: str
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, outcome: str, case: str, text: str) -> None:
        """Count an outcome; a wrong one is kept with its case."""
        self.counts[outcome] += 1
        if outcome not in (TOLD, HARMLESS):
            self.wrong.append(f"{outcome:7} {case}: {text}")


def table(tallies: Iterable[Tally]) -> str:
    """A row for each kind of cases, and one for all."""
    rows = [("", "tried", "told", "harmless", "wrong")]
    every = list(tallies)
    for tally in every:
        rows.append((tally.kind, *_numbers([tally])))
    rows.append(("all", *_numbers(every)))
    return "\n".join(f"{name:12}" + "".join(f"{n:>10}" for n in numbers) for name, *numbers in rows)


def _numbers(tallies: list[Tally]) -> tuple[str, ...]:
    whole: Counter[str] = sum((tally.counts for tally in tallies), Counter())
    wrong = sum(len(tally.wrong) for tally in tallies)
    return str(whole.total()), str(whole[TOLD]), str(whole[HARMLESS]), str(wrong)
