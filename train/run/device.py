"""The device to train on: chosen by name and checked, never silently replaced by another."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch

from raicl.common.errors import SetupError, UsageError
from raicl.common.resources import tells_of_memory
from raicl.common.terminal.wording import counted
from raicl.train.clips.folds import FoldError
from raicl.train.settings import TrainSettings

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # options of mallopt, from glibc's malloc.h


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
    """What the last digits of a result depend on: device, chip, threads and version of torch."""
    version = f"torch {torch.__version__}"
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)}, {version})"
    kind = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    return f"{device} ({kind}, {counted(torch.get_num_threads(), 'thread')}, {version})"


def choose_device(settings: TrainSettings) -> torch.device:
    """The device to train on. What `compile` asks for can be had on it.

    Raises
    ------
    UsageError : see `resolve_device`, or CUDA graphs are asked for on another device.
    SetupError : see `resolve_device`, or the compiler is missing that torch needs for the device.
    """
    device = resolve_device(settings.device)
    if settings.compile != "none":
        _check_compile(settings, device)
    return device


def _check_compile(settings: TrainSettings, device: torch.device) -> None:
    if settings.compile == "graphs" and device.type != "cuda":
        raise UsageError(f"--compile graphs: {device} has no CUDA graphs", fix="--compile kernels")
    # torch translates by Triton on a GPU, and by a C++ compiler on a CPU
    on_gpu = device.type == "cuda"
    if not (find_spec("triton") if on_gpu else shutil.which(os.environ.get("CXX", "g++"))):
        raise SetupError(
            f"--compile {settings.compile}: {'Triton' if on_gpu else 'a C++ compiler'} is missing",
            fix="--compile none, or install triton" if on_gpu else "--compile none, or install g++",
        )


def configure_torch(settings: TrainSettings) -> None:
    """Set threads, precision and memory, before the device is used."""
    torch.set_num_threads(settings.threads)
    torch.backends.cudnn.allow_tf32 = settings.tf32
    _keep_freed_memory()
    if settings.deterministic:
        # cuBLAS reads this when it makes its first handle, so set it before any work on a GPU
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def make_repeatable(settings: TrainSettings) -> None:
    """Make torch refuse what has no reproducible kernel, or let it, before it trains.

    Torch imports its compiler for it, 3 s that a command which does not train saves.
    """
    torch.use_deterministic_algorithms(settings.deterministic)
    if settings.deterministic:
        # it would fill every new tensor with NaN, 8 % of a step on a CPU; nothing here reads
        # what was not written (test_faster.py trains with the NaN)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = False


def _keep_freed_memory() -> None:
    """Let glibc keep what a step frees for the next one.

    By default it returns large blocks to the system, which maps and clears them again in every
    step: a tenth of the time of a step on a CPU (tests/benchmarks/README.md).
    """
    allocator = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc alone has it
    if allocator is not None:
        allocator(_MMAP_MAX, 0)
        allocator(_TRIM_THRESHOLD, 2**31 - 1)


def return_freed_memory() -> None:
    """Return to the system what was freed so far. Loading frees more than a step needs."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


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
        if not (isinstance(error, torch.OutOfMemoryError) or tells_of_memory(error)):
            raise
        raise FoldError(f"out of memory on {device}", fix="lower --batch-size or --size") from error


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
