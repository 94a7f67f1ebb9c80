"""The classifier: a network without pretrained weights, a linear layer, and its class maps."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from raicl.train.model.networks.make import make_body
from raicl.train.model.networks.members import split_logits, start_alone
from raicl.train.settings import TrainSettings


class Classifier(nn.Module):
    """Backbone and linear classifier: all that inference needs.

    Attributes
    ----------
    members : number K of networks side by side.
    channels : number C of feature channels of all of them, 512 of one ResNet18 at full width and
        depth.
    cells : (h, w) if W weighs every cell by itself, as after a flattening. None if it weighs their
        mean.
    """

    def __init__(self, settings: TrainSettings, n_classes: int) -> None:
        super().__init__()
        self.members = settings.members
        self.backbone, self.channels, self.cells = make_body(settings)
        self._compiled: Callable[[Tensor], Tensor] | None = None
        self.bfloat16_backbone = settings.precision == "bfloat16"
        inputs = self.channels if self.cells is None else self.channels * math.prod(self.cells)
        # [ours] with a bias, as in EAC's code; the paper's formula shows none
        self.fc = nn.Linear(inputs, n_classes, bias=settings.fc_bias)
        if self.members > 1:
            start_alone(self.fc, self.members)

    def features(self, instances: Tensor) -> Tensor:
        """F: (B, 3, S, S) → float32 (B, C, h, w), of ResNet18 after the last ReLU.

        Only the backbone may run in bfloat16. Later steps need float32: they compare maps that
        differ little, and divide cosines by a temperature of 0.04.
        """
        instances = instances.contiguous(memory_format=torch.channels_last)
        with torch.autocast(instances.device.type, torch.bfloat16, enabled=self.bfloat16_backbone):
            features: Tensor = (self._compiled_now or self.backbone)(instances)
        return features.float()

    def compile_backbone(self, *, graphs: bool) -> None:
        """Let train mode run compiled kernels. Eval mode, whose batches vary, stays as it is.

        Parameters
        ----------
        graphs : replay the kernels as CUDA graphs.
        """
        mode = "reduce-overhead" if graphs else "default"
        # one set of kernels for each size of batch: an epoch has two, the last being smaller
        self._compiled = torch.compile(self.backbone.forward, dynamic=False, mode=mode)

    @property
    def _compiled_now(self) -> Callable[[Tensor], Tensor] | None:
        return self._compiled if self.training else None

    def logits(self, features: Tensor) -> Tensor:
        """W · GAP(F) + b (docs/method.md 3.2), (B, C, h, w) → (B, L)."""
        logits: Tensor = self.fc(self._weighed(features))
        return logits

    def member_logits(self, features: Tensor) -> Tensor:
        """The logits of each member, (B, C, h, w) → (B, K, L). Their mean is `logits`."""
        if self.members == 1:
            return self.logits(features)[:, None]
        return split_logits(self._weighed(features), self.fc, self.members)

    def _weighed(self, features: Tensor) -> Tensor:
        """What W weighs: the mean over the cells (B, C), or every cell (B, C h w)."""
        return features.mean((-2, -1)) if self.cells is None else features.flatten(1)

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
