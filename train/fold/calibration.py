"""Calibration of a fold: a second network says how sure the first may be.

A network is overfitted to its own training clips: it is right about nearly all of them, and sure of
it. A temperature fitted to those logits would say that it is not sure enough. The tested subject
must not be used either. So the training subjects are split once more. A second network with the
same settings and seed learns from most of them, and its logits on the others give the temperature
[ours]. It has seen fewer subjects than the fold's own network, which the temperature is then for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from raicl.common.files import sweep
from raicl.train.clips.folds import Fold
from raicl.train.clips.inner import inner_fold
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.fold.inference import clip_logits, strength_of
from raicl.train.fold.pooling import instance_weights
from raicl.train.fold.temperature import Outputs, fit_temperature, log_loss
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import Scale
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings

INNER = "inner"  # in the folder of a fold: checkpoints and log of the second network


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The temperature of a network, and how it was found.

    Attributes
    ----------
    temperature : the network's logits are divided by it before the softmax. Above 1 it makes the
        network less sure.
    subjects : training subjects that the second network did not learn from.
    clips : number of their clips, on whose logits the temperature was fitted.
    nll_before, nll_after : mean negative log-likelihood of these clips by the second network, at
        temperature 1 and at `temperature`, nats.
    """

    temperature: float
    subjects: tuple[str, ...]
    clips: int
    nll_before: float
    nll_after: float


def calibrate(
    fold: Fold,
    instances: Instances,
    labels: Mapping[str, int],
    subjects: Mapping[str, str],
    settings: TrainSettings,
    *,
    n_classes: int,
    device: torch.device,
    output: Output,
) -> Calibration | None:
    """Fit the temperature of a fold's network. None if the settings ask for none.

    Only training clips of the fold are used, and the fold's own network is not. An interrupted call
    is continued like `fit_fold`.

    Parameters
    ----------
    labels, subjects : class index and ``dataset/subject`` by clip id, of the training clips.
    output : of the fold. The second network has a folder of its own in that of the fold.

    Raises
    ------
    InputError : the fold trains on one subject alone.
    FoldError : see `fit_fold`, or a logit is not finite.
    """
    if settings.calibration == "none":
        return None
    inner = inner_fold(fold, subjects, labels, seed=settings.seed + fold.index)
    folder = output.folder / INNER
    folder.mkdir(exist_ok=True)
    sweep(folder)  # what a killed process left there
    label = f"{output.label or fold.name}, calibration"
    model, scale = fit_fold(
        inner,
        instances,
        labels,
        settings,
        n_classes=n_classes,
        device=device,
        output=replace(output, folder=folder, label=label, events=None),
    )
    outputs = _outputs(model, instances, scale, inner.test, labels)
    temperature = fit_temperature(outputs)
    return Calibration(
        temperature=temperature,
        subjects=tuple(dict.fromkeys(subjects[clip] for clip in inner.test)),
        clips=len(inner.test),
        nll_before=log_loss(outputs, 1.0),
        nll_after=log_loss(outputs, temperature),
    )


def temperature_of(calibration: Calibration | None) -> float:
    """What logits are divided by: 1 for a network that is not calibrated."""
    return 1.0 if calibration is None else calibration.temperature


def describe_calibration(calibration: Calibration) -> str:
    """The temperature and where it comes from, in words."""
    return (
        f"temperature {calibration.temperature:.3f}, fitted on {calibration.clips} clips of "
        f"{', '.join(calibration.subjects)}"
    )


def _outputs(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    clips: Sequence[str],
    labels: Mapping[str, int],
) -> Outputs:
    """The logits of every tested instance and view, weighted as they are when a clip is tested."""
    infer = model.settings.infer
    logits, numbers, weights = [], [], []
    for number, (clip, found) in enumerate(
        clip_logits(model, instances, scale, clips=clips).items()
    ):
        views = found.shape[1]
        shares = instance_weights(infer, strength_of(instances, clip, infer)).numpy()
        logits.append(found.flatten(0, 1).double().cpu().numpy())  # (K, V, L) → (K V, L)
        weights.append(np.repeat(shares / views, views))
        numbers.append(np.full(len(weights[-1]), number))
    counted = np.concatenate(weights) > 0  # an instance without motion may have no share
    return Outputs(
        logits=np.concatenate(logits)[counted],
        clips=np.concatenate(numbers)[counted],
        weights=np.concatenate(weights)[counted],
        labels=np.array([labels[clip] for clip in clips]),
    )
