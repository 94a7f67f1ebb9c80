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
from safetensors import SafetensorError
from torch import nn

from raicl.common.drawing import matplotlib
from raicl.common.errors import InputError
from raicl.common.files import sha256_file
from raicl.train.clips.composite import Composite
from raicl.train.clips.plan import assemble
from raicl.train.fold.checkpoint import load_tensors
from raicl.train.fold.inference import attend
from raicl.train.fold.pictures import attention_figure
from raicl.train.inputs.instances import load_instances
from raicl.train.model.siamese import Siamese
from raicl.train.report.curves import data_uri
from raicl.train.run.outcome import Outcome
from raicl.train.scores.predictions import Prediction, read_predictions
from raicl.train.settings import TrainSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WRONG, RIGHT, DRAWN = 4, 4, 4  # largest number of pictures of each kind
_WEIGHTS, _REGIONS = "weights.safetensors", "regions.safetensors"
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
    composite = _composite(outcome, flows, settings)
    chosen = choose(outcome.predictions)
    sources = [composite.records[row.clip] for row in chosen]
    device = torch.device("cpu")
    instances = load_instances(sources, size=settings.size, device=device, where="device")
    pictures = []
    for row, (cache, record) in zip(chosen, sources, strict=True):
        fold = outcome.fold_of(row.subject)
        model = _network(outcome, fold, settings)
        seen = attend(model, instances, outcome.folds[fold].scale, row)
        content = io.BytesIO()
        figure = draw(face=cache.read(record).onset_face, seen=seen, title="")
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


def _composite(outcome: Outcome, flows: Sequence[Path], settings: TrainSettings) -> Composite:
    composite = assemble(flows, outcome.environment.protocol, settings)
    digest = outcome.results.cache_digest
    if composite.digest != digest:
        raise InputError(
            f"these are not the caches of run {outcome.name}: {composite.digest[:16]}, "
            f"the run's are {digest[:16]}",
            where=", ".join(map(str, flows)),
            fix="give --flows the caches that the run was trained on",
        )
    return composite


def _network(outcome: Outcome, fold: str, settings: TrainSettings) -> Siamese:
    """The network of a fold. Only the tested one was saved."""
    changes: dict[str, object] = {"irc": False}
    if not settings.mrd:  # no target is made then, so load even a target's classifier as online
        changes["infer_network"] = "online"
    model = Siamese(settings.model_copy(update=changes), len(outcome.classes))
    network = model.tested
    _load(network.classifier, outcome, fold, _WEIGHTS)
    if network.regions is not None:
        _load(network.regions, outcome, fold, _REGIONS)
    return model


def _load(module: nn.Module, outcome: Outcome, fold: str, name: str) -> None:
    path = outcome.fold_folder(fold) / name
    try:
        if sha256_file(path) != outcome.folds[fold].digests[name]:
            raise ValueError("they are not those that the fold finished with")
        module.load_state_dict(load_tensors(path))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise InputError(
            f"the weights of fold {fold} cannot be used: {str(error).splitlines()[0]}",
            where=str(path),
            fix="remove the fold's folder and run the same raicl-train command again",
        ) from error


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
