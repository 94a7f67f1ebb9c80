"""Predictor: a saved network with all that it needs to classify instances."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raicl.common.cache.measure import Measure
from raicl.common.errors import UsageError
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.train.fitted.intake import Given, as_stored, misshapen, one_instance
from raicl.train.fitted.records import Fitted
from raicl.train.fold.calibration import Calibration, temperature_of
from raicl.train.fold.inference import (
    Attention,
    attend_clip,
    classify,
    describe_inference,
    instance_logits,
)
from raicl.train.fold.pooling import Verdict, average_views
from raicl.train.inputs.instances import Instances, hold_instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings

_AT_A_TIME = 128  # instances, as many as `classify` takes


class Predictor:
    """Classifies clips as the run classified those it tested: the same code does it.

    Made by `raicl.train.load_model`.

    Attributes
    ----------
    source : the folder that it was loaded from.
    digest : digest of the model, or of the weights of a fold.
    settings : the settings that it was trained with.
    classes : class names, in the order of the probabilities.
    scale : the numbers that inputs are divided by.
    crop : side S of the instances that it takes, px.
    calibration : the temperature that logits are divided by. None if they are not.
    measure : what the numbers of the flow mean that it takes.
    held_out : what the network has not seen. Empty for a model that was fitted on every clip.
    fitted : what else the folder of a model holds. None for the fold of a run.
    """

    def __init__(
        self,
        model: Siamese,
        *,
        source: Path,
        digest: str,
        settings: TrainSettings,
        classes: Sequence[str],
        scale: Scale,
        crop: int,
        calibration: Calibration | None = None,
        measure: Measure,
        held_out: str = "",
        fitted: Fitted | None = None,
    ) -> None:
        self._model = model.eval()
        self._device = next(model.parameters()).device
        self.source, self.digest, self.settings = source, digest, settings
        self.classes, self.scale, self.crop = tuple(classes), scale, crop
        self.calibration, self.measure = calibration, measure
        self.held_out, self.fitted = held_out, fitted

    @property
    def network(self) -> Siamese:
        """The network in eval mode, for what needs more of it than classes."""
        return self._model

    def predict(
        self, instances: Given, *, middle: int | Sequence[int] | None = None
    ) -> NDArray[np.float64]:
        """Probabilities of the classes of one clip or of several.

        Parameters
        ----------
        instances : raw instances as a cache holds them (u px, v px, strain), of one clip
            (N, 3, S, S) or of B clips (B, N, 3, S, S), of any floating-point type. They are rounded
            to float16, as in a cache.
        middle : row of the instance that is tested if the model tests the middle one, for all clips
            or for each: `ClipRecord.middle`. A single instance needs none.

        Returns
        -------
        The probabilities, (L,) or (B, L). With ``--infer vote`` they are shares of the votes.

        Raises
        ------
        InputError : the instances are of another shape or size, or one holds a NaN or an infinity.
        UsageError : `middle` is missing or names no instance.
        """
        values = torch.as_tensor(instances)
        if values.ndim not in (4, 5):
            raise misshapen(values, self.crop)
        clips = values[None] if values.ndim == 4 else values
        rows = [middle] * len(clips) if middle is None or isinstance(middle, int) else list(middle)
        found = self.verdicts(list(clips), middle=rows)
        probabilities = np.array([verdict.probabilities for verdict in found])
        return probabilities[0] if values.ndim == 4 else probabilities

    def verdicts(
        self, clips: Sequence[Given], *, middle: Sequence[int | None] | None = None
    ) -> list[Verdict]:
        """The class and the probabilities of clips that may differ in their number of instances.

        With ``--infer vote`` a tie is decided by the mean, so the class does not follow from the
        probabilities alone. Nor does it always if several calibrated probabilities are averaged:
        a calibration changes no class (`raicl.train.fold.pooling.pool`).

        Parameters
        ----------
        clips : raw instances of each clip, see `predict`.
        middle : row of the tested instance of each clip, see `predict`.

        Raises
        ------
        InputError, UsageError : see `predict`.
        """
        if not clips:
            return []
        held = self._hold(clips, middle)
        found = classify(
            self._model,
            held,
            self.scale,
            clips=list(held.rows),
            temperature=temperature_of(self.calibration),
        )
        return list(found.values())

    @torch.no_grad()
    def predict_each(self, instances: Given) -> NDArray[np.float64]:
        """Probabilities of each instance by itself, (N, L): those of one clip are not pooled.

        Parameters
        ----------
        instances : raw instances (N, 3, S, S), see `predict`.

        Raises
        ------
        InputError : see `predict`.
        """
        stored = as_stored(instances, self.crop)
        found = []
        for part in torch.split(stored, _AT_A_TIME):
            held = self._hold(list(part[:, None]), None)
            inputs = apply_scale(held.gather(torch.arange(len(part))), self.scale)
            logits = instance_logits(self._model, inputs, list(held.rows))
            found.append(average_views(logits, temperature_of(self.calibration)))
        probabilities: NDArray[np.float64] = torch.cat(found).double().cpu().numpy()
        return probabilities

    def attend(self, instance: Given, label: int | None = None) -> Attention:
        """Where the network looks in one instance: a class map, and the regions.

        Parameters
        ----------
        instance : one raw instance (3, S, S).
        label : index of the class whose map it is. None takes the predicted one.

        Raises
        ------
        InputError : see `predict`.
        UsageError : there is no such class.
        """
        if label is not None and not 0 <= label < len(self.classes):
            raise UsageError(
                f"no class {label} of {len(self.classes)}", fix=f"0 to {len(self.classes) - 1}"
            )
        held = self._hold([one_instance(instance, self.crop)], None)
        [clip] = held.rows
        if label is None:
            label = classify(self._model, held, self.scale, clips=[clip])[clip].predicted
        return attend_clip(self._model, held, self.scale, clip, label)

    @torch.no_grad()
    def class_maps(self, instance: Given) -> NDArray[np.float32]:
        """The maps of all classes of one raw instance (3, S, S), (L, h, w), signed.

        Raises
        ------
        InputError : see `predict`.
        """
        held = self._hold([one_instance(instance, self.crop)], None)
        inputs = apply_scale(held.gather(torch.tensor([0])), self.scale)
        maps: NDArray[np.float32] = self._model.attention(inputs)[0].cpu().numpy()
        return maps

    def _hold(self, clips: Sequence[Given], middle: Sequence[int | None] | None) -> Instances:
        """The clips that are tested, by their numbers."""
        rows = [None] * len(clips) if middle is None else list(middle)
        if len(rows) != len(clips):
            raise UsageError(
                f"{len(rows)} middles for {len(clips)} clips", fix="give one for each clip"
            )
        tested = {
            f"clip {number}": self._tested(as_stored(clip, self.crop), row)
            for number, (clip, row) in enumerate(zip(clips, rows, strict=True))
        }
        return hold_instances(
            tested, dict.fromkeys(tested, 0), size=self.settings.size, device=self._device
        )

    def _tested(self, clip: Tensor, middle: int | None) -> Tensor:
        """The instances that are tested: the middle one alone, or all."""
        if middle is not None and not 0 <= middle < len(clip):
            raise UsageError(
                f"middle {middle} is no row of {len(clip)} instances",
                fix=f"give 0 to {len(clip) - 1}",
            )
        if self.settings.infer != "middle":
            return clip
        if middle is None and len(clip) > 1:
            raise UsageError(
                f"which of {len(clip)} instances is the middle one? The model tests it alone",
                fix="give middle=, such as ClipRecord.middle of a cache, or that one instance",
            )
        return clip[middle or 0][None]

    def __repr__(self) -> str:
        size = f"(N, 3, {self.crop}, {self.crop})"
        lines = [
            f"Predictor of {len(self.classes)} classes: {', '.join(self.classes)}",
            f"  from     {self.source}, digest {self.digest[:16]}",
            *_fitted_lines(self),
            f"  takes    {size}: {self.measure.channels}; input {self.settings.size} px",
            f"  tests    {describe_inference(self.settings)}, on {self._device}",
            f"  says     {_probabilities_line(self.calibration)}",
            f"  {RESEARCH_ONLY}",
        ]
        return "\n".join(lines)


def _probabilities_line(calibration: Calibration | None) -> str:
    if calibration is None:
        return "probabilities that are not calibrated"
    return f"probabilities at temperature {calibration.temperature:.3f}"


def _fitted_lines(predictor: Predictor) -> list[str]:
    fitted = predictor.fitted
    if fitted is None:
        return [f"  fitted   by the fold that holds out {predictor.held_out}"]
    record, scores = fitted.record, fitted.scores
    data = ", ".join(record.databases)
    lines = [f"  fitted   on {record.clips} clips of {record.subjects} subjects: {data}"]
    if scores is None:
        return [*lines, "  scores   none are claimed"]
    found = f"UF1 {scores.results.uf1:.4f}, UAR {scores.results.uar:.4f}"
    return [*lines, f"  scores   {found} of run {scores.run}, not of these weights"]
