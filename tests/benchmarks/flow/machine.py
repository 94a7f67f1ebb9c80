"""The machine a figure belongs to, and what its core could do at best."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
from numba import njit


def describe() -> str:
    """Processor, cores, load and versions, in two lines."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ("numba", "opencv-contrib-python", "scikit-image", "numpy", "dlib-bin")
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    return f"machine: {name}, {os.cpu_count()} cores, load {load}\n{versions}"


def median_time(work: Callable[[], object], rounds: int) -> float:
    """Median processor time of `work`, seconds: other programs take cores, not this."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return float(np.median(times))


@njit(fastmath={"contract"})  # more freedom, and the compiler would solve the recurrence
def multiply_add(values: np.ndarray, x: np.float32, y: np.float32, repeats: int) -> None:
    """32 multiplications and 32 additions per value and repeat, all in the first cache."""
    for _ in range(repeats):
        for i in range(len(values)):
            value = values[i]
            for _ in range(32):
                value = value * x + y
            values[i] = value


@njit(fastmath=True, error_model="numpy")
def read_and_write(source: np.ndarray, target: np.ndarray) -> None:
    """10 rows in and 6 out, as many bytes as a sweep over one picture."""
    for i in range(source.shape[1]):
        total = np.float32(0)
        for k in range(10):
            total += source[k, i]
        for k in range(6):
            target[k, i] = total


@njit(fastmath=True, error_model="numpy")
def roots_and_quotients(values: np.ndarray, repeats: int) -> None:
    """Two square roots and three quotients per value, as many as a sweep and a warp need."""
    one = np.float32(1)
    for _ in range(repeats):
        for i in range(len(values)):
            first = one / (one + np.sqrt(values[i]))
            values[i] = one / (one + np.sqrt(first))


def ceilings(pixels: int) -> tuple[float, float, float]:
    """GFLOP/s, GB/s over the arrays of a sweep, and ns per px for its roots and quotients."""
    cached = np.ones(2048, np.float32)
    rows = np.ones((10, pixels), np.float32)
    out = np.empty((6, pixels), np.float32)
    factors = np.float32(0.999), np.float32(0.001)
    multiply_add(cached, *factors, 1)
    read_and_write(rows, out)
    roots_and_quotients(cached, 1)
    arithmetic = median_time(lambda: multiply_add(cached, *factors, 2000), 5)
    memory = median_time(lambda: [read_and_write(rows, out) for _ in range(100)], 5)
    roots = median_time(lambda: roots_and_quotients(cached, 2000), 5)
    return (
        64 * 2048 * 2000 / arithmetic / 1e9,
        16 * 4 * pixels * 100 / memory / 1e9,
        roots / 2048 / 2000 * 1e9,
    )
