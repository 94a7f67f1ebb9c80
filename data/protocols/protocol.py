"""Protocol: which clips count, and which emotion belongs to which class, as rules in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError
from raicl.common.settings import read_toml

PROTOCOLS = ("cde", "five", "three", "four", "seven")  # the first is raicl-train's default
OWN = "mine.toml, a file of your own (see data/README.md)"

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]  # also a folder's name
_Class = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _+-]{0,39}$")]  # also a column's
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(_Strict):
    """The published counts of a complete database.

    Attributes
    ----------
    subjects : number of subjects with a clip, if known.
    classes : number of clips per class.
    per_subject : numbers of clips per class, in the order of the classes, by subject, if known.
    """

    subjects: int | None = None
    classes: dict[str, int]
    per_subject: dict[str, tuple[int, ...]] = Field(default_factory=dict)


class Rule(_Strict):
    """How one database enters a protocol.

    Attributes
    ----------
    emotions : class by annotated emotion; clips of other emotions are left out.
    classes : names of the classes in the order of their indices, if the database has its own.
    require_apex : leave out clips without an apex, or whose apex is the onset.
    exclude : clips to leave out, as ``subject/name``, by version of the sheet.
    expected : published counts by version of the sheet; ``any`` stands for every other version.
    clip_list : SHA-256 of the official list (see `raicl.data.protocols.agreement`).
    clip_list_of : version of the sheet, or variant, that the list was made from; None for any.
    """

    emotions: dict[str, str]
    classes: tuple[_Class, ...] = ()
    require_apex: bool = False
    exclude: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    expected: dict[str, Expected] = Field(default_factory=dict)
    clip_list: _Sha256 | None = None
    clip_list_of: str | None = None

    def lists(self, sheet: str) -> bool:
        """Whether there is an official list for this version or variant.

        A clip that does not say its variant (``""``) may be of the list: its digest tells.
        """
        return self.clip_list is not None and (not sheet or self.clip_list_of in (None, sheet))


class Protocol(_Strict):
    """The classes of an experiment, in the order of their indices, and a rule per database.

    Attributes
    ----------
    classes : names of the classes, for every database whose rule names none of its own.
    like : databases that follow the rule of another one, without its expected counts.
    clip_list : SHA-256 of the official list of all databases that have one, together.
    """

    name: _Name
    title: str
    classes: tuple[_Class, ...] = ()
    databases: dict[str, Rule] = Field(min_length=1)
    like: dict[str, str] = Field(default_factory=dict)
    clip_list: _Sha256 | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for dataset, rule in self.databases.items():
            _check_rule(dataset, rule, rule.classes or self.classes)
        if not set(self.like.values()) <= set(self.databases) or set(self.like) & set(
            self.databases
        ):
            raise ValueError("like: a database follows one with a rule, and has none itself")
        return self

    def label(self, clip: Clip) -> int | None:
        """Index of a clip's class; None if the protocol leaves the clip out."""
        name = self.class_name(clip)
        return None if name is None else self.classes_of(clip.dataset).index(name)

    def class_name(self, clip: Clip) -> str | None:
        """Name of a clip's class; None if the protocol leaves the clip out.

        Emotions and classes match in any case. A clip that states its class has it, if the protocol
        has this class; what it states is else taken for an emotion.
        """
        rule = self.rule_of(clip.dataset)
        if rule is None:
            return None
        emotion = clip.emotion.casefold()
        if clip.labelled == "class":
            named = {name.casefold(): name for name in self.classes_of(clip.dataset)}
            if emotion in named:  # whoever gave the class has left out what has none
                return named[emotion]
        if emotion not in rule.emotions:
            return None
        # without frame numbers nobody knows whether an apex was annotated
        if rule.require_apex and clip.numbered and clip.apex in (None, clip.annotated_onset):
            return None
        if f"{clip.subject}/{clip.name}" in rule.exclude.get(clip.sheet, ()):
            return None
        return rule.emotions[emotion]

    def outsider(self, clip: Clip) -> str:
        """What a clip that the protocol leaves out is called: its emotion, and what it lacks."""
        rule = self.rule_of(clip.dataset)
        if rule is None or clip.emotion.casefold() not in rule.emotions:
            return clip.emotion
        if f"{clip.subject}/{clip.name}" in rule.exclude.get(clip.sheet, ()):
            return f"{clip.emotion} that the list leaves out"
        return f"{clip.emotion} without an apex"

    def classes_of(self, dataset: str) -> tuple[str, ...]:
        """The classes of one database, in the order of their indices."""
        rule = self.rule_of(dataset)
        return (rule.classes if rule is not None else ()) or self.classes

    def shared_classes(self, datasets: Iterable[str]) -> tuple[str, ...]:
        """The classes of several databases in one experiment.

        Raises
        ------
        InputError : none of them is in the protocol, or they have different classes.
        """
        datasets = sorted(set(datasets))
        by_dataset = {name: self.classes_of(name) for name in datasets if self.covers(name)}
        if not by_dataset:
            raise InputError(
                f"protocol {self.name} has no rule for {', '.join(datasets)}",
                fix=f"choose --protocol {' or '.join(fitting_protocols(datasets) or [OWN])}",
            )
        if len(set(by_dataset.values())) > 1:
            shown = "; ".join(f"{name}: {', '.join(c)}" for name, c in by_dataset.items())
            raise InputError(
                f"protocol {self.name} has other classes for each database ({shown})",
                fix="train on one of them, or choose a --protocol whose classes they share",
            )
        return next(iter(by_dataset.values()))

    def covers(self, dataset: str) -> bool:
        """Whether the protocol has a rule for a database."""
        return self.rule_of(dataset) is not None

    def expected(self, dataset: str, sheet: str) -> Expected | None:
        """Published counts of the complete database with this version of its sheet, or None."""
        if dataset not in self.databases:
            return None
        rule = self.databases[dataset]
        return rule.expected.get(sheet or rule.clip_list_of or "", rule.expected.get("any"))

    def rule_of(self, dataset: str) -> Rule | None:
        """The rule that a database follows, its own or that of another; None if there is none."""
        return self.databases.get(self.like.get(dataset, dataset))


def _check_rule(dataset: str, rule: Rule, classes: tuple[str, ...]) -> None:
    if len(classes) < 2:
        raise ValueError(f"{dataset}: two classes are needed, found {list(classes)}")
    if len(set(classes)) < len(classes):
        raise ValueError(f"{dataset}: a class is named twice: {list(classes)}")
    named = set(rule.emotions.values())
    named |= {name for counts in rule.expected.values() for name in counts.classes}
    if not named <= set(classes):
        raise ValueError(f"{dataset}: {sorted(named - set(classes))} are not classes")
    capital = [emotion for emotion in rule.emotions if emotion != emotion.casefold()]
    if capital:  # it would match no clip, because a clip's emotion is lower-case
        raise ValueError(f"{dataset}: emotions are written in lower case, not {capital[0]!r}")
    for counts in rule.expected.values():
        if any(len(row) != len(classes) for row in counts.per_subject.values()):
            raise ValueError(f"{dataset}: a subject needs one number for each class")


def load_protocol(name: str) -> Protocol:
    """One of `PROTOCOLS`, or the protocol in a file whose name ends in ``.toml``.

    Raises
    ------
    UsageError : the name is unknown, or the file has an unknown key, class or database.
    InputError : the file is missing or not TOML.
    """
    if name in PROTOCOLS:
        return _built_in(name)
    if name.endswith(".toml"):
        values = read_toml(Path(name), kind="protocol", option="--protocol")
        return _validate(values, name)
    near = get_close_matches(name, PROTOCOLS, 1)
    raise UsageError(
        f"no protocol {name!r}",
        fix=f"did you mean {near[0]}?"
        if near
        else f"one of {', '.join(PROTOCOLS)}, or a file that ends in .toml",
    )


@cache
def _built_in(name: str) -> Protocol:
    path = files("raicl.data") / "protocols" / f"{name}.toml"
    return parse_protocol(path.read_text(encoding="utf-8"))


def fitting_protocols(datasets: Iterable[str]) -> list[str]:
    """The built-in protocols with a rule for each of `datasets`."""
    datasets = set(datasets)
    return [name for name in PROTOCOLS if all(map(load_protocol(name).covers, datasets))]


def parse_protocol(text: str) -> Protocol:
    """A protocol from TOML; an unknown key, class or database raises pydantic's ValueError."""
    return Protocol.model_validate(tomllib.loads(text))


def _validate(values: dict[str, Any], source: str) -> Protocol:
    try:
        return Protocol.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        what = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            what = f"unknown key `{key}`"
        elif key:
            what = f"`{key}`: {what}"
        raise UsageError(
            f"not a protocol: {what}",
            where=source,
            fix="the files in data/protocols show the keys; data/README.md explains them",
        ) from error
