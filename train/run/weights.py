"""Weights: the saved network of a fold, read back only if it is what the fold finished with."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from torch import nn

from raicl.common.errors import InputError
from raicl.common.files import sha256_file
from raicl.train.fold.checkpoint import load_tensors
from raicl.train.model.siamese import Network
from raicl.train.run.folder import CLASSIFIER, REGIONS
from raicl.train.run.records import FoldRecord


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
    _load(network.classifier, folder / CLASSIFIER, record)
    if network.regions is not None:
        _load(network.regions, folder / REGIONS, record)


def _load(module: nn.Module, path: Path, record: FoldRecord) -> None:
    try:
        if sha256_file(path) != record.digests[path.name]:
            raise ValueError("they are not those that the fold finished with")
        module.load_state_dict(load_tensors(path))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise InputError(
            f"the weights of fold {record.held_out} cannot be used: {str(error).splitlines()[0]}",
            where=str(path),
            fix="remove the fold's folder and run the command that trained it again",
        ) from error
