"""Checkpoint: everything a fold needs to continue as if it had never stopped.

Tensors are stored as safetensors, the rest as JSON, nothing as pickle. The JSON is written last and
holds the digest of its tensors, and of itself. The previous checkpoint is kept.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from raicl.common.digests import Fault, examine
from raicl.common.errors import ConflictError
from raicl.common.files import sha256_bytes, sha256_file, write_atomic
from raicl.common.resources import shortage, tells_of_memory
from raicl.train.fold.log import History
from raicl.train.fold.state import read_state, write_state

_WAYS = ("foreach", "fused", "capturable")  # of an optimiser; they say nothing of its result
_NO_RIGHT = {errno.EACCES, errno.EPERM}


class Checkpoint:
    """The training state of one fold, tied to the objects that hold it.

    Parameters
    ----------
    folder : folder of the fold, for ``state-EPOCH.safetensors`` and ``state-EPOCH.json``.
    model : online and target network.
    optimizer, scheduler : optimiser and learning-rate schedule of `model`.
    rng : generator that draws the pairs. torch's own generators (CPU and CUDA) are saved as well.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: LRScheduler,
        rng: np.random.Generator,
    ) -> None:
        self.folder, self.model = folder, model
        self.optimizer, self.scheduler, self.rng = optimizer, scheduler, rng

    def save(self, epoch: int, history: History) -> None:
        """Save the state after `epoch` epochs, then remove all older ones but the previous."""
        tensors, values = self._taken()
        path = self.folder / f"state-{epoch:04d}.safetensors"
        digest = save_tensors(path, tensors | self._random_states())
        written = {"epoch": epoch, "digest": digest, "history": history, **values}
        write_state(path.with_suffix(".json"), written)
        for old in _epochs(self.folder)[:-2]:
            _remove(self.folder, old)

    def resume(self, warn: Callable[[str], None]) -> tuple[int, History]:
        """Load the newest undamaged state into the objects.

        Parameters
        ----------
        warn : receives a sentence for every damaged state.

        Returns
        -------
        Number of finished epochs (0 without an undamaged state) and their log rows.

        Raises
        ------
        ConflictError : a state is of another network than the settings make now.
        """
        epochs = _epochs(self.folder)
        if not epochs:
            return 0, []
        tensors, fresh = self._taken()
        beginning = {name: value.cpu().clone() for name, value in tensors.items()}
        beginning["random.cpu"] = torch.get_rng_state()  # a GPU's is the last that is loaded
        for epoch in reversed(epochs):
            path = self.folder / f"state-{epoch:04d}.json"
            try:
                state = read_state(path, epoch=epoch, like=fresh)
                tensors = _verified(path.with_suffix(".safetensors"), state.digest)
                self._load_model(tensors, path)
                self._load(tensors, state.model_dump())
            except _DAMAGE as error:
                if _is_no_damage(error):
                    raise
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                warn(f"checkpoint of epoch {epoch} is damaged and left out: {reason} ({path})")
            else:
                return epoch, list(state.history)
        self._load_model(beginning, self.folder)  # a damaged state may be loaded in part
        self._load(beginning, fresh)
        return 0, []

    def _taken(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The state of now: tensors by name, and what a `State` holds of the objects."""
        tensors, optimizer = _split_optimizer(self.optimizer)
        tensors |= {f"model.{name}": value for name, value in self.model.state_dict().items()}
        return tensors, {
            "optimizer": optimizer,
            "scheduler": self.scheduler.state_dict(),
            "rng": self.rng.bit_generator.state,
        }

    def _load_model(self, tensors: dict[str, Tensor], path: Path) -> None:
        try:
            self.model.load_state_dict(_under("model.", tensors))
        except RuntimeError as error:  # an older raicl made another network of these settings
            if tells_of_memory(error):
                raise
            raise ConflictError(
                "the checkpoint is of another network than this raicl makes of the settings",
                where=str(path),
                fix="begin anew with --overwrite, or go on with the raicl that began the run",
            ) from error

    def _load(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Everything but the networks."""
        # how to compute an update is a matter of this machine, not of the one that began
        groups = [
            saved | {way: own[way] for way in _WAYS if way in own}
            for saved, own in zip(values["optimizer"], self.optimizer.param_groups, strict=True)
        ]
        self.optimizer.load_state_dict(_join_optimizer(tensors, groups))
        for parameter, state in self.optimizer.state.items():
            for name, value in state.items():
                if value.shape == parameter.shape:  # restore its parameter's memory order
                    state[name] = torch.empty_like(parameter).copy_(value)
        self.scheduler.load_state_dict(values["scheduler"])
        self.rng.bit_generator.state = values["rng"]
        torch.set_rng_state(tensors["random.cpu"])
        device = self._device()
        if device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], device)

    def _random_states(self) -> dict[str, Tensor]:
        states = {"random.cpu": torch.get_rng_state()}
        if self._device().type == "cuda":
            states["random.cuda"] = torch.cuda.get_rng_state(self._device())
        return states

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def examine_states(folder: Path) -> Iterator[Fault]:
    """Every file of a fold's checkpoints, with what is wrong with it, if anything is."""
    for epoch in _epochs(folder):
        path = folder / f"state-{epoch:04d}.json"
        try:
            state = read_state(path, epoch=epoch)
        except (OSError, ValueError) as error:
            yield Fault(path, f"cannot be used: {error}")
            continue
        yield Fault(path, "")
        yield from examine(folder, {path.with_suffix(".safetensors").name: state.digest})


def remove_states(folder: Path) -> None:
    """Remove every checkpoint of a fold that is finished or starts anew."""
    for epoch in _epochs(folder):
        _remove(folder, epoch)
    for orphan in folder.glob("state-*.safetensors"):
        orphan.unlink()


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> str:
    """Write tensors from any device atomically as safetensors; gives the SHA-256 of the file."""
    on_cpu = {name: value.cpu().contiguous() for name, value in tensors.items()}
    content = save(on_cpu)  # not save_file, whose error hides that a disk is full
    write_atomic(path, content)
    return sha256_bytes(content)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read tensors onto the CPU.

    Raises
    ------
    SafetensorError : the file is not safetensors.
    """
    return load(path.read_bytes())  # not load_file, which refuses a path that is not UTF-8


# what comes of reading and loading a state that is not what was written
_DAMAGE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(RuntimeError, SafetensorError),
)


def _is_no_damage(error: BaseException) -> bool:
    """Whether an error says nothing of the state: it would be thrown away for nothing."""
    refused = isinstance(error, OSError) and error.errno in _NO_RIGHT
    return refused or shortage(error) is not None


def _verified(path: Path, digest: str) -> dict[str, Tensor]:
    if sha256_file(path) != digest:
        raise ValueError(f"{path.name} does not match its digest")
    return load_tensors(path)


def _epochs(folder: Path) -> list[int]:
    found = (re.fullmatch(r"state-(\d+)\.json", path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def _remove(folder: Path, epoch: int) -> None:
    # remove the JSON first: without it the tensors are no checkpoint
    (folder / f"state-{epoch:04d}.json").unlink()
    (folder / f"state-{epoch:04d}.safetensors").unlink(missing_ok=True)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _split_optimizer(optimizer: Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Tensors by ``optimizer.PARAMETER.NAME``, and the parameter groups as plain values."""
    state = optimizer.state_dict()
    tensors = {
        f"optimizer.{parameter}.{name}": value
        for parameter, values in state["state"].items()
        for name, value in values.items()
    }
    return tensors, state["param_groups"]


def _join_optimizer(
    tensors: dict[str, Tensor], groups: list[dict[str, Any]]
) -> dict[str, dict[int, dict[str, Tensor]] | list[dict[str, Any]]]:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _under("optimizer.", tensors).items():
        parameter, name = key.split(".")
        state.setdefault(int(parameter), {})[name] = value
    return {"state": state, "param_groups": groups}
