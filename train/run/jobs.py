"""Jobs: how many folds at a time, where that is left to the machine. It changes no result."""

from __future__ import annotations

import torch

from raicl.common.memory import free_memory
from raicl.common.parallel import resolve_jobs
from raicl.train.model.step_memory import count_step_bytes
from raicl.train.run.work import Work
from raicl.train.settings import TrainSettings

_PROCESS_BYTES = 10**9  # with its libraries, before a network is made
_WORTH = 1e9  # pairs times pixels for which it pays to start processes: minutes on one core


def choose_jobs(
    asked: int | None, work: Work, settings: TrainSettings, device: torch.device, *, n_classes: int
) -> int:
    """Number of folds at a time.

    Parameters
    ----------
    asked : what the user wants. None leaves it to the machine: on a CPU as many as there are cores
        and memory for, if the work is worth it, and else one.
    work : what is to be done.

    Raises
    ------
    UsageError : see `resolve_jobs`.
    """
    if asked is not None:
        return resolve_jobs(asked)
    if device.type != "cpu" or work.pairs * settings.size**2 < _WORTH:
        return 1
    cores = resolve_jobs(None) // settings.threads
    held = 0 if work.streamed else work.instance_bytes
    each = _PROCESS_BYTES + count_step_bytes(settings, n_classes)
    return max(1, min(cores, work.folds, (free_memory() - held) // each))
