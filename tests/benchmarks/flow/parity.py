"""What agrees with what, bit for bit or to how many px; and what compiling costs."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from raicl.preprocess.flow.opencv import compute_opencv
from raicl.preprocess.flow.profile import PROFILES, Profile
from raicl.preprocess.flow.tvl1 import compute_tvl1
from tests.benchmarks.flow.speed import pairs

# seconds until the kernels have run once, then the fields of the pictures in a file
_RUN = """
import sys, time
import numpy as np
from raicl.preprocess.flow import compiled
compiled.FASTMATH = sys.argv[1] == "fast"
from raicl.preprocess.flow.profile import PROFILES
from raicl.preprocess.flow.tvl1 import compute_tvl1
pictures = np.load(sys.argv[2])
tiny = np.zeros((32, 32), np.float32)
started = time.perf_counter()
compute_tvl1(tiny, [tiny], PROFILES["exact"])
print(time.perf_counter() - started)
fields = [compute_tvl1(pictures[0], pictures[1:], profile) for profile in PROFILES.values()]
np.save(sys.argv[3], np.stack(fields))
"""


def run_apart(folder: Path, arithmetic: str, name: str) -> tuple[float, np.ndarray]:
    """Seconds of the first call and the fields, from a fresh process that caches in `folder`."""
    out = folder / f"{name}.npy"
    answer = subprocess.run(
        [sys.executable, "-c", _RUN, arithmetic, str(folder / "pictures.npy"), str(out)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder / arithmetic)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(answer.stdout), np.load(out)


def report(quick: bool) -> dict[str, float]:
    """Print the differences, px; return those with a target."""
    samples = pairs(quick)
    onset, frames = samples[0].onset, [pair.frame for pair in samples[:1] * 2]
    frames[1] = np.roll(frames[1], 1, axis=1)  # a second, larger motion
    single = Profile(scales=1, warps=1)
    ours = compute_tvl1(onset, frames, single, like_opencv=True)
    opencv = float(np.abs(ours - compute_opencv(onset, frames, single)).max())
    here = np.stack([compute_tvl1(onset, frames, profile) for profile in PROFILES.values()])
    with ThreadPoolExecutor(2) as pool:
        tasks = [(frame, profile) for profile in PROFILES.values() for frame in frames]
        fields = list(pool.map(lambda task: compute_tvl1(onset, task[:1], task[1])[0], tasks))
    threaded = float(np.abs(np.stack(fields).reshape(here.shape) - here).max())
    with TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "pictures.npy", np.stack([onset, *frames]))
        first, fresh = run_apart(folder, "fast", "first")
        cached, again = run_apart(folder, "fast", "again")
        _, strict = run_apart(folder, "strict", "strict")
    repeated = float(max(np.abs(fresh - here).max(), np.abs(again - here).max()))
    arithmetic = float(np.abs(strict - here).max())
    print("\nparity: largest difference anywhere, px")
    print(f"  1 scale and 1 warp like OpenCV, and OpenCV      {opencv:.1e}")
    print(f"  strict and fast arithmetic, exact and fast      {arithmetic:.1e}")
    print(f"  two threads and one                             {threaded:.1e}")
    print(f"  three processes, one of which compiled          {repeated:.1e}")
    print(f"compiling: first call {first:.1f} s; from the cache, in a new process, {cached:.1f} s")
    return {
        "parity_px": opencv,
        "arithmetic_px": arithmetic,
        "threads_px": threaded,
        "repeat_px": repeated,
        "compile_seconds": round(first, 1),
        "cached_seconds": round(cached, 1),
    }
