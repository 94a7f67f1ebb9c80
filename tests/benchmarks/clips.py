"""What a database of 10,000 clips costs beside its flow: time, and memory of the main process.

Writes clips of five small frames, each with a content of its own, as one's own database
(``raicl-prep folder``), and measures every command that handles all of them: the audit, the
preparation, killed half way and continued, the same again with nothing to do, writing and reading
the index, and ``raicl inspect``. The same on a fifth of the clips tells what grows faster than they
do. Flow is that of DIS on 32 px, because it is not what is measured. Linux only. Run:
``make bench-clips``.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from raicl.common.cache.flows import open_cache, shards_folder, write_index

SIDE, FRAMES, PER_SUBJECT = 48, 5, 100
EMOTIONS = ("disgust", "happiness", "surprise")
FAST = [
    *("--size", "32", "--margin", "0", "--align", "none", "--flow", "dis", "--n-frames", "2"),
    *("--jobs", "2", "--quiet"),
]


class Cost(NamedTuple):
    """Of a command: seconds by the clock and of all processors, and its main process's memory."""

    seconds: float
    processor_seconds: float
    megabytes: float


def write_clips(root: Path, clips: int) -> None:
    """``sNNN/cNN/imgN.bmp`` with a table; a spot that moves over noise, in every clip another."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    lines = ["subject,clip,onset,offset,apex,emotion,fps"]
    for index in range(clips):
        subject, name = f"s{index // PER_SUBJECT:03d}", f"c{index % PER_SUBJECT:02d}"
        folder = root / subject / name
        folder.mkdir(parents=True)
        still = rng.integers(60, 200, (SIDE, SIDE), dtype=np.uint8)
        for number in range(1, FRAMES + 1):
            frame = cv2.circle(still.copy(), (15 + number, 24), 6, 255, -1)
            cv2.imwrite(str(folder / f"img{number}.bmp"), frame)
        emotion = EMOTIONS[index % len(EMOTIONS)]
        lines.append(f"{subject},{name},1,{FRAMES},3,{emotion},200")
    (root / "clips.csv").write_text("\n".join(lines) + "\n")


def run(words: list[str], *, until: Callable[[], bool] = lambda: False) -> Cost:
    """Run a command and watch its memory. It is killed as soon as `until` holds."""
    program, *rest = words
    command = [str(Path(sys.executable).parent / program), *rest]
    started, used, largest, killed = time.perf_counter(), processor(), 0, False
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        largest = max([largest, *(int(s.split()[1]) for s in status.splitlines() if "VmHWM" in s)])
        if until():
            process.kill()
            killed = True
        time.sleep(0.1)
    assert killed or process.returncode == 0, command
    return Cost(time.perf_counter() - started, processor() - used, largest * 1024 / 1e6)


def processor() -> float:
    """Processor time of this process and of those that have ended, s."""
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def timed(work: Callable[[], object]) -> Cost:
    """Time of something in this process."""
    started, used = time.perf_counter(), processor()
    work()
    return Cost(time.perf_counter() - started, processor() - used, 0.0)


def measure(place: Path, clips: int) -> dict[str, Cost]:
    """The cost of every command on a database of so many clips."""
    root, out = place / f"clips-{clips}", place / f"flows-{clips}.h5"
    write_clips(root, clips)
    prep = ["raicl-prep", "folder", "--root", str(root), "--out", str(out), *FAST]

    def half() -> bool:
        folder = shards_folder(out)
        return folder.exists() and sum(1 for _ in folder.iterdir()) >= clips / 2

    costs = {
        "audit (--dry-run)": run([*prep, "--dry-run"]),
        "prepare, killed half way": run(prep, until=half),
        "the same again, to the end": run(prep),
        "again, all there": run(prep),
        "raicl inspect": run(["raicl", "inspect", str(out)]),
        "read the index": timed(lambda: open_cache(out)),
    }
    cache = open_cache(out)
    assert len(cache.records) == clips
    copy = place / "copy.h5"
    written = timed(
        lambda: write_index(copy, cache.records, size=cache.size, settings=cache.settings)
    )
    return {**costs, "write the index": written}


def main() -> None:
    """Print a row per command, and a pair of columns per number of clips."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000)
    clips = parser.parse_args().clips
    sizes = (clips // 5, clips)
    with TemporaryDirectory() as place:
        columns = [measure(Path(place), size) for size in sizes]
    head = "".join(f"{f'{size:,} clips: s':>18} {'CPU s':>7} {'MB':>6}" for size in sizes)
    print(f"{'':28}{head}")
    for name in columns[0]:
        costs = [column[name] for column in columns]
        row = (f"{c.seconds:18.1f} {c.processor_seconds:7.1f} {c.megabytes:6.0f}" for c in costs)
        print(f"{name:28}{''.join(row)}")


if __name__ == "__main__":
    main()
