"""Share: the part of a command's work that one job of an array does, as ``--shard I/N`` says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from raicl.common.errors import UsageError

Unit = TypeVar("Unit")


@dataclass(frozen=True)
class Share:
    """One of `count` parts that together are the whole, `index` from 0 on."""

    index: int
    count: int

    def of(self, units: Sequence[Unit]) -> tuple[Unit, ...]:
        """Every `count`-th unit from `index` on: neighbours, which take as long, are spread."""
        return tuple(units[self.index :: self.count])

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def read_share(text: str | None) -> Share | None:
    """The share that ``--shard`` names. None without the option: all of the work.

    Raises
    ------
    UsageError : it is not ``I/N`` with 0 <= I < N.
    """
    if text is None:
        return None
    numbers = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip())
    share = Share(int(numbers[1]), int(numbers[2])) if numbers else None
    if share is None or share.index >= share.count:
        raise UsageError(
            f"--shard {text}",
            fix="give I/N with I from 0 to N-1: --shard 0/4, 1/4, 2/4 and 3/4 are all of the work",
        )
    return share
