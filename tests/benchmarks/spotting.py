"""Proposed intervals against the truth of synthetic recordings, and a video of ten minutes.

``python -m tests.benchmarks.spotting`` makes recordings, or takes ``--recordings DIR`` of
``raicl synth DIR --layout recording``. An expression is found if a proposal overlaps it by half of
their union, as the MEGC challenge counts; each proposal finds one at most.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from raicl.data.encoding import write_video
from raicl.data.synthetic.difficulty import DIFFICULTIES
from raicl.data.synthetic.videos import TABLE, Filming, make_recordings
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.recording import Recording, open_recording
from raicl.preprocess.video.search import search

Interval = tuple[int, int]
_MINUTES = 10
_MEASURED = """
import json, resource, sys, time
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.recording import open_recording
from raicl.preprocess.video.search import search
wall, cpu = time.monotonic(), time.process_time()
recording = open_recording(sys.argv[1], name="long", fps=None)
found = search(recording, PrepSettings(), 1)
print(json.dumps({
    "frames": len(recording.numbers), "proposals": len(found.intervals),
    "wall_s": time.monotonic() - wall, "cpu_s": time.process_time() - cpu,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def overlap(one: Interval, other: Interval) -> float:
    """Intersection over union of two intervals of frames, both ends included."""
    common = min(one[1], other[1]) - max(one[0], other[0]) + 1
    return max(0, common) / (max(one[1], other[1]) - min(one[0], other[0]) + 1)


def found_of(truth: list[Interval], proposed: list[Interval]) -> int:
    """Expressions that are found; the best pairs are matched first."""
    pairs = sorted(
        ((overlap(t, p), i, j) for i, t in enumerate(truth) for j, p in enumerate(proposed)),
        reverse=True,
    )
    taken_t: set[int] = set()
    taken_p: set[int] = set()
    for share, i, j in pairs:
        if share >= 0.5 and i not in taken_t and j not in taken_p:
            taken_t.add(i)
            taken_p.add(j)
    return len(taken_t)


def ours(recording: Recording) -> list[Interval]:
    """The intervals that `raicl-prep video` proposes."""
    return [(one.onset, one.offset) for one in search(recording, PrepSettings(), 1).intervals]


def differences(recording: Recording) -> list[Interval]:
    """The baseline: frames that differ from the one before by more than the noise."""
    values, before = [], None
    for _, frame in recording.frames(lambda _: True):
        small = cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        image = small.astype(np.float32)
        values.append(0.0 if before is None else float(np.abs(image - before).mean()))
        before = image
    smooth = np.convolve(values, np.ones(3) / 3, mode="same")
    middle = np.median(smooth)
    spread = 1.4826 * np.median(np.abs(smooth - middle))
    return runs(smooth > middle + 3 * spread, gap=3)


def runs(marked: NDArray[np.bool_], *, gap: int) -> list[Interval]:
    """Runs of marked frames of at least two; smaller gaps are closed."""
    found: list[Interval] = []
    for index in np.flatnonzero(marked).tolist():
        if found and index - found[-1][1] <= gap:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return [one for one in found if one[1] > one[0]]


def truths(folder: Path) -> dict[str, list[Interval]]:
    table: dict[str, list[Interval]] = {}
    with (folder / TABLE).open() as stream:
        for row in csv.DictReader(stream):
            table.setdefault(row["input"], []).append((int(row["onset"]), int(row["offset"])))
    return table


def score(folder: Path) -> None:
    """Print recall, false alarms and F1 of the proposals and of the baseline."""
    table = truths(folder)
    recordings = {name: open_recording(str(folder / name), name=name, fps=None) for name in table}
    minutes = sum(float(one.times[-1]) for one in recordings.values()) / 60
    total = sum(map(len, table.values()))
    print(f"{len(table)} recordings, {minutes:.1f} min, {total} expressions")
    for label, propose in (("proposals", ours), ("frame differences", differences)):
        proposed = {name: propose(one) for name, one in recordings.items()}
        found = sum(found_of(truth, proposed[name]) for name, truth in table.items())
        touched = sum(
            any(overlap(t, p) > 0 for p in proposed[name]) for name, ts in table.items() for t in ts
        )
        count = sum(map(len, proposed.values()))
        print(
            f"{label:18} recall {found / total:.2f}  touched {touched / total:.2f}  "
            f"false alarms {(count - found) / minutes:.1f} a minute  "
            f"F1 {2 * found / max(1, total + count):.2f}",
            flush=True,
        )


def measure(folder: Path, minutes: float) -> None:
    """Print memory and speed on a video of ten minutes: recordings there and back again."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "long.mp4")
        write_video(path, islice(_frames(folder), round(minutes * 60 * 30)), 30)
        answer = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=True
        )
    found = json.loads(answer.stdout)
    print(
        f"{found['frames']} frames of 640x480 px: peak {found['peak_mb']:.0f} MB, "
        f"{found['frames'] / found['wall_s']:.0f} frames a second "
        f"({found['frames'] / found['cpu_s']:.0f} of CPU time), {found['proposals']} proposals"
    )


def _frames(folder: Path) -> Iterator[NDArray[np.uint8]]:
    """The frames of a recording forth and back for ever, ten seconds of them."""
    path = str(folder / next(iter(truths(folder))))
    capture, held = cv2.VideoCapture(path), []
    while len(held) < 300 and (read := capture.read())[0]:
        held.append(read[1])
    yield from chain.from_iterable(cycle([held, held[::-1]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, help="a folder of such recordings")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="0 leaves out the long one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.recordings
        if folder is None:
            folder = Path(place)
            filming = Filming(
                seed=5, difficulty=DIFFICULTIES["default"], course="symmetric", margin=0, fps=30
            )
            make_recordings(folder, filming, subjects=4, expressions=5)
        score(folder)
        if given.minutes:
            measure(folder, given.minutes)


if __name__ == "__main__":
    main()
