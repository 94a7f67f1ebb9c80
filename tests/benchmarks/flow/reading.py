"""Stage 1 with every frame read once, beside reading it three times: to look up, digest and decode.

Three disks: files in the page cache; files dropped from it before each run; and a slow disk, which
is simulated by making every read wait. One process, so that waiting is not hidden by the other one.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest.mock import patch

from raicl.common.terminal import console
from raicl.data.records import Database
from raicl.preprocess.prepare import prepare
from tests.benchmarks.flow.stage import PROFILES, make_clips

WAIT, BYTES_PER_SECOND = 0.005, 40e6  # of the slow disk: a share on a network
Read = Callable[[Path], bytes]


def drop(database: Database) -> None:
    """Ask the system to forget the frames' files."""
    for frame in (frame for item in database.footage for frame in item.frames):
        descriptor = os.open(frame.path, os.O_RDONLY)
        os.fsync(descriptor)  # only clean pages are dropped
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def reader(read: Read, *, times: int, slow: bool) -> Read:
    """A `Path.read_bytes` that reads several times, each time waiting where the disk is slow."""

    def read_bytes(path: Path) -> bytes:
        for _ in range(times):
            content = read(path)
            if slow:
                time.sleep(WAIT + len(content) / BYTES_PER_SECOND)
        return content

    return read_bytes


def time_reads(database: Database, out: Path, *, times: int, disk: str) -> float:
    """Seconds of `prepare`."""
    if disk == "dropped":
        drop(database)
    read_bytes = reader(Path.read_bytes, times=times, slow=disk == "slow")
    with patch.object(Path, "read_bytes", read_bytes):
        started = time.perf_counter()
        rows = prepare(database, out, PROFILES["exact"], jobs=1)
    assert {row.status for row in rows} == {"computed"}
    return time.perf_counter() - started


def report(folder: Path, quick: bool) -> dict[str, float]:
    """Print seconds per clip; return the ratios."""
    console.configure(quiet=True)
    count = 4 if quick else 16
    database = make_clips(folder, count, 2 if quick else 8)
    prepare(dataclasses.replace(database, footage=database.footage[:1]), folder / "warm.h5",
            PROFILES["exact"])  # fmt: skip
    print(f"\nreading: {count} clips of an onset and 16 frames, 640x480 JPEG, one process")
    print(f"{'':38}{'s/clip':>8}{'read three times':>18}{'ratio':>8}")
    found = {}
    for disk in ("cached", "dropped", "slow"):
        seconds: dict[int, list[float]] = {1: [], 3: []}
        for turn in range(2 if quick else 3):
            for times, rounds in seconds.items():  # in turn: other programs slow down both
                out = folder / f"{disk}{times}-{turn}.h5"
                rounds.append(time_reads(database, out, times=times, disk=disk))
        once, thrice = (median(values) for values in seconds.values())
        row = f"{once / count:8.3f}{thrice / count:18.3f}{thrice / once:8.2f}"
        print(f"  {f'{disk} files':36}{row}", flush=True)
        found[f"reading_{disk}"] = round(thrice / once, 2)
    wait, speed = 1000 * WAIT, BYTES_PER_SECOND / 1e6
    print(f"  slow: every read waits {wait:g} ms, then {speed:g} MB/s")
    return found
