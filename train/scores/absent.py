"""Absent: classes without a tested clip, and what they do to means over classes."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class OverTested(BaseModel):
    """UF1 and UAR over the classes that have a tested clip, where some have none.

    Attributes
    ----------
    absent : classes without a tested clip. Each counts 0 in the UF1 and UAR of the result.
    most : the UF1 and UAR of a perfect result, less than 1 for that reason.
    uf1 : unweighted mean of F1 over the other classes.
    uar : unweighted mean of recall over the other classes.
    """

    model_config = ConfigDict(frozen=True)

    absent: tuple[str, ...]
    most: float
    uf1: float
    uar: float


def over_tested(clips: Mapping[str, int], uf1: float, uar: float) -> OverTested | None:
    """The scores over the classes that have a tested clip. None if all have one.

    F1 and recall of an absent class are 0, so that only the number of classes changes.

    Parameters
    ----------
    clips : number of tested clips by class.
    uf1, uar : over all classes.
    """
    absent = tuple(name for name, count in clips.items() if not count)
    if not absent or len(absent) == len(clips):
        return None
    tested = len(clips) - len(absent)
    share = tested / len(clips)
    return OverTested(absent=absent, most=share, uf1=uf1 / share, uar=uar / share)


def absent_words(found: OverTested | None) -> str:
    """What absent classes do, in words, which are the same for all results over the same clips."""
    if found is None:
        return ""
    have, count = ("have", "count") if len(found.absent) > 1 else ("has", "counts")
    return (
        f"{', '.join(found.absent)} {have} no tested clip and {count} 0, so that UF1 and UAR "
        f"cannot exceed {found.most:.4f}"
    )


def describe_absent(found: OverTested | None) -> str:
    """`absent_words` of one result, with its scores over the other classes. Empty without any."""
    if found is None:
        return ""
    other = f"over the classes with clips UF1 is {found.uf1:.4f} and UAR {found.uar:.4f}"
    return f"{absent_words(found)}; {other}"
