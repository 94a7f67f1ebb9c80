"""Memory of `raicl-train --jobs 1, 2, 4, 8` and of streaming, beside what copies or memory cost.

Trains nine folds of a small network on a cache of several hundred megabytes, and adds up the
proportional set size (PSS) of the command and all its workers, in which a page that N processes
share counts 1/N in each. The same with next to no instances is the floor: Python, PyTorch and the
other libraries of every process. Then the preset `tiny` trains two folds on a cache in memory and
on the same streamed with a quarter of its size as budget: seconds of an epoch and memory, again
with half of the cache, which tells whether memory grows with it. Linux only. Run:
``make bench-memory``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from raicl.common.cache.flows import shards_folder, write_index
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard, write_shard
from raicl.common.clip import Clip

SIZE, SUBJECTS, CLASSES = 97, 9, ("disgust", "happiness", "surprise")
# a network of a few thousand parameters and one step per fold, so that instances dominate
SMALL = [
    *("--size", "97", "--width", "4", "--stages", "3", "--blocks", "1", "--queries", "2"),
    *("--dim", "8", "--decoder-layers", "1", "--decoder-heads", "2", "--decoder-hidden", "8"),
    *("--dense-hidden", "8", "--projector-hidden", "8", "--device", "cpu", "--batch-size", "24"),
    *("--pairs", "1", "--epochs", "1", "--threads", "1", "--no-pictures", "--quiet"),
]


def write_random_cache(path: Path, per_clip: int, *, subjects: int = SUBJECTS) -> None:
    """A cache of one clip per subject and class, with `per_clip` instances of noise each."""
    shards_folder(path).mkdir()
    rng, records = np.random.default_rng(0), []
    noise = rng.normal(0, 0.3, (per_clip, 3, SIZE, SIZE)).astype(np.float16)
    for index in range(subjects * len(CLASSES)):
        shard = Shard(
            instances=np.roll(noise, index, axis=3),
            frames=np.arange(1, 1 + per_clip, dtype=np.int32),
            frame_digests=rng.integers(0, 256, (per_clip, 32), dtype=np.uint8),
            onset_face=np.full((SIZE, SIZE), index, np.uint8),
            transform=np.eye(2, 3),
            flags=(),
            fingerprint=f"{index:064x}",
            base=hashlib.sha256(str(index).encode()).hexdigest(),
        )
        name = f"{shard.base[-24:]}-{shard.fingerprint[-24:]}.h5"
        write_shard(shards_folder(path) / name, shard)
        clip = Clip(
            dataset="casme2",
            subject=f"sub{index // len(CLASSES) + 1:02d}",
            name=f"EP{index % len(CLASSES) + 1:02d}",
            emotion=CLASSES[index % len(CLASSES)],
            onset=0,
            offset=per_clip,
            apex=per_clip // 2,
            fps=200.0,
            sheet="bench",
        )
        record = ClipRecord(
            clip=clip,
            frames=tuple(shard.frames.tolist()),
            middle=per_clip // 2,
            n_frames=per_clip + 1,
            shard=name,
            digest=shard.digest,
        )
        records.append(record)
    write_index(path, records, size=SIZE, settings={"engine": "noise"})


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
        children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def resident_bytes(root: int) -> int:
    """PSS of a process and its descendants, bytes."""
    total = 0
    for pid in family(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def peak(command: list[str], *, every: float = 0.25) -> tuple[float, float]:
    """Largest PSS of a command with all its processes, MB, and the seconds it took."""
    started, largest = time.perf_counter(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        largest = max(largest, resident_bytes(process.pid))
        time.sleep(every)
    assert process.returncode == 0, command
    return largest / 1e6, time.perf_counter() - started


def measure(cache: Path, folder: Path, jobs: int) -> tuple[float, float]:
    """Peak MB and seconds of one training."""
    program = str(Path(sys.executable).parent / "raicl-train")
    run = ["--run-dir", str(folder / f"{cache.stem}-{jobs}"), "--jobs", str(jobs)]
    return peak([program, str(cache), *SMALL, *run])


def show_jobs(folder: Path, large: Path, held: float, numbers: list[int]) -> None:
    """Print a row per number of jobs."""
    print(f"{held:.0f} MB of instances; peak PSS of all processes, MB")
    print(f"{'jobs':>4} {'peak':>7} {'floor':>7} {'beyond':>7} {'of 1 job':>8} {'copies':>7} s")
    alone = 0.0
    for jobs in numbers:
        floor, _ = measure(folder / "floor.h5", folder, jobs)
        whole, seconds = measure(large, folder, jobs)
        alone = alone or whole - floor
        print(
            f"{jobs:4} {whole:7.0f} {floor:7.0f} {whole - floor:7.0f} "
            f"{(whole - floor) / alone:8.2f} {jobs * held:7.0f} {seconds:.0f}",
            flush=True,
        )


def epoch_seconds(run: Path) -> float:
    """Median time of an epoch, the first of a fold left out."""
    logs = [list(csv.DictReader(path.open())) for path in run.glob("folds/*/*/log.csv")]
    return median(float(row["seconds"]) for rows in logs for row in rows[1:])


def show_streams(folder: Path, large: Path, half: Path, held: float) -> None:
    """Print a row per place of the instances."""
    program = str(Path(sys.executable).parent / "raicl-train")
    tiny = ["--preset", "tiny", "--epochs", "4", "--device", "cpu", "--no-pictures", "--quiet"]
    streamed = ["--instances", "auto", "--memory-budget", f"{held / 4:.0f}MB"]
    floor, _ = peak([program, str(folder / "floor.h5"), *tiny, "--fold", "0-1", "--run-dir",
                     str(folder / "floor-tiny")])  # fmt: skip
    print(f"tiny, epochs of one fold; budget {held / 4:.0f} MB; peak PSS beyond the floor, MB")
    print(f"{'instances':34} {'s/epoch':>8} {'share':>6} {'beyond':>7}")
    resident = 0.0
    for name, cache, where in (
        (f"{held:.0f} MB in memory", large, ["--instances", "device"]),
        (f"{held:.0f} MB streamed", large, streamed),
        (f"{held / 2:.0f} MB streamed", half, streamed),
    ):
        run = folder / name.replace(" ", "-")
        words = [program, str(cache), *tiny, *where, "--fold", "0-1", "--run-dir", str(run)]
        largest, _ = peak(words)
        seconds = epoch_seconds(run)
        resident = resident or seconds
        print(f"{name:34} {seconds:8.2f} {resident / seconds:6.2f} {largest - floor:7.0f}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=400, help="of instances")
    parser.add_argument("--jobs", default="1,2,4,8", help="none for the second table alone")
    options = parser.parse_args()
    clips = SUBJECTS * len(CLASSES)
    per_clip = options.megabytes * 10**6 // (6 * SIZE**2 * clips)
    held = per_clip * 6 * SIZE**2 * clips / 1e6
    with TemporaryDirectory() as place:
        folder = Path(place)
        large, half = folder / "large.h5", folder / "half.h5"
        for path, number in ((large, per_clip), (half, per_clip // 2), (folder / "floor.h5", 2)):
            write_random_cache(path, number)
        if options.jobs != "none":
            show_jobs(folder, large, held, [int(part) for part in options.jobs.split(",")])
        show_streams(folder, large, half, held)


if __name__ == "__main__":
    main()
