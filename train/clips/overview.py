"""Overview of a run's clips and folds, shown before anything is trained."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from raicl.common.implausible import MEANINGS
from raicl.common.sampling.sample import FALLBACK, SHORT, STAND_IN
from raicl.common.terminal import console
from raicl.common.terminal.wording import counted
from raicl.data.protocols.identity import unlike_its_name
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold
from raicl.train.clips.leaks import identical_in


def describe_input(composite: Composite, folds: Sequence[Fold] | None = None) -> list[str]:
    """Lines about a run's clips, those that the protocol leaves out, and the published counts.

    Parameters
    ----------
    folds : those that are chosen, see `identical_in`. None for all.
    """
    every = list(composite.records)
    clips = composite.split or f"{counted(len(every), 'clip')} ({composite.shown_counts(every)})"
    lines = [f"{' + '.join(composite.datasets)}: {clips}"]
    if composite.outside:
        left = ", ".join(f"{n} {emotion}" for emotion, n in sorted(composite.outside.items()))
        total = composite.outside.total()
        lines.append(f"{counted(total, 'clip')} outside protocol {composite.protocol.name}: {left}")
    lines += [*protocol_warnings(composite), *remarks(composite.left_out, composite.flagged)]
    if identical := identical_in(composite, folds):
        lines.append(f"warning: duplicates: {describe_identical(identical)}; see raicl leaks")
    return lines + composite.unmet + composite.official


def protocol_warnings(composite: Composite) -> list[str]:
    """Lines about a protocol that is not what its file or its name may seem to say."""
    protocol = composite.protocol
    lines = [f"warning: protocol {protocol.name}: {line}" for line in composite.idle_exclusions]
    if differs := unlike_its_name(protocol, composite.datasets):
        lines.append(f"warning: protocol {protocol.name} is not raicl's of that name: {differs}")
    return lines


def print_folds(composite: Composite, folds: Sequence[Fold], *, as_json: bool) -> None:
    """Print row, subject, test clips and test clips per class of every fold on stdout.

    The number of training clips is added if some clips are only trained on or only tested, or if
    databases are held out.
    """
    classes, split = composite.classes, bool(composite.split) or folds[0].by == "database"
    if as_json:
        rows = [
            {
                "row": fold.index,
                fold.by: fold.name,
                "clips": len(fold.test),
                "classes": dict(zip(classes, composite.class_counts(fold.test), strict=True)),
                **({"train": len(fold.train)} if split else {}),
            }
            for fold in folds
        ]
        console.result(json.dumps(rows, indent=2))
        return
    width = max(len("database"), *(len(fold.name) for fold in folds)) + 2
    header = "".join(f"{name:>{len(name) + 2}}" for name in classes)
    header += f"{'train':>7}" if split else ""
    console.result(f"{'row':>4}  {folds[0].by:<{width}}{'clips':>5}{header}")
    for fold in folds:
        counts = zip(classes, composite.class_counts(fold.test), strict=True)
        cells = "".join(f"{n:>{len(name) + 2}}" for name, n in counts)
        train = f"{len(fold.train):>7}" if split else ""
        console.result(f"{fold.index:>4}  {fold.name:<{width}}{len(fold.test):>5}{cells}{train}")


_SHOWN = 3  # groups that are named


def describe_identical(groups: Sequence[Sequence[str]]) -> str:
    """`identical_clips` in words."""
    if not groups:
        return "no clip under two subjects"
    named = "; ".join(" = ".join(group) for group in groups[:_SHOWN])
    more = f"; and {len(groups) - _SHOWN} more" if groups[_SHOWN:] else ""
    return f"{counted(len(groups), 'clip')} under several subjects: {named}{more}"


_MEANINGS = {
    SHORT: "it has fewer frames than the sampling wants, and all are taken",
    STAND_IN: "no apex to use is annotated, and the middle frame stands in",
    FALLBACK: "its phase has fewer than two frames, and others are taken",
    **MEANINGS,
}


def remarks(left_out: Mapping[str, str], flags: Mapping[str, int]) -> list[str]:
    """Lines about clips that were left out, sampled otherwise than asked, or are implausible.

    Parameters
    ----------
    left_out : reasons by clip.
    flags : number of clips by flag of `raicl.common.sampling.sample.FLAGS` or of
        `raicl.common.implausible.DOUBTS`.
    """
    reasons = Counter(left_out.values()).most_common()
    return [f"{counted(n, 'clip')} left out: {reason}" for reason, n in reasons] + [
        f"{counted(n, 'clip')} {flag}: {_MEANINGS[flag]}" for flag, n in sorted(flags.items())
    ]
