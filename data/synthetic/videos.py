"""Synthetic people as videos, with a table of the intervals in which they show an expression."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.files import write_atomic
from raicl.common.terminal.progress import progress
from raicl.common.terminal.wording import typed
from raicl.data.encoding import write_video
from raicl.data.synthetic.course import Course
from raicl.data.synthetic.database import render_frames, staged
from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.face import draw_face, render_face
from raicl.data.synthetic.footage import RATE, Shown, at_rate, draw_recording
from raicl.data.synthetic.motion import draw_habits
from raicl.data.synthetic.performance import perform
from raicl.data.synthetic.plan import Scene, plan_scenes
from raicl.data.synthetic.rotation import set_rotation
from raicl.data.synthetic.tree import LAYOUTS

TABLE = "intervals.csv"
_LAYOUT = LAYOUTS["casme2"]  # its names and the size of its frames


@dataclass(frozen=True, kw_only=True)
class Filming:
    """How videos are made.

    Attributes
    ----------
    seed, difficulty, course, margin : as in `make_database`; the same people show the same.
    fps : frame rate of the videos.
    lossless : write FFV1 in mkv rather than MPEG-4 in mp4.
    """

    seed: int
    difficulty: Difficulty
    course: Course
    margin: int
    fps: float
    lossless: bool = False

    @property
    def suffix(self) -> str:
        """Ending of the files."""
        return ".mkv" if self.lossless else ".mp4"


def film(
    folder: Path, layout: str, filming: Filming, *, subjects: int, clips: int, jobs: int
) -> str:
    """Write the videos that ``raicl synth --layout`` names; returns the next command.

    Parameters
    ----------
    layout : ``video`` for a video of each clip, ``recording`` for one of each person.
    """
    if layout == "video":
        count = make_videos(folder, filming, subjects=subjects, clips=clips, jobs=jobs)
    else:
        count = make_recordings(folder, filming, subjects=subjects, expressions=clips, jobs=jobs)
    table = typed(folder / TABLE)
    return f"{folder}: {count} videos, next: raicl-prep video --intervals {table} --out clips.h5"


def make_videos(
    folder: Path, filming: Filming, *, subjects: int, clips: int, jobs: int | None = None
) -> int:
    """Write the clips of a synthetic database as one video each, and ``intervals.csv``.

    The motion is that of `make_database` with the same arguments, seen by a camera of another frame
    rate. The last mp4 is stored on its side, with the flag by which players turn it.

    Returns
    -------
    Number of videos.
    """
    import joblib

    scenes = plan_scenes(
        subjects,
        clips,
        filming.seed,
        difficulty=filming.difficulty,
        course=filming.course,
        margin=filming.margin,
    )
    with staged(folder) as stage:
        tasks = [
            joblib.delayed(_film_clip)(
                stage, scene, filming, scene is scenes[-1] and not filming.lossless
            )
            for scene in scenes
        ]
        _finish(folder, stage, tasks, jobs)
    return len(scenes)


def make_recordings(
    folder: Path, filming: Filming, *, subjects: int, expressions: int, jobs: int | None = None
) -> int:
    """Write one long video for each person, with rests between expressions, and ``intervals.csv``.

    See `draw_recording`, which has courses and rests of its own.

    Returns
    -------
    Number of videos.
    """
    import joblib

    with staged(folder) as stage:
        tasks = [
            joblib.delayed(_film_recording)(stage, subject, expressions, filming)
            for subject in range(subjects)
        ]
        _finish(folder, stage, tasks, jobs)
    return subjects


def _finish(folder: Path, stage: Path, tasks: Sequence[object], jobs: int | None) -> None:
    """Run the tasks, write the table of what they return, and move all to its place."""
    import joblib

    parallel = joblib.Parallel(n_jobs=jobs or -1, return_as="generator")
    rows: list[tuple[object, ...]] = []
    with progress(len(tasks), "synthetic videos") as shown:
        for found in parallel(tasks):
            rows += found
            shown.advance(note=found[0][0])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("input", "onset", "offset", "emotion"))
    writer.writerows(rows)
    for name in dict.fromkeys(str(row[0]) for row in rows):
        (stage / name).replace(folder / name)
    write_atomic(folder / TABLE, text.getvalue().encode())


def _film_clip(
    stage: Path, scene: Scene, filming: Filming, on_its_side: bool
) -> list[tuple[object, ...]]:
    """Write one clip."""
    face, motion, noise, rng = perform(scene, filming.seed, filming.difficulty, _LAYOUT.size)
    seen = at_rate(motion, filming.fps)
    name = f"{_LAYOUT.subject(scene)}_{_LAYOUT.clip(scene)}{filming.suffix}"
    frames = render_frames(render_face(face, _LAYOUT.size), seen, noise=noise, rng=rng)
    if on_its_side:
        write_video(stage / name, map(_turned_left, frames), filming.fps)
        set_rotation(stage / name, 90, _LAYOUT.size[::-1])
    else:
        write_video(stage / name, frames, filming.fps)
    onset, offset = (
        round(number * filming.fps / RATE)
        for number in (scene.margin, scene.margin + scene.frames - 1)
    )
    last = len(seen.weights) - 1
    return [(name, onset, min(max(offset, onset + 1), last), scene.emotion)]


def _film_recording(
    stage: Path, subject: int, expressions: int, filming: Filming
) -> list[tuple[object, ...]]:
    person = np.random.default_rng([filming.seed, 1, subject])
    face = draw_face(person, _LAYOUT.size)
    habits = draw_habits(person, filming.difficulty)
    rng = np.random.default_rng([filming.seed, 3, subject])
    motion, shown = draw_recording(
        rng,
        face=face,
        habits=habits,
        difficulty=filming.difficulty,
        size=_LAYOUT.size,
        expressions=expressions,
        fps=filming.fps,
    )
    name = f"long{subject + 1:02d}{filming.suffix}"
    noise = rng.uniform(*filming.difficulty.noise)
    neutral = render_face(face, _LAYOUT.size)
    write_video(stage / name, render_frames(neutral, motion, noise=noise, rng=rng), filming.fps)
    return [_row(name, one) for one in shown]


def _row(name: str, shown: Shown) -> tuple[object, ...]:
    return name, shown.onset, shown.offset, shown.emotion


def _turned_left(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(frame))
