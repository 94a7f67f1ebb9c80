"""Picture: one clip as the model saw it, with its motion over time. Needs the extra `demo`."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import shorten

from raicl.common.cache.pictures import draw_course
from raicl.common.drawing import save_png
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.train.fold.inference import Attention
from raicl.train.fold.pictures import attention_figure
from raicl.train.use.model import Model
from raicl.train.use.predict import Said

_WIDTH = 95  # characters of a line above the picture


def picture_name(number: int, clip: str) -> str:
    """A file name for the picture of the clip with this number: letters, digits and dashes."""
    return f"{number:04d}-{re.sub('[^A-Za-z0-9]+', '-', clip).strip('-')[-80:]}.png"


def draw_said(path: Path, said: Said, seen: Attention, model: Model) -> None:
    """Draw onset face, u, v, strain, class map, regions, and the flow over time."""
    record, verdict = said.stored.record, said.verdict
    name = model.classes[verdict.predicted]
    title = f"{record.id}: {name}, p {verdict.probabilities[verdict.predicted]:.2f}"
    names = ", ".join(flag.name for flag in said.flags)
    lines = [title, f"flags: {names}" if names else "no flags", RESEARCH_ONLY]
    figure = attention_figure(
        face=said.shard.onset_face,
        seen=seen,
        unit=said.stored.cache.measure.px,
        title="\n".join(shorten(line, _WIDTH, placeholder=" …") for line in lines),
        below=lambda axis: draw_course(axis, said.stored, said.shard),
    )
    save_png(figure, path)
