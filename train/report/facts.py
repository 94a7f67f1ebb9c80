"""Facts: what the page shows of one run, except its pictures."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from raicl.common.order import natural_key
from raicl.train.clips.overview import remarks
from raicl.train.fold.inference import describe_inference
from raicl.train.run.outcome import UNCOVERED, Outcome
from raicl.train.scores.absent import describe_absent
from raicl.train.scores.integrity import integrity
from raicl.train.scores.results import Results
from raicl.train.settings import TrainSettings


class SettingRow(NamedTuple):
    """A setting with its value and the paper's default, both in words."""

    name: str
    value: str
    default: str
    changed: bool
    meaning: str


class SubjectRow(NamedTuple):
    """A held-out subject. `seconds` is None in a fold of several subjects."""

    subject: str
    clips: int
    right: int
    accuracy: float
    classes: dict[str, int]
    seconds: float | None


class WrongClip(NamedTuple):
    """A wrongly classified clip, with the probabilities of its true and its predicted class."""

    clip: str
    truth: str
    predicted: str
    p_truth: float
    p_predicted: float


class Cell(NamedTuple):
    """A cell of the confusion matrix: number of clips, and their share of the true class."""

    n: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A run with its scores, subjects and wrong clips.

    Attributes
    ----------
    setup : what was run and how, texts by name.
    settings : all settings. Those that differ from the paper's come first.
    wrong : wrong clips, the most confident first.
    confusion : the confusion matrix, one row per true class.
    remarks : lines about clips that were left out or sampled otherwise.
    absent : what classes without a tested clip do to the scores, in words. Empty without any.
    absent_in : the same of the databases that have such classes.
    """

    name: str
    results: Results
    classes: tuple[str, ...]
    setup: dict[str, str]
    settings: list[SettingRow]
    subjects: list[SubjectRow]
    wrong: list[WrongClip]
    confusion: list[list[Cell]]
    remarks: list[str]
    absent: str
    absent_in: dict[str, str]
    mrd: bool


def facts(outcome: Outcome) -> Facts:
    """The facts of a run."""
    return Facts(
        name=outcome.name,
        results=outcome.results,
        classes=outcome.classes,
        setup=_setup(outcome),
        settings=_settings(outcome.settings),
        subjects=_subjects(outcome),
        wrong=_wrong(outcome),
        confusion=_confusion(outcome.results.confusion),
        remarks=remarks(outcome.results.left_out, outcome.results.flagged),
        absent=describe_absent(outcome.results.over_tested),
        absent_in={
            name: describe_absent(row.over_tested)
            for name, row in outcome.results.databases.items()
            if row.over_tested is not None
        },
        mrd=outcome.settings.mrd,
    )


def _setup(outcome: Outcome) -> dict[str, str]:
    """What was run and how, texts by name."""
    results, environment = outcome.results, outcome.environment
    program, *arguments = environment.command
    # `raicl` itself, if it was started as a module
    name = Path(program).name.replace("umbrella.py", "raicl")
    sheets = [f"{name} {version}" for name, version in results.sheets.items()]
    outside = [f"{n} {emotion}" for emotion, n in sorted(results.outside_protocol.items())]
    rows = {
        "Command": shlex.join([name, *arguments]),
        "Control": _control(results),
        **integrity(results),
        "Classes": ", ".join(outcome.classes),
        "Databases": ", ".join(results.all_databases),
        "Annotation": ", ".join(sheets),
        "Official list": "; ".join(results.official_list),
        "Published counts": "; ".join(" ".join(line.split()) for line in results.unmet),
        "Excluded in vain": "; ".join(results.idle_exclusions),
        "Outside the protocol": ", ".join(outside),
        "Split": results.split,
        "Failed folds": "; ".join(f"{name}: {why}" for name, why in results.failed.items()),
        "Inference": describe_inference(outcome.settings),
        "Labels digest": environment.labels_digest,
        "GPUs": ", ".join(environment.gpus),
        "Time": f"{sum(fold.seconds for fold in outcome.folds.values()):.0f} s in all folds",
        "Versions": ", ".join(f"{k} {v}" for k, v in environment.versions.items()),
        "Source": environment.git,
        "Files": "" if outcome.covered else UNCOVERED,
    }
    return {name: text for name, text in rows.items() if text}


def _control(results: Results) -> str:
    if results.chance_uar is None:
        return ""
    return f"{results.control}: chance gives a UAR of {results.chance_uar:.4f}"


def _settings(settings: TrainSettings) -> list[SettingRow]:
    rows = []
    for name, field in TrainSettings.model_fields.items():
        value, default = getattr(settings, name), field.default
        meaning = field.description or ""
        rows.append(SettingRow(name, _word(value), _word(default), value != default, meaning))
    return sorted(rows, key=lambda row: not row.changed)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _subjects(outcome: Outcome) -> list[SubjectRow]:
    rows = []
    for subject in sorted({row.subject for row in outcome.predictions}, key=natural_key):
        fold = outcome.fold_of(subject)
        own = [row for row in outcome.predictions if row.subject == subject]
        right = sum(row.truth == row.predicted for row in own)
        counts = Counter(outcome.classes[row.truth] for row in own)
        rows.append(
            SubjectRow(
                subject=subject,
                clips=len(own),
                right=right,
                accuracy=right / len(own),
                classes={name: counts[name] for name in outcome.classes},
                seconds=outcome.folds[fold].seconds if fold == subject else None,
            )
        )
    return rows


def _wrong(outcome: Outcome) -> list[WrongClip]:
    wrong = [row for row in outcome.predictions if row.truth != row.predicted]
    wrong.sort(key=lambda row: (-row.probabilities[row.predicted], row.clip))
    return [
        WrongClip(
            clip=row.clip,
            truth=outcome.classes[row.truth],
            predicted=outcome.classes[row.predicted],
            p_truth=row.probabilities[row.truth],
            p_predicted=row.probabilities[row.predicted],
        )
        for row in wrong
    ]


def _confusion(table: Sequence[Sequence[int]]) -> list[list[Cell]]:
    """Counts with the share of their true class, which shades the cell."""
    return [[Cell(n, n / max(sum(row), 1)) for n in row] for row in table]
