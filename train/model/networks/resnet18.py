"""ResNet18 (He et al. 2016), the paper's backbone (docs/method.md 3.1), or a smaller one."""

from __future__ import annotations

from torch import nn

from raicl.common.errors import SetupError
from raicl.common.provenance import versions


def make_backbone(
    width: int,
    *,
    stages: int = 4,
    blocks: int = 2,
    last_stride: int = 2,
    zero_residual: bool = False,
) -> nn.Sequential:
    """ResNet18 without its head, or a smaller one, randomly initialised (Kaiming, fan-out).

    With ``width=64`` and the defaults it is torchvision's ``resnet18(weights=None)``, with the same
    parameter names.

    Parameters
    ----------
    width : channels of the first stage. Each further stage doubles them.
    stages, blocks : number of stages, and of blocks per stage. With fewer, a cell of the map sees
        less of the input, so class maps can be local after a short training.
    last_stride : stride of the last stage, 2 or 1.
    zero_residual : start the last normalisation of each block at zero, as torchvision's
        ``zero_init_residual`` does (Goyal et al. 2017, section 5.1). The network then starts as
        its shortcuts and widens its view only where that lowers the loss.

    Raises
    ------
    SetupError : torchvision is missing or does not fit the installed torch.
    """
    basic = basic_block()
    backbone = nn.Sequential()
    backbone.add_module("conv1", nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False))
    backbone.add_module("bn1", nn.BatchNorm2d(width))
    backbone.add_module("relu", nn.ReLU(inplace=True))
    backbone.add_module("maxpool", nn.MaxPool2d(3, stride=2, padding=1))
    channels = width
    strides = (1, *[2] * (stages - 2), last_stride)
    for stage, stride in enumerate(strides):
        out = width << stage
        layer = nn.Sequential(_block(basic, channels, out, stride))
        layer.extend(basic(out, out) for _ in range(blocks - 1))
        backbone.add_module(f"layer{stage + 1}", layer)
        channels = out
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif zero_residual and isinstance(module, basic):
            nn.init.zeros_(module.get_parameter("bn2.weight"))
    return backbone


def _block(block: type[nn.Module], channels: int, out: int, stride: int) -> nn.Module:
    """The first block of a stage, with torchvision's projection shortcut where shapes change."""
    if stride == 1 and channels == out:
        return block(channels, out)
    shortcut = nn.Sequential(
        nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out)
    )
    return block(channels, out, stride, shortcut)


def basic_block() -> type[nn.Module]:
    """Import torchvision on first use: this takes a second, and fails if torch does not match."""
    try:
        from torchvision.models.resnet import BasicBlock  # type: ignore[import-untyped]
    except (ImportError, RuntimeError, OSError) as error:
        # a wheel built for another torch fails as "operator torchvision::nms does not exist"
        pair = versions(["torch", "torchvision"])
        raise SetupError(
            f"torchvision {pair['torchvision']} does not work with torch {pair['torch']}: "
            f"{str(error).splitlines()[0]}",
            fix="pip install --upgrade --force-reinstall torch torchvision, from one and the same "
            "index; `raicl doctor` checks the pair",
        ) from error
    block: type[nn.Module] = BasicBlock
    return block
