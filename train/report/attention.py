"""Attention: where the network looked in some clips of a run.

Any clip can be drawn again from the cache and the weights of its fold. Without them there are only
the pictures that a run drew while it trained, of the first clip of each fold.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from raicl.common.drawing import matplotlib
from raicl.common.errors import InputError
from raicl.common.pages import data_uri
from raicl.train.fold.inference import attend
from raicl.train.fold.pictures import attention_figure
from raicl.train.inputs.instances import load_instances
from raicl.train.report.networks import composite_of, network_of
from raicl.train.run.outcome import Outcome
from raicl.train.scores.predictions import Prediction, read_predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WRONG, RIGHT, DRAWN = 4, 4, 4  # largest number of pictures of each kind
_WEBP: dict[str, Any] = {"format": "webp", "pil_kwargs": {"quality": 82}}


def choose(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The most confident wrong clips, then the most confident right clip of each class."""
    sure = sorted(predictions, key=lambda row: (-row.probabilities[row.predicted], row.clip))
    wrong = [row for row in sure if row.truth != row.predicted]
    right: dict[int, Prediction] = {}
    for row in sure:
        if row.truth == row.predicted:
            right.setdefault(row.truth, row)
    return wrong[:WRONG] + [right[truth] for truth in sorted(right)][:RIGHT]


class Picture(NamedTuple):
    """A clip as a network saw it.

    Attributes
    ----------
    verdict : ``right`` or ``wrong``.
    p : probability of the predicted class.
    alt : what the picture shows, in words.
    picture : data URI.
    """

    clip: str
    verdict: str
    truth: str
    predicted: str
    p: float
    alt: str
    picture: str


def redraw(
    outcome: Outcome, flows: Sequence[Path], draw: Callable[..., Figure] = attention_figure
) -> list[Picture]:
    """Draw the chosen clips again as the network of their fold saw them.

    Parameters
    ----------
    draw : makes the figure of a clip.

    Raises
    ------
    InputError : the caches are not those of the run, or the weights of a fold are missing or
        changed.
    """
    settings = outcome.settings
    composite = composite_of(outcome, flows)
    chosen = choose(outcome.predictions)
    sources = [composite.records[row.clip] for row in chosen]
    device = torch.device("cpu")
    instances = load_instances(sources, size=settings.size, device=device, where="device")
    pictures = []
    for row, (cache, record) in zip(chosen, sources, strict=True):
        fold = outcome.fold_of(row.subject)
        model = network_of(outcome, fold)
        seen = attend(model, instances, outcome.folds[fold].scale, row)
        content = io.BytesIO()
        figure = draw(
            face=cache.read(record).onset_face, seen=seen, title="", unit=cache.measure.px
        )
        figure.savefig(content, **_WEBP)
        shown = "onset face, u, v, strain and the map of the class it was given"
        shown += "" if seen.assignment is None else ", and the regions"
        pictures.append(_picture(outcome, row, content.getvalue(), shown))
    instances.close()
    return pictures


def drawn_in_training(outcome: Outcome) -> list[Picture]:
    """The pictures that the run drew itself, of the first clip of each fold, wrong ones first.

    Raises
    ------
    InputError : a picture cannot be read.
    """
    found = []
    for fold in outcome.folds:
        folder = outcome.fold_folder(fold)
        if (folder / "attention.png").is_file():
            rows, _ = read_predictions(folder / "predictions.csv")
            found.append((rows[0], folder / "attention.png"))
    found.sort(key=lambda pair: (pair[0].truth == pair[0].predicted, pair[0].clip))
    shown = "onset face, u, v, strain and the map of the class it was given"
    shown += ", and the regions" if outcome.settings.mrd else ""
    return [_picture(outcome, row, _as_webp(path), shown) for row, path in found[:DRAWN]]


def _picture(outcome: Outcome, row: Prediction, content: bytes, shown: str) -> Picture:
    truth, given = outcome.classes[row.truth], outcome.classes[row.predicted]
    verdict = "right" if row.truth == row.predicted else "wrong"
    return Picture(
        clip=row.clip,
        verdict=verdict,
        truth=truth,
        predicted=given,
        p=row.probabilities[row.predicted],
        alt=f"Clip {row.clip}, true class {truth}, given {given}: {shown}.",
        picture=data_uri(content, "image/webp"),
    )


def _as_webp(path: Path) -> bytes:
    image = matplotlib().image
    content = io.BytesIO()
    try:
        image.imsave(content, image.imread(path)[..., :3].copy(), **_WEBP)
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for damaged files
        raise InputError(
            f"a picture of the run cannot be read: {error}",
            where=str(path),
            fix="remove it; the report is then written without it",
        ) from error
    return content.getvalue()
