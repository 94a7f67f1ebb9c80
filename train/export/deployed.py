"""Deployed: what a predictor does with one instance, as a module that can be exported."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from raicl.train.fitted.predictor import Predictor
from raicl.train.fold.calibration import temperature_of
from raicl.train.fold.inference import views_of
from raicl.train.fold.pooling import average_views
from raicl.train.inputs.geometry import resizing_weights
from raicl.train.inputs.scaling import apply_scale
from raicl.train.settings.networks import is_own

OUTPUTS = ("probabilities", "logits", "class_maps")


class Deployed(nn.Module):
    """Raw instances (u px, v px, ε), float32 (B, 3, S, S) → the `OUTPUTS`, each instance by itself.

    Rounding to float16, resizing, scaling and mirroring are inside, as the predictor does them. The
    instances of a clip are not pooled, and a NaN is not refused.

    Attributes
    ----------
    crop : S, px.
    """

    correction: Tensor
    weights: Tensor

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.crop = predictor.crop
        self._scale, self._settings = predictor.scale, predictor.settings
        self._temperature = temperature_of(predictor.calibration)
        network = copy.deepcopy(predictor.network.tested.classifier)
        network.eval()
        if not is_own(self._settings.network):  # whose parts may stand in any order
            _fold_norms(network)
        # torch.export.save takes weights of the plain memory format alone for whole
        self.classifier = network.cpu().to(memory_format=torch.contiguous_format)
        self.register_buffer("correction", predictor.network.correction.cpu().clone())
        self.register_buffer("weights", resizing_weights(self.crop, self._settings.size))
        self.eval().requires_grad_(False)

    def forward(self, instances: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is said of float32 instances (B, 3, S, S).

        Returns
        -------
        Probabilities (B, L), calibrated if the model is, of instance and mirror image together if
        it averages them. Of the instance alone: logits (B, L), corrected for the prior if the model
        does so, and class maps (B, L, h, w).
        """
        inputs = apply_scale(self._resize(instances), self._scale)
        views = [self.classifier.features(view) for view in views_of(inputs, self._settings)]
        logits = torch.stack([self.classifier.logits(view) for view in views], 1) - self.correction
        probabilities = average_views(logits, self._temperature)
        return probabilities, logits[:, 0], self.classifier.maps(views[0])

    def _resize(self, instances: Tensor) -> Tensor:
        """Like `resize_instances` of instances as a cache holds them, but by two products.

        onnxruntime has antialiased resizing too. It differs from torch's by up to 0.1 px.
        """
        stored = instances.to(torch.float16).float()
        if self.crop == self._settings.size:
            return stored
        resized = self.weights @ stored @ self.weights.mT
        ratio = self._settings.size / self.crop
        motion = resized * resized.new_tensor([ratio, ratio, 1.0])[:, None, None]
        return motion.to(torch.float16).float()


def _fold_norms(module: nn.Module) -> None:
    """Put each batch normalisation, which is a fixed scale and shift by now, into its convolution.

    Some versions of torch's exporter cannot translate it, and every runtime is faster without.
    """
    before: tuple[str, nn.Module] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and before and isinstance(before[1], nn.Conv2d):
            setattr(module, before[0], fuse_conv_bn_eval(before[1], child))
            setattr(module, name, nn.Identity())
        else:
            _fold_norms(child)
        before = name, child
