"""What a Dask cluster costs and gains beside this machine's own processes, on loopback.

Clips (`raicl-prep`) and folds (`raicl-train`) with 1, 2 and 4 workers of one thread, each beside as
many processes of joblib in the same run, workers cold as a command finds them; then units that do
nothing, workers warm. Last, on paper: a list schedule of the measured times of units over 64
workers, and of a composite study over 8 GPUs. Run: ``make bench-scale``; the last line is JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import io
import json
import os
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from raicl.common.cluster.client import connected
from raicl.common.parallel import run_all, stop_workers
from raicl.common.terminal import console
from raicl.common.versioned import read_versioned
from raicl.data.records import Database
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.run.command import run
from raicl.train.run.records import FoldRecord
from raicl.train.settings import TrainSettings
from tests.benchmarks.flow.stage import make_clips
from tests.dask_cluster import local_dask
from tests.train.caches import write_cache

PREP = PrepSettings(flow_profile="fast")
TRAIN = TrainSettings(
    size=65, width=16, stages=3, blocks=1, epochs=4, pairs=8, batch_size=32, dim=32,
    decoder_heads=4, decoder_hidden=32, dense_hidden=64, projector_hidden=64,
    device="cpu", threads=1,
)  # fmt: skip
CORES = len(os.sched_getaffinity(0))
EMPTY = 200  # units that do nothing
CLIPS, FOLDS = 442, 68  # of the composite
GPU_FOLD_SECONDS = 7200 / FOLDS  # assumed: a composite study on one GPU in two hours, the goal


@dataclasses.dataclass(frozen=True)
class Timing:
    """One way to run all units: its wall time, and each unit's own, s."""

    seconds: float
    units: tuple[float, ...]


def time_prep(database: Database, out: Path, jobs: int, address: str | None) -> Timing:
    """All clips into a new cache."""
    started = time.perf_counter()
    rows = prepare(database, out, PREP, jobs=jobs, cluster=address)
    seconds = time.perf_counter() - started
    assert {row.status for row in rows} == {"computed"}
    stop_workers()
    return Timing(seconds, tuple(row.seconds for row in rows))


def time_train(flows: Path, folder: Path, jobs: int, address: str | None) -> Timing:
    """All folds into a new run."""
    started = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        run(
            [flows], TRAIN, test=[], fold=["all"], run_dir=folder, jobs=jobs, overwrite=False,
            pictures=False, tensorboard=False, oracle=False, as_json=True, cluster=address,
        )  # fmt: skip
    seconds = time.perf_counter() - started
    done = sorted(folder.glob("folds/*/*/done.json"))
    records = [read_versioned(path, FoldRecord, fix="") for path in done]
    return Timing(seconds, tuple(record.seconds for record in records))


def time_nothing(folder: Path, jobs: int, address: str | None) -> float:
    """Seconds from one of many units that do nothing to the next, workers warm."""
    with connected(address, beside=folder, files=[]) as cluster:
        ended = [
            time.perf_counter()
            for _ in run_all(abs, range(EMPTY), jobs=jobs, cluster=cluster)  # cheap and importable
        ]
    stop_workers()
    return (ended[-1] - ended[EMPTY // 4]) / (EMPTY - 1 - EMPTY // 4)


def schedule(units: Sequence[float], workers: int, *, start: float, each: float) -> float:
    """Makespan of units that go in their order to whoever is free, s.

    Parameters
    ----------
    start : what a worker needs before its first unit, s.
    each : what every unit costs besides, s.
    """
    free = [start] * workers
    for seconds in units:
        heapq.heappush(free, heapq.heappop(free) + seconds + each)
    return max(free)


def compare(
    stage: str, count: int, local: Timing, remote: Timing, alone: float
) -> dict[str, float]:
    """Print a row: processes here beside workers of a cluster.

    Parameters
    ----------
    alone : wall time of one worker, s. Efficiency is of as many workers as there are cores.
    """
    efficiency = alone / remote.seconds / min(count, CORES)
    more = (remote.seconds - local.seconds) * count / len(remote.units)
    ratio = remote.seconds / local.seconds
    print(f"{stage:<10}{count:>8}{local.seconds:>11.2f}{remote.seconds:>10.2f}{ratio:>13.2f}"
          f"{efficiency:>12.2f}{1e3 * more:>21.0f}")  # fmt: skip
    return {
        "joblib_s": round(local.seconds, 2), "dask_s": round(remote.seconds, 2),
        "ratio": round(ratio, 3), "efficiency": round(efficiency, 3),
    }  # fmt: skip


def compare_nothing(folder: Path, count: int, address: str) -> dict[str, float]:
    """Print a row of units that do nothing. One process here would be this one, so two are."""
    here = time_nothing(folder, max(2, count), None)
    there = time_nothing(folder, count, address)
    print(f"{'nothing':<10}{count:>8}{here:>11.4f}{there:>10.4f}{there / here:>13.1f}{'':>12}"
          f"{1e3 * (there - here):>21.1f}")  # fmt: skip
    return {"joblib_ms": round(1e3 * here, 2), "dask_ms": round(1e3 * there, 2)}


def measure(options: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], list[Timing]]:
    """Print a row per stage and number of workers.

    Returns
    -------
    The numbers, and how clips and folds took in processes here, fewest at a time.
    """
    database = make_clips(folder / "clips", options.clips, 2)
    flows = write_cache(folder / "flows.h5", subjects=options.folds, clips=3, n=8, size=65)
    print(f"{'':<10}{'workers':>8}{'joblib, s':>11}{'dask, s':>10}{'dask/joblib':>13}"
          f"{'efficiency':>12}{'more for a unit, ms':>21}")  # fmt: skip
    found: dict[str, Any] = {}
    alone: dict[str, float] = {}
    units: dict[str, Timing] = {}
    for count in (1, *options.workers):
        (place := folder / f"workers-{count}").mkdir()
        with local_dask(place, workers=count) as dask:
            for stage, timed in (
                ("prep", partial(time_prep, database)),
                ("train", partial(time_train, flows)),
            ):
                local = timed(place / f"{stage}-here", count, None)
                remote = timed(place / f"{stage}-there", count, dask.address)
                units.setdefault(stage, local)
                alone.setdefault(stage, remote.seconds)
                found[f"{stage}_{count}"] = compare(stage, count, local, remote, alone[stage])
            found[f"nothing_{count}"] = compare_nothing(place, count, dask.address)
    return found, [units["prep"], units["train"]]


def imagine(clips: Timing, folds: Timing, *, start: float, each: float) -> list[dict[str, Any]]:
    """Print what larger clusters would do with the same units, on paper."""
    print(f"\n{'on paper':<30}{'units':>6}{'workers':>9}{'work, s':>10}{'wall, s':>10}"
          f"{'efficiency':>12}")  # fmt: skip
    rows = []
    for what, units, workers in (
        ("clips of the composite, as here", np.resize(clips.units, CLIPS).tolist(), 64),
        ("folds of it, as here", np.resize(folds.units, FOLDS).tolist(), 64),
        ("folds of it, ten minutes each", [600.0] * FOLDS, 64),
        ("a composite study, 8 GPUs", [GPU_FOLD_SECONDS] * FOLDS, 8),
    ):
        seconds = schedule(units, workers, start=start, each=each)
        efficiency = sum(units) / workers / seconds
        print(f"{what:<30}{len(units):>6}{workers:>9}{sum(units):>10.0f}{seconds:>10.1f}"
              f"{efficiency:>12.2f}")  # fmt: skip
        rows.append({"what": what, "workers": workers, "seconds": round(seconds, 1),
                     "efficiency": round(efficiency, 3)})  # fmt: skip
    print(
        f"assumed: {start:.0f} s until a worker's first unit (imports, instances); besides "
        f"{1e3 * each:.0f} ms for each, as measured;\nstorage, network and scheduler never in the "
        f"way; a fold on a GPU in {GPU_FOLD_SECONDS:.0f} s, which is a goal\n(two hours for all on "
        "one GPU) and no measurement"
    )
    return rows


def main() -> None:
    """Print the tables, and the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4], help="besides one")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--start", type=float, default=15.0, help="s until a worker's first unit")
    options = parser.parse_args()
    console.configure(quiet=True)
    with TemporaryDirectory() as folder:
        found, (clips, folds) = measure(options, Path(folder))
    middle = [float(np.median(timing.units)) for timing in (clips, folds)]
    print(f"a clip {middle[0]:.2f} s, a fold {middle[1]:.2f} s (medians), {CORES} cores")
    each = found[f"nothing_{options.workers[-1]}"]["dask_ms"] / 1e3
    found["paper"] = imagine(clips, folds, start=options.start, each=each)
    print(json.dumps({"cores": CORES, "clip_s": middle[0], "fold_s": middle[1], **found}))


if __name__ == "__main__":
    main()
