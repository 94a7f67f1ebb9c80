"""Text: what ``raicl predict`` prints."""

from __future__ import annotations

from pathlib import Path

from raicl.common.predicted import PredictedClip, Predictions
from raicl.common.terminal.wording import counted, printable


def text(out: Path, content: Predictions) -> str:
    """The model, a line for each clip and for each of its flags, and what it is all for."""
    lines = [f"{content.kind} {content.model}, digest {content.digest[:16]}"]
    lines += [f"note: {note}" for note in content.notes]
    for clip in content.clips:
        lines += _lines(clip)
    lines += [f"{printable(one.input)}: {printable(one.sentence)}" for one in content.without]
    return "\n".join([*lines, f"{out}: {counted(len(content.clips), 'clip')}", content.use])


def _lines(clip: PredictedClip) -> list[str]:
    p = clip.probabilities[clip.class_name]
    when = ""
    if clip.onset_s is not None and clip.offset_s is not None:
        when = f", {clip.how} {clip.onset_s:.2f} to {clip.offset_s:.2f} s"
    said = f"{printable(clip.clip)}{when}: {clip.class_name}, p {p:.2f}, by {clip.said_by}"
    return [said, *(f"  {flag.name}: {flag.sentence}" for flag in clip.flags)]
