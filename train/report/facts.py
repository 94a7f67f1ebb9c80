"""Facts: what the page says of one run, as plain values."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raicl.common.order import natural_key
from raicl.train.clips.overview import remarks
from raicl.train.run.outcome import Outcome
from raicl.train.scores.integrity import integrity
from raicl.train.scores.results import is_control
from raicl.train.settings import TrainSettings


def facts(outcome: Outcome) -> dict[str, Any]:
    """Everything of a run but its pictures: what was run, scores, subjects and wrong clips."""
    return {
        "name": outcome.name,
        "results": outcome.results,
        "classes": list(outcome.classes),
        "setup": _setup(outcome),
        "settings": _settings(outcome.settings),
        "subjects": _subjects(outcome),
        "wrong": _wrong(outcome),
        "confusion": _confusion(outcome.results["confusion"]),
        "partial": outcome.results["folds"]["done"] < outcome.results["folds"]["all"],
        "control": is_control(outcome.results),
        # flags are absent from earlier runs
        "remarks": remarks(outcome.results["left_out"], outcome.results.get("flagged", {})),
    }


def _setup(outcome: Outcome) -> dict[str, str]:
    """What was run, as pairs of a name and a text."""
    results, environment = outcome.results, outcome.environment
    program, *arguments = environment["command"]
    # `raicl` itself, where it was started as a module
    name = Path(program).name.replace("umbrella.py", "raicl")
    sheets = [f"{name} {version}" for name, version in results["sheets"].items()]
    outside = [f"{n} {emotion}" for emotion, n in sorted(results["outside_protocol"].items())]
    rows = {
        "Command": shlex.join([name, *arguments]),
        "Control": _control(results),
        **integrity(results),
        "Classes": ", ".join(outcome.classes),
        "Databases": ", ".join(results.get("all_databases", results["databases"])),
        "Annotation": ", ".join(sheets),
        "Official list": "; ".join(results["official_list"]),
        "Published counts": "; ".join(" ".join(line.split()) for line in results.get("unmet", [])),
        "Outside the protocol": ", ".join(outside),
        "Split": results.get("split", ""),  # absent from earlier runs
        "Failed folds": "; ".join(f"{name}: {why}" for name, why in results["failed"].items()),
        "Inference": _inference(outcome.settings),
        "Labels digest": environment.get("labels_digest", ""),
        "Device": results["device"],
        "GPUs": ", ".join(environment["gpus"]),
        "Time": f"{sum(done['seconds'] for done in outcome.done.values()):.0f} s in all folds",
        "Versions": ", ".join(f"{k} {v}" for k, v in environment["versions"].items()),
        "Source": environment["git"],
    }
    return {name: text for name, text in rows.items() if text}


def _control(results: Mapping[str, Any]) -> str:
    if not is_control(results):
        return ""
    return f"{results['control']}: chance gives a UAR of {results['chance_uar']:.4f}"


def _inference(settings: Mapping[str, Any]) -> str:
    infer = settings.get("infer", "middle")
    instances = "the middle instance" if infer == "middle" else f"all instances, {infer}"
    mirrored = ", averaged with the mirror image" if settings.get("flip_average") else ""
    return f"{settings.get('infer_network', 'online')} network on {instances}{mirrored}"


def _settings(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every setting with its value and the paper's default, those that differ from it first."""
    rows = []
    for name, field in TrainSettings.model_fields.items():
        value = given.get(name, field.default)
        changed = name in given and value != field.default
        rows.append({"name": name, "value": _word(value), "default": _word(field.default),
                     "changed": changed, "meaning": field.description})  # fmt: skip
    return sorted(rows, key=lambda row: not row["changed"])


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _subjects(outcome: Outcome) -> list[dict[str, Any]]:
    rows = []
    for subject in sorted({row.subject for row in outcome.predictions}, key=natural_key):
        fold = outcome.fold_of(subject)
        own = [row for row in outcome.predictions if row.subject == subject]
        right = sum(row.truth == row.predicted for row in own)
        counts = Counter(outcome.classes[row.truth] for row in own)
        rows.append(
            {
                "subject": subject,
                "clips": len(own),
                "right": right,
                "accuracy": right / len(own),
                "classes": {name: counts[name] for name in outcome.classes},
                # of a fold of several subjects it is no subject's own
                "seconds": outcome.done[fold]["seconds"] if fold == subject else None,
            }
        )
    return rows


def _wrong(outcome: Outcome) -> list[dict[str, Any]]:
    """The clips given another class, the surest first."""
    wrong = [row for row in outcome.predictions if row.truth != row.predicted]
    wrong.sort(key=lambda row: (-row.probabilities[row.predicted], row.clip))
    return [
        {
            "clip": row.clip,
            "truth": outcome.classes[row.truth],
            "predicted": outcome.classes[row.predicted],
            "p_truth": row.probabilities[row.truth],
            "p_predicted": row.probabilities[row.predicted],
        }
        for row in wrong
    ]


def _confusion(table: list[list[int]]) -> list[list[dict[str, Any]]]:
    """Counts with the share of their true class, which shades the cell."""
    return [[{"n": n, "share": n / max(sum(row), 1)} for n in row] for row in table]
