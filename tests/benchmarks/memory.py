"""Memory of `raicl-train --jobs 1, 2, 4, 8`, beside as many copies of the instances.

Trains nine folds of a small network on a cache of several hundred megabytes, and adds up the
proportional set size (PSS) of the command and all its workers, in which a page that N processes
share counts 1/N in each. The same with next to no instances is the floor: Python, PyTorch and the
other libraries of every process. Linux only. Run: ``make bench-memory``.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path
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


def main() -> None:
    """Print a row per number of jobs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=400, help="of instances")
    parser.add_argument("--jobs", default="1,2,4,8")
    options = parser.parse_args()
    per_clip = options.megabytes * 10**6 // (6 * SIZE**2 * SUBJECTS * len(CLASSES))
    held = per_clip * 6 * SIZE**2 * SUBJECTS * len(CLASSES) / 1e6
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_random_cache(folder / "large.h5", per_clip)
        write_random_cache(folder / "floor.h5", 2)
        print(f"{held:.0f} MB of instances; peak PSS of all processes, MB")
        print(f"{'jobs':>4} {'peak':>7} {'floor':>7} {'beyond':>7} {'of 1 job':>8} {'copies':>7} s")
        alone = 0.0
        for jobs in map(int, options.jobs.split(",")):
            floor, _ = measure(folder / "floor.h5", folder, jobs)
            whole, seconds = measure(folder / "large.h5", folder, jobs)
            alone = alone or whole - floor
            print(
                f"{jobs:4} {whole:7.0f} {floor:7.0f} {whole - floor:7.0f} "
                f"{(whole - floor) / alone:8.2f} {jobs * held:7.0f} {seconds:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
