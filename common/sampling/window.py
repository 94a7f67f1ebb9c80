"""Window: how wide the middle of a clip is, in frames, seconds or as a fraction of the clip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from raicl.common.errors import InputError

WindowUnit = Literal["frames", "seconds", "fraction"]
_UNITS: tuple[WindowUnit, ...] = get_args(WindowUnit)
_LARGEST = {"frames": 4096.0, "seconds": 60.0, "fraction": 1.0}


@dataclass(frozen=True)
class Window:
    """The width of the middle of a clip: an amount and its unit."""

    unit: WindowUnit
    amount: float

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``frames:16``, ``seconds:0.08`` or ``fraction:0.5``.

        Raises
        ------
        ValueError : the unit is unknown, or the amount is no number or out of bounds.
        """
        name, _, number = text.partition(":")
        unit = next((unit for unit in _UNITS if unit == name.strip()), None)
        if unit is None:
            raise ValueError("write frames:16, seconds:0.08 or fraction:0.5")
        try:
            amount = float(number)
        except ValueError:
            raise ValueError(f"{number!r} is not a number of {unit}") from None
        if not (0 < amount <= _LARGEST[unit]):
            raise ValueError(f"{unit} must be above 0 and at most {_LARGEST[unit]:g}")
        if unit == "frames" and amount != math.floor(amount):
            raise ValueError("frames must be a whole number")
        return cls(unit, amount)

    def __str__(self) -> str:
        return f"{self.unit}:{self.amount:.10g}"

    def width(self, n_frames: int, fps: float | None) -> int:
        """Width W in frames for a clip with T frames, at least 1.

        A fraction refers to the T-1 frames after the onset.

        Raises
        ------
        InputError : the unit is seconds and the frame rate is not known.
        """
        if self.unit == "seconds":
            if fps is None:
                raise InputError(
                    f"no frame rate is known, and --window {self} needs one",
                    fix="give the sheet a column fps, or a window in frames or as a fraction",
                )
            return max(1, round(self.amount * fps))
        if self.unit == "fraction":
            return max(1, round(self.amount * (n_frames - 1)))
        return int(self.amount)
