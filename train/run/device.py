"""The device to train on: chosen by name and checked, never silently replaced by another."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from raicl.common.errors import SetupError, UsageError
from raicl.common.terminal.wording import counted
from raicl.train.clips.folds import FoldError


def resolve_device(name: str) -> torch.device:
    """The device that `name` asks for: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    ``auto`` is the first CUDA GPU, else Apple's, else the CPU.

    Raises
    ------
    UsageError : any other name.
    SetupError : the machine, or this build of torch, lacks the device.
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]+)?", name):
        raise UsageError(f"no such device: {name}", fix="give auto, cpu, cuda, cuda:N or mps")
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if gpus else "mps" if _has_mps() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= gpus:
        raise SetupError(
            f"--device {name}: torch {torch.__version__} sees {gpus} CUDA GPUs",
            fix="give --device cpu, or install the torch build for your driver; see raicl doctor",
        )
    if device.type == "mps" and not _has_mps():
        raise SetupError("--device mps: torch sees no Apple GPU here", fix="give --device cpu")
    return device


def describe_device(device: torch.device) -> str:
    """One line for the log: the device and the chip's name."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, {counted(torch.get_num_threads(), 'thread')})"


def configure_torch(*, threads: int | None, deterministic: bool) -> None:
    """Set torch's threads, and make it refuse operations without a reproducible kernel."""
    if threads is not None:
        torch.set_num_threads(threads)
    if deterministic:
        # cuBLAS reads this when it makes its first handle, so set it before any work on a GPU
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False


@contextmanager
def memory_of(device: torch.device) -> Iterator[None]:
    """Turn the error of a device that has run out of memory into one that says what to do.

    Raises
    ------
    FoldError : the device has run out of memory.
    """
    try:
        yield
    except RuntimeError as error:
        if not _out_of_memory(error):
            raise
        raise FoldError(f"out of memory on {device}", fix="lower --batch-size or --size") from error


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether a device has run out of memory. Only CUDA's error has a class of its own."""
    texts = ("can't allocate memory", "out of memory")
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in texts)


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
