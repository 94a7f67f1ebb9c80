"""The whole stage, from JPEG to shard, beside the loop one would write with joblib and OpenCV."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from raicl.common.parallel import run_all, stop_workers
from raicl.common.terminal import console
from raicl.data.database import read_database
from raicl.data.records import Database, Footage, Frame
from raicl.data.synthetic.database import make_database
from raicl.preprocess.face.models import model_file
from raicl.preprocess.flow.engine import Engine, compute_flow
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from tests.benchmarks.flow.loop import process_clip, start_worker

JOBS, N = 2, 16
PROFILES = {
    "exact": PrepSettings(),
    "fast": PrepSettings(flow_profile="fast"),
}


def make_clips(folder: Path, count: int, distinct: int) -> Database:
    """`count` clips of an onset and 16 frames, 640x480 JPEG, copied from `distinct` synthetic ones.

    A copy's files end in a remark of their own: equal files would be taken from the cache.
    """
    make_database(folder / "database", subjects=max(1, distinct // 2), clips=2, seed=3, jobs=JOBS)
    database = read_database("synthetic", root=folder / "database")
    copies = [
        copy_clip(database.footage[number % distinct], folder / "clips", number)
        for number in range(count)
    ]
    return dataclasses.replace(database, root=folder / "clips", footage=tuple(copies))


def copy_clip(footage: Footage, folder: Path, number: int) -> Footage:
    """The onset and the middle 16 frames of a clip, as a clip of its own."""
    middle = (len(footage.frames) - N) // 2
    target = folder / f"clip{number}"
    target.mkdir(parents=True)
    frames = []
    for index, frame in enumerate((footage.frames[0], *footage.frames[middle : middle + N])):
        path = target / f"img{index}.jpg"
        path.write_bytes(frame.path.read_bytes() + b"clip %d" % number)
        frames.append(Frame(index, path))
    clip = dataclasses.replace(
        footage.clip, name=f"clip{number}", onset=0, offset=N, apex=None, flags=()
    )
    return Footage(clip, tuple(frames))


def time_stage(
    database: Database,
    folder: Path,
    settings: PrepSettings,
    jobs: int,
    flow: Engine = compute_flow,
) -> tuple[float, float]:
    """Seconds of wall and of processor time of `raicl-prep`: start of the workers to index."""
    folder.mkdir()
    stop_workers()  # each run starts its own, as each command does
    started, busy = time.perf_counter(), processor_time()
    rows = prepare(database, folder / "flows.h5", settings, jobs=jobs, flow=flow)
    seconds = time.perf_counter() - started
    stop_workers()  # their time is known once they are gone
    assert [row.status for row in rows] == ["computed"] * len(rows)
    return seconds, processor_time() - busy


def time_loop(database: Database, folder: Path, clips: int) -> tuple[float, float]:
    """Seconds of wall and of processor time of the loop, its workers started and warm before."""
    stop_workers()
    model = str(model_file("dlib68"))
    paths = [[str(frame.path) for frame in item.frames] for item in database.footage[:clips]]
    with Parallel(n_jobs=JOBS, batch_size=1) as pool:
        pool(delayed(start_worker)(model) for _ in range(4 * JOBS))
        started = time.perf_counter()
        busy = sum(
            pool(
                delayed(process_clip)(clip, model, str(folder / f"{k}.npy"))
                for k, clip in enumerate(paths)
            )
        )
        return time.perf_counter() - started, busy


def processor_time() -> float:
    """Seconds that this process and those it has waited for have computed."""
    return sum(os.times()[:4])


def peak_memory(_: int) -> float:
    """MB that this process held at most."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def without_flow(onset: np.ndarray, frames: list[np.ndarray], _: PrepSettings) -> np.ndarray:
    """No engine at all."""
    return np.zeros((len(frames), 2, *onset.shape), np.float32)


def report(folder: Path, quick: bool) -> dict[str, float]:
    """Print pairs per second; return the ratios."""
    console.configure(quiet=True)
    count, distinct, slow = (8, 2, 2) if quick else (256, 16, 6)
    database = make_clips(folder, count, distinct)
    print(f"\nstage: {count} clips of 16 pairs, 640x480 JPEG to shards, {JOBS} processes")
    print(f"{'':38}{'s':>7}{'pairs/s':>10}{'times':>8}{'of processor time':>20}")
    wall, busy = time_loop(database, folder, slow)
    loop, lazy = slow * N / wall, slow * N / busy
    print(f"  {f'joblib + OpenCV, {slow} clips, warm':36}{wall:7.1f}{loop:10.2f}", flush=True)
    found = {}
    for name, settings in PROFILES.items():
        wall, busy = time_stage(database, folder / name, settings, JOBS)
        rate, worked = count * N / wall, count * N / busy
        row = f"{wall:7.1f}{rate:10.1f}{rate / loop:8.1f}{worked / lazy:20.1f}"
        print(f"  {f'raicl-prep, {name}':36}{row}", flush=True)
        found[f"stage_{name}_vs_joblib"] = round(rate / loop, 1)
        found[f"stage_{name}_seconds_per_256"] = round(wall * 256 / count, 1)
    some = dataclasses.replace(database, footage=database.footage[: 2 if quick else 32])
    _, busy = time_stage(some, folder / "none", PROFILES["exact"], 1, without_flow)
    other = len(some.footage) * N / busy
    memory = worker_memory(some, folder / "memory")
    print(f"  everything but flow, of one process's time   {other:10.1f}")
    print(f"  a worker holds at most {memory:.0f} MB; load {os.getloadavg()[0]:.1f}")
    return found | {"other_pairs_per_second": round(other, 1), "worker_mb": round(memory)}


def worker_memory(database: Database, folder: Path) -> float:
    """MB that a worker holds at most."""
    folder.mkdir()
    stop_workers()
    prepare(database, folder / "flows.h5", PROFILES["exact"], jobs=JOBS)
    return max(float(mb) for _, mb in run_all(peak_memory, range(4 * JOBS), jobs=JOBS))
