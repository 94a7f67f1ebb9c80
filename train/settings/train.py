"""All settings of stage 2: input, method, optimiser, network, classes, inference and machine."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ByteSize, TypeAdapter, field_validator, model_validator

from raicl.common.settings import setting
from raicl.train.settings.method import MethodSettings
from raicl.train.settings.networks import RESNET18, check_name, has_map

ImbalanceName = Literal[
    "none", "logit-adjustment", "effective-number", "balanced-sampler", "prior-correction"
]
InferName = Literal["middle", "mean", "vote", "weighted"]
CalibrationName = Literal["none", "inner"]

_OPTIMISER, _NETWORK, _COMPUTE = "Optimiser", "Network", "Compute"
_CLASSES, _INFERENCE = "Classes", "Inference"
_BYTES = TypeAdapter(ByteSize)


def in_bytes(size: str | None) -> int | None:
    """A size such as ``4GB`` in bytes; 1 kB has 1000, 1 KiB 1024."""
    return None if size is None else _BYTES.validate_python(size)


class TrainSettings(MethodSettings):
    """Every setting of stage 2.

    Settings of the panel Compute say where and how fast to compute, not what.
    """

    batch_size: int = setting(128, "Pairs per step.", panel=_OPTIMISER, ge=2)
    lr: float = setting(1e-3, "Learning rate of Adam.", panel=_OPTIMISER, gt=0)
    weight_decay: float = setting(1e-4, "L2 penalty, coupled.", panel=_OPTIMISER, ge=0)
    gamma: float = setting(
        0.9, "Factor on the learning rate per epoch.", panel=_OPTIMISER, gt=0, le=1
    )

    lr_schedule: Literal["exponential", "cosine"] = setting(
        "exponential", "Decay by gamma per epoch, or along a cosine to 0.", panel=_OPTIMISER
    )
    clip_gradient: float | None = setting(
        None, "Largest norm of the gradient; none for no limit.", panel=_OPTIMISER, gt=0
    )

    network: str = setting(
        RESNET18,
        "resnet18; ststnet, off-apexnet or dual-inception, written from their papers; small, for "
        "inputs of 28 to 64 px; linear, on flow averaged over a coarse grid; or "
        "package.module:factory, one's own.",
        panel=_NETWORK,
        later=True,
    )
    members: int = setting(
        1,
        "Networks side by side, each trained by a loss of its own; their mean classifies.",
        panel=_NETWORK,
        ge=1,
        le=32,
        later=True,
    )
    width: int = setting(
        64, "Channels of the first stage of resnet18 or small.", panel=_NETWORK, ge=4, le=256
    )
    stages: Literal[3, 4] = setting(
        4, "Stages of ResNet18; with 3 a cell of the map sees less of the face.", panel=_NETWORK
    )
    blocks: Literal[1, 2] = setting(
        2, "Residual blocks per stage; 2 as in ResNet18.", panel=_NETWORK
    )
    last_stride: Literal[1, 2] = setting(
        2, "Stride of ResNet18's last stage; 1 doubles the map.", panel=_NETWORK
    )
    zero_residual: bool = setting(
        False, "Residual blocks start as their shortcuts.", panel=_NETWORK
    )
    precision: Literal["float32", "bfloat16"] = setting(
        "float32",
        "Precision of the backbone; bfloat16 (autocast) is for machines that support it.",
        panel=_NETWORK,
    )
    fc_bias: bool = setting(True, "Bias of the linear classifier.", panel=_NETWORK)

    imbalance: ImbalanceName = setting(
        "none",
        "Against class imbalance: logit-adjustment or effective-number in L_cls, balanced-sampler, "
        "or prior-correction at test; uses the counts of the fold's training clips.",
        panel=_CLASSES,
    )
    effective_beta: float = setting(
        0.999, "β of effective-number; 0 weighs all alike.", panel=_CLASSES, ge=0, lt=1
    )

    infer: InferName = setting(
        "middle",
        "Test the middle instance, or all instances of the clip: their mean, their vote, or their "
        "mean weighted by flow.",
        panel=_INFERENCE,
    )
    flip_average: bool = setting(
        False, "Average every tested instance with its mirror image.", panel=_INFERENCE
    )
    infer_network: Literal["online", "target"] = setting(
        "online", "The network that is tested and saved.", panel=_INFERENCE
    )

    calibration: CalibrationName = setting(
        "none",
        "Calibrate probabilities: inner divides the logits by a temperature, which a second "
        "network is trained for within each fold, on four fifths of its training subjects.",
        panel=_INFERENCE,
        later=True,
    )

    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", panel=_COMPUTE)
    instances: Literal["auto", "device", "stream"] = setting(
        "auto",
        "Where instances are kept: on the device, streamed from a file, or as memory allows.",
        panel=_COMPUTE,
    )
    compile: Literal["none", "kernels", "graphs"] = setting(
        "none",
        "Compile the backbones for training: kernels fuses what follows the convolutions, graphs "
        "also replays its kernels as CUDA graphs. Equal up to rounding; the first step waits.",
        panel=_COMPUTE,
        later=True,
    )
    adam: Literal["plain", "fused"] = setting(
        "plain",
        "Adam's update by torch's default, or fused into one kernel; equal up to rounding.",
        panel=_COMPUTE,
        later=True,
    )
    tf32: bool = setting(
        True,
        "Convolutions in TF32 where a GPU has it, as torch does by default; all else is float32.",
        panel=_COMPUTE,
        later=True,
    )
    memory_budget: str | None = setting(
        None,
        "Memory that instances may take in all processes, as in 4GB; none for half of what there "
        "is. Those that need more are streamed.",
        panel=_COMPUTE,
        later=True,
    )
    threads: int = setting(
        1,
        "CPU threads of a network. The last digits of a result depend on them, and on nothing that "
        "says how many folds are trained at a time.",
        panel=_COMPUTE,
        ge=1,
    )
    deterministic: bool = setting(
        True, "Refuse GPU operations whose results differ between runs.", panel=_COMPUTE
    )

    @field_validator("memory_budget")
    @classmethod
    def _check_budget(cls, size: str | None) -> str | None:
        if size is not None and _BYTES.validate_python(size) <= 0:
            raise ValueError("a size is above 0, as in 4GB")
        return size

    @field_validator("network")
    @classmethod
    def _check_name(cls, network: str) -> str:
        return check_name(network)

    @model_validator(mode="after")
    def _check_map(self) -> Self:
        if not (self.irc or self.mrd):
            return self
        if not has_map(self.network):
            raise ValueError(
                f"IRC and MRD compare maps, and {self.network} has none: no-irc, no-mrd"
            )
        if self.network == RESNET18 and self.map_side < 2:
            raise ValueError(
                f"size = {self.size} with {self.stages} stages gives a map of one cell, in which "
                "IRC and MRD have nothing to compare; give stages 3 or a larger size"
            )
        return self

    @model_validator(mode="after")
    def _check_network(self) -> Self:
        if self.infer_network == "target" and not (self.irc or self.mrd):
            raise ValueError("infer_network target needs IRC or MRD: without, there is no target")
        return self

    @property
    def map_side(self) -> int:
        """Cells along a side of ResNet18's map: each stride of 2 halves, rounding up."""
        halvings = self.stages + (self.last_stride == 2)
        side = self.size
        for _ in range(halvings):
            side = -(-side // 2)
        return side

    @model_validator(mode="after")
    def _check_calibration(self) -> Self:
        if self.calibration != "none" and self.infer == "vote":
            raise ValueError(
                "calibration needs probabilities, and infer vote gives shares of votes"
            )
        return self
