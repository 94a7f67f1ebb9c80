"""Blocks of a study's table beside the scores: how strong its instances are, what it mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

_SHOWN = 3  # classes; with more there is no room for a column each


class RowStrength(BaseModel):
    """How strong a row's instances are: mean |flow| over that of the clip's strongest instance.

    The strongest of those that the cache holds. Every clip weighs the same.

    Attributes
    ----------
    trained : mean over the clips that are trained on and their trained instances, 0 to 1.
    tested : mean over the tested clips and their tested instances.
    """

    model_config = ConfigDict(frozen=True)

    trained: float
    tested: float


class RowClasses(BaseModel):
    """Which class a row gives to the clips of each class.

    Attributes
    ----------
    clips : number of tested clips by class.
    called : by true class, the share of its clips that are given each class, mean over seeds. The
        recall is the share of its own. Without classes that have no clip.
    """

    model_config = ConfigDict(frozen=True)

    clips: dict[str, int]
    called: dict[str, dict[str, float]]


class Share(NamedTuple):
    """A column: the share of the clips of class `true` that are given the class `given`."""

    true: str
    given: str

    @property
    def title(self) -> str:
        """``recall of positive`` or ``positive called negative``."""
        if self.true == self.given:
            return f"recall of {self.true}"
        return f"{self.true} called {self.given}"

    @property
    def key(self) -> str:
        """The name of its column in a CSV."""
        return self.title.replace(" ", "_")

    def of(self, classes: RowClasses | None) -> float | None:
        """Its value in a row. None without results or without a clip of the class."""
        return None if classes is None else classes.called.get(self.true, {}).get(self.given)


def shares(rows: Sequence[RowClasses | None]) -> tuple[Share, ...]:
    """The columns: every recall, and how many clips of each other class are given the largest.

    The largest class is the one with the most clips in the first row that has results, the first of
    several. Empty without results or with more than three classes.
    """
    first = next((row for row in rows if row is not None), None)
    if first is None or len(first.clips) > _SHOWN:
        return ()
    largest = max(first.clips, key=lambda name: first.clips[name])
    others = [name for name in first.clips if name != largest]
    return (
        *(Share(name, name) for name in first.clips),
        *(Share(name, largest) for name in others),
    )
