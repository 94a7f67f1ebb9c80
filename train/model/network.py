"""The classifier: a network without pretrained weights, a linear layer, and its class maps."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from raicl.train.model.networks.make import make_body
from raicl.train.settings import TrainSettings


class Classifier(nn.Module):
    """Backbone and linear classifier: all that inference needs.

    Attributes
    ----------
    channels : number C of feature channels, 512 of ResNet18 at full width and depth.
    cells : (h, w) if W weighs every cell by itself, as after a flattening. None if it weighs their
        mean.
    """

    def __init__(self, settings: TrainSettings, n_classes: int) -> None:
        super().__init__()
        self.backbone, self.channels, self.cells = make_body(settings)
        self.bfloat16_backbone = settings.precision == "bfloat16"
        inputs = self.channels if self.cells is None else self.channels * math.prod(self.cells)
        # [ours] with a bias, as in EAC's code; the paper's formula shows none
        self.fc = nn.Linear(inputs, n_classes, bias=settings.fc_bias)

    def features(self, instances: Tensor) -> Tensor:
        """F: (B, 3, S, S) → float32 (B, C, h, w), of ResNet18 after the last ReLU.

        Only the backbone may run in bfloat16. Later steps need float32: they compare maps that
        differ little, and divide cosines by a temperature of 0.04.
        """
        instances = instances.contiguous(memory_format=torch.channels_last)
        with torch.autocast(instances.device.type, torch.bfloat16, enabled=self.bfloat16_backbone):
            features: Tensor = self.backbone(instances)
        return features.float()

    def logits(self, features: Tensor) -> Tensor:
        """W · GAP(F) + b (docs/method.md 3.2), (B, C, h, w) → (B, L)."""
        cells = features.mean((-2, -1)) if self.cells is None else features.flatten(1)
        logits: Tensor = self.fc(cells)
        return logits

    def maps(self, features: Tensor, *, detach: bool = True) -> Tensor:
        """Class maps M_j = Σ_c W_j(c) F_c, (B, C, h, w) → (B, L, h, w).

        There is no bias, ReLU or normalisation. The mean of a map plus its class's bias is the
        logit. If W weighs every cell by itself, M_j(x, y) = h w Σ_c W_j(c, x, y) F_c(x, y) [ours].

        Parameters
        ----------
        detach : treat W as a constant, so that L_acl trains only the features [ours, as in EAC and
            VAC].
        """
        weight = self.fc.weight.detach() if detach else self.fc.weight
        if self.cells is None:
            return torch.einsum("lc,bchw->blhw", weight, features)
        by_cell = weight.view(-1, self.channels, *self.cells) * math.prod(self.cells)
        return torch.einsum("lchw,bchw->blhw", by_cell, features)

    def forward(self, instances: Tensor) -> Tensor:
        """Logits (B, L) of instances (B, 3, S, S)."""
        return self.logits(self.features(instances))
