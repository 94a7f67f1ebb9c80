"""Protocol: which clips count, and which emotion belongs to which class; rules are TOML data."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from raicl.common.clip import Clip
from raicl.common.errors import UsageError

PROTOCOLS = ("cde", "five", "four", "seven")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(_Strict):
    """What a complete database gives: subjects where known, and clips per class."""

    subjects: int | None = None
    classes: dict[str, int]


class Rule(_Strict):
    """How one database enters a protocol.

    Attributes
    ----------
    emotions : class by annotated emotion; clips of other emotions are left out.
    require_apex : leave out clips without an apex, or whose apex is the onset.
    exclude : clips left out, as ``subject/name``, by version of the sheet.
    expected : counts by version of the sheet, ``any`` where there is one.
    """

    emotions: dict[str, str]
    require_apex: bool = False
    exclude: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    expected: dict[str, Expected] = Field(default_factory=dict)


class Protocol(_Strict):
    """The classes of an experiment, in the order of their indices, and a rule per database.

    Attributes
    ----------
    like : databases that follow the rule of another one, without its expected counts.
    """

    name: str
    title: str
    classes: tuple[str, ...] = Field(min_length=2)
    databases: dict[str, Rule]
    like: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"a class is named twice: {self.classes}")
        for dataset, rule in self.databases.items():
            named = set(rule.emotions.values())
            named |= {name for counts in rule.expected.values() for name in counts.classes}
            if not named <= set(self.classes):
                raise ValueError(f"{dataset}: {named - set(self.classes)} are not classes")
        if not set(self.like.values()) <= set(self.databases) or set(self.like) & set(
            self.databases
        ):
            raise ValueError("like: a database follows one that has a rule, and has none itself")
        return self

    def label(self, clip: Clip) -> int | None:
        """Index of a clip's class; None if the protocol leaves the clip out."""
        rule = self._rule(clip.dataset)
        if rule is None or clip.emotion not in rule.emotions:
            return None
        if rule.require_apex and clip.apex in (None, clip.onset):
            return None
        if f"{clip.subject}/{clip.name}" in rule.exclude.get(clip.sheet, ()):
            return None
        return self.classes.index(rule.emotions[clip.emotion])

    def covers(self, dataset: str) -> bool:
        """Whether the protocol says anything about a database."""
        return self._rule(dataset) is not None

    def expected(self, dataset: str, sheet: str) -> Expected | None:
        """Counts of the complete database with this version of its sheet, where published."""
        if dataset not in self.databases:
            return None
        counts = self.databases[dataset].expected
        return counts.get(sheet, counts.get("any"))

    def _rule(self, dataset: str) -> Rule | None:
        return self.databases.get(self.like.get(dataset, dataset))


@cache
def load_protocol(name: str) -> Protocol:
    """One of `PROTOCOLS`.

    Raises
    ------
    UsageError : an unknown name.
    """
    if name not in PROTOCOLS:
        near = get_close_matches(name, PROTOCOLS, 1)
        raise UsageError(
            f"no protocol {name!r}",
            fix=f"did you mean {near[0]}?" if near else "one of " + ", ".join(PROTOCOLS),
        )
    path = files("raicl.data") / "protocols" / f"{name}.toml"
    return parse_protocol(path.read_text(encoding="utf-8"))


def parse_protocol(text: str) -> Protocol:
    """A protocol from TOML; an unknown key, class or database raises pydantic's ValueError."""
    return Protocol.model_validate(tomllib.loads(text))
