"""Speed: how long one instance takes, by number of threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import torch

from raicl.train.export.answers import Floats, Runner

THREADS = (1, 2)
_RUNS, _SECONDS = 30, 3.0  # at most so many, and no new one after so long


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Let torch use so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def milliseconds(run: Runner, instance: Floats) -> float:
    """The median time of one instance (1, 3, S, S), after two runs that do not count."""
    for _ in range(2):
        run(instance)
    times: list[float] = []
    end = time.perf_counter() + _SECONDS
    while len(times) < _RUNS and (not times or time.perf_counter() < end):
        started = time.perf_counter()
        run(instance)
        times.append(time.perf_counter() - started)
    return 1000 * median(times)
