"""One's own network, ``package.module:factory``, and the protocol that it must keep.

The factory takes the side S of the input in px and gives a `torch.nn.Module` that turns float32
inputs (B, 3, S, S), which are (u, v, ε) after scaling, into features (B, C, h, w). C, h and w are
measured, not declared. raicl's linear classifier follows: it weighs the mean over the cells, or, if
the module has an attribute ``flatten`` that is true, every cell by itself. IRC and MRD need a map
of more than one cell. They compare it with a mirrored one, so that cell k of a row should see the
mirrored place of cell w - 1 - k (docs/method.md 3.1).
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from safetensors.torch import save
from torch import Tensor, nn

from raicl.common.errors import InputError, SetupError, UsageError
from raicl.common.files import sha256_file
from raicl.train.settings import TrainSettings
from raicl.train.settings.networks import is_own

Shape = tuple[int, int, int]  # C, h, w
_PROTOCOL = "the reference of settings says what a network of one's own must give"


class NetworkSource(BaseModel):
    """Where one's own network came from.

    Attributes
    ----------
    module : name of the module that holds its factory.
    factory : name of the factory.
    sha256 : SHA-256 of the module's file. What that file imports is not covered.
    """

    model_config = ConfigDict(frozen=True)

    module: str
    factory: str
    sha256: str


@cache
def find_source(network: str) -> NetworkSource | None:
    """Where a network comes from. None for one of raicl's.

    The module itself is not run for that. It is looked for as Python does, and then in the current
    folder.

    Raises
    ------
    SetupError : there is no such module, or it has no file.
    UsageError : it is one of Python's own.
    """
    if not is_own(network):
        return None
    name, factory = network.split(":")
    if name.split(".")[0] in sys.stdlib_module_names:  # a model must not name what does harm
        raise UsageError(f"{network}: {name} is a module of Python's own", fix=_PROTOCOL)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
        importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(name)  # runs the packages above it
    except Exception as error:
        raise _not_imported(network, error) from error
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise _not_imported(network, ModuleNotFoundError(f"no module named {name!r}"))
    return NetworkSource(module=name, factory=factory, sha256=sha256_file(Path(spec.origin)))


def check_source(network: str, recorded: NetworkSource | None) -> None:
    """Check that a network is still the one that weights were trained with.

    Raises
    ------
    InputError : its module has changed.
    SetupError, UsageError : see `find_source`.
    """
    found = find_source(network)
    if found != recorded:
        before, now = (short_digest(source) for source in (recorded, found))
        raise InputError(
            f"the network {network} has changed since it was trained: {before}, now {now}",
            fix="bring back the module as it was, or train anew",
        )


def check_own(settings: TrainSettings) -> None:
    """Make one's own network once, so that its faults are known before anything is trained.

    Raises
    ------
    SetupError : it cannot be imported.
    UsageError : it is no network, gives other shapes than the protocol, or has no map, which IRC
        and MRD need.
    """
    if not is_own(settings.network):
        return
    _, h, w = _measure(settings.network, settings.size)
    if h * w == 1 and (settings.irc or settings.mrd):
        raise UsageError(
            f"IRC and MRD compare maps, and {settings.network} gives a single cell at "
            f"{settings.size} px",
            fix="--no-irc --no-mrd, or a network that gives a map",
        )


def make_own(network: str, size: int) -> tuple[nn.Module, Shape, bool]:
    """One's own network, the shape (C, h, w) of its features, and whether to flatten them.

    Raises
    ------
    SetupError, UsageError : see `check_own`.
    """
    shape = _measure(network, size)
    module = _made(network, size)
    return module, shape, bool(getattr(module, "flatten", False))


def describe_network(network: str) -> str:
    """A network in words: its name, and the digest of one's own."""
    source = find_source(network)
    return network if source is None else f"{network} (SHA-256 {source.sha256})"


def short_digest(source: NetworkSource | None) -> str:
    """The digest of a source as messages show it."""
    return "none" if source is None else source.sha256[:16]


@cache
def _measure(network: str, size: int) -> Shape:
    """(C, h, w), from two random inputs through a copy that is thrown away."""
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        module = _made(network, size)
        inputs = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
        try:
            state = {name: value.contiguous() for name, value in module.state_dict().items()}
            save(state)  # tied weights cannot be
            module = copy.deepcopy(module).to(memory_format=torch.channels_last)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            with torch.no_grad():
                shapes = {mode: module.train(mode)(inputs) for mode in (True, False)}
        except Exception as error:
            raise UsageError(
                f"the network {network} fails at {size} px: {_line(error)}", fix=_PROTOCOL
            ) from error
    for features in shapes.values():
        _check_features(network, features, inputs)
    if shapes[True].shape != shapes[False].shape:
        raise UsageError(
            f"the network {network} gives {tuple(shapes[True].shape)} in training and "
            f"{tuple(shapes[False].shape)} at test",
            fix=_PROTOCOL,
        )
    _, c, h, w = shapes[False].shape
    return c, h, w


def _check_features(network: str, features: Any, inputs: Tensor) -> None:
    what = f"{type(features).__name__} instead of a tensor"
    if isinstance(features, Tensor):
        what = f"{tuple(features.shape)} of {features.dtype}".replace("torch.", "")
        good = features.ndim == 4 and len(features) == len(inputs) and features.numel() > 0
        if good and features.is_floating_point():
            if torch.isfinite(features).all():
                return
            what = "values that are not finite"
    raise UsageError(
        f"the network {network} gives {what} for inputs {tuple(inputs.shape)}, not "
        f"({len(inputs)}, C, h, w)",
        fix=_PROTOCOL,
    )


def _made(network: str, size: int) -> nn.Module:
    """What the factory gives, on the CPU: not every network can be made without memory."""
    factory = getattr(_imported(network), network.split(":")[1], None)
    if not callable(factory):
        raise UsageError(f"{network}: the module has no such factory", fix=_PROTOCOL)
    try:
        with torch.device("cpu"):
            module = factory(size)
    except Exception as error:
        raise UsageError(
            f"{network} makes no network of {size} px: {_line(error)}", fix=_PROTOCOL
        ) from error
    if not isinstance(module, nn.Module):
        raise UsageError(
            f"{network} gives {type(module).__name__} instead of a torch.nn.Module", fix=_PROTOCOL
        )
    return module


def _imported(network: str) -> ModuleType:
    source = find_source(network)
    assert source is not None
    try:
        return importlib.import_module(source.module)
    except Exception as error:
        raise _not_imported(network, error) from error


def _not_imported(network: str, error: Exception) -> SetupError:
    return SetupError(
        f"the network {network} cannot be imported: {_line(error)}",
        fix="install its package, or work in the folder that holds the module",
    )


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
