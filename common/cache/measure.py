"""Measure: what the numbers of a cache's flow mean. In raicl's own they are px, and 0 is rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from raicl.common.settings import SettingValue

UNKNOWN = "unknown"  # the value of the settings `unit` and `zero` that says so


@dataclass(frozen=True)
class Measure:
    """What is known of the scale of u and v.

    Attributes
    ----------
    unit : whether they are px of the crop. If not, motions cannot be compared or named in px.
    zero : whether 0 is rest and the sign a direction. If not, as in pictures whose grey levels were
        stretched one by one, no mirror image can be computed by negating u.
    """

    unit: bool = True
    zero: bool = True

    @classmethod
    def of(cls, settings: Mapping[str, SettingValue]) -> Measure:
        """What the settings of a cache say. Where they are silent, the flow is raicl's own."""
        return cls(settings.get("unit") != UNKNOWN, settings.get("zero") != UNKNOWN)

    @property
    def settings(self) -> dict[str, SettingValue]:
        """The settings that say it; empty for px with a zero, so that other caches keep theirs."""
        known = {"unit": self.unit, "zero": self.zero}
        return {name: UNKNOWN for name, is_known in known.items() if not is_known}

    @property
    def px(self) -> str:
        """`` px`` to print behind a length of the flow, or nothing."""
        return " px" if self.unit else ""

    @property
    def channels(self) -> str:
        """The channels of an instance in words."""
        return "u px, v px, strain" if self == Measure() else f"u, v, strain ({self})"

    def __str__(self) -> str:
        if self.unit and self.zero:
            return "px, 0 is rest"
        unit = "px" if self.unit else "unit unknown"
        return f"{unit}, {'0 is rest' if self.zero else 'zero and sign lost'}"
