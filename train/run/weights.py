"""Weights: a saved network, read back only if it is what was saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from raicl.common.errors import InputError
from raicl.common.files import sha256_file
from raicl.train.fold.checkpoint import load_tensors
from raicl.train.model.networks.own import NetworkSource, check_source
from raicl.train.model.networks.resnet18 import basic_block
from raicl.train.model.siamese import Network, Siamese
from raicl.train.run.folder import CLASSIFIER, REGIONS
from raicl.train.run.records import FoldRecord
from raicl.train.settings import TrainSettings


def load_network(network: Network, folder: Path, record: FoldRecord) -> None:
    """Load the network that a fold tested and saved.

    Parameters
    ----------
    folder : folder of the fold.
    record : content of its ``done.json``.

    Raises
    ------
    InputError : a file is missing, changed, or of another network.
    """
    parts: dict[str, nn.Module] = {CLASSIFIER: network.classifier}
    if network.regions is not None:
        parts[REGIONS] = network.regions
    for name, module in parts.items():
        load_module(
            module,
            folder / name,
            digest=record.digests.get(name, ""),
            owner=f"fold {record.held_out}",
            fix="remove the fold's folder and run the command that trained it again",
        )


def load_module(module: nn.Module, path: Path, *, digest: str, owner: str, fix: str) -> None:
    """Load the weights of a module from safetensors, after their digest is checked.

    Parameters
    ----------
    digest : SHA-256 that the file must have.
    owner : whose weights these are, in the words of the error.
    fix : what a user can do about weights that cannot be used.

    Raises
    ------
    InputError : the file is missing, changed, or of another network.
    """
    try:
        if sha256_file(path) != digest:
            raise ValueError("they are not those that were saved")
        module.load_state_dict(load_tensors(path))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        lines = str(error).splitlines()
        # torch says what is wrong with weights of another network below its first line
        reason = lines[1].strip() if isinstance(error, RuntimeError) and lines[1:] else lines[0]
        raise InputError(
            f"the weights of {owner} cannot be used: {reason}", where=str(path), fix=fix
        ) from error


def network_to_fill(
    settings: TrainSettings, counts: Sequence[int], source: NetworkSource | None
) -> Siamese:
    """A network whose tested part is to be loaded. Only that one was saved and is of use.

    The state of torch's random generator stays as it was.

    Parameters
    ----------
    counts : training clips by class, for `prior-correction`.
    source : where one's own network came from when it was trained.

    Raises
    ------
    InputError : the module of one's own network has changed.
    SetupError, UsageError : it cannot be imported, or is no network by now.
    """
    check_source(settings.network, source)
    with torch.random.fork_rng(devices=[]):
        return _tested_alone(settings, counts)


def stored_bytes(settings: TrainSettings, counts: Sequence[int]) -> int:
    """Bytes of the tensors of the tested network. No memory is taken for them."""
    basic_block()  # torch 2.6 cannot import torchvision on this device
    with torch.device("meta"):
        tensors = _tested_alone(settings, counts).tested.state_dict().values()
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _tested_alone(settings: TrainSettings, counts: Sequence[int]) -> Siamese:
    changes: dict[str, object] = {"irc": False}
    if not settings.mrd:  # no target is made then, so load even a target's classifier as online
        changes["infer_network"] = "online"
    model = Siamese(settings.model_copy(update=changes), len(counts), counts)
    if model.settings.infer_network == "online":
        model.target = None
    return model
