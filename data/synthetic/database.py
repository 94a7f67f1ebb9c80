"""READ FIRST: a synthetic database with known motion, laid out like a real one."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import UsageError
from raicl.common.files import write_atomic, write_json, writing
from raicl.common.terminal.progress import progress
from raicl.data.synthetic.course import Course
from raicl.data.synthetic.difficulty import Difficulty, described
from raicl.data.synthetic.existing import SETTINGS, TRUTH, is_complete, parts
from raicl.data.synthetic.face import render_face
from raicl.data.synthetic.field import dense_field, invert, pixel_grid
from raicl.data.synthetic.landmarks import landmarks
from raicl.data.synthetic.motion import Motion
from raicl.data.synthetic.performance import perform
from raicl.data.synthetic.plan import Scene, plan_scenes
from raicl.data.synthetic.proportions import Proportions
from raicl.data.synthetic.tree import LAYOUTS
from raicl.data.synthetic.truth import FORMAT, carry, write_truth

_JPEG_QUALITY = 95
_FINER = 3  # frames are sampled from a picture that is larger by this factor
STAGE = ".synthetic.tmp"


def make_database(
    folder: Path,
    *,
    subjects: int = 12,
    clips: int = 6,
    test_clips: int = 0,
    seed: int = 0,
    layout: str = "casme2",
    difficulty: Difficulty | None = None,
    course: Course = "symmetric",
    proportions: Proportions | None = None,
    margin: int = 0,
    jobs: int | None = None,
) -> tuple[Scene, ...]:
    """Write a database of `subjects` people with `clips` clips each into `folder`.

    `layout` decides where the pictures and the sheet are. ``truth/<subject>/<clip>.npz`` holds
    every frame's true displacement (see `raicl.data.synthetic.truth`). The bytes depend only on the
    arguments, without `jobs`. A complete database with the same arguments is left unchanged. A run
    that is stopped leaves only a hidden folder, which the next run removes.

    Parameters
    ----------
    folder : output folder, created if missing.
    test_clips : number of clips per person that are only tested; see `plan_scenes`.
    difficulty : how hard the classes are to tell apart; None means the documented default.
    course : how the clips go in time; see `raicl.data.synthetic.course`.
    proportions : of the classes negative, positive and surprise; None means as many of each.
    margin : number of frames to write before each annotated onset and after each offset.
    jobs : number of worker processes; None means one per core.

    Returns
    -------
    The scenes, one per clip, in the sheet's order.

    Raises
    ------
    UsageError : a count is not positive, the layout is unknown, there are fewer clips than classes
        in `proportions`, or strong units shall be missing in test clips and there are none.
    SetupError : scikit-image is not installed.
    ConflictError : `folder` holds another database.
    InputError : `folder` cannot be written.
    ResourceError : the disk is full.
    """
    import joblib

    difficulty = difficulty or Difficulty()
    _check(subjects, clips, test_clips, seed, margin, layout, difficulty)
    settings: dict[str, object] = {
        "subjects": subjects,
        "clips": clips,
        "seed": seed,
        "layout": layout,
        "difficulty": described(difficulty),
        "format": FORMAT,
    }
    options = {
        "test_clips": test_clips,
        "course": "" if course == "symmetric" else course,
        "proportions": proportions,
        "margin": margin,
    }
    settings |= {name: value for name, value in options.items() if value}
    scenes = plan_scenes(
        subjects,
        clips,
        seed,
        test_clips=test_clips,
        difficulty=difficulty,
        course=course,
        proportions=proportions,
        margin=margin,
    )
    if is_complete(folder, layout, settings):
        return scenes
    with staged(folder) as stage:
        tasks = (joblib.delayed(write_clip)(stage, s, seed, layout, difficulty) for s in scenes)
        parallel = joblib.Parallel(n_jobs=jobs or -1, return_as="generator_unordered")
        with progress(len(scenes), "synthetic clips") as shown:
            for name in parallel(tasks):
                shown.advance(note=name)
        write_atomic(stage / LAYOUTS[layout].sheet, LAYOUTS[layout].annotate(scenes))
        write_json(stage / TRUTH / SETTINGS, settings)
        for part in parts(layout):
            (stage / part).replace(folder / part)
    return scenes


def write_clip(stage: Path, scene: Scene, seed: int, layout: str, difficulty: Difficulty) -> str:
    """Write the pictures and the truth of one scene below `stage`; returns subject/clip."""
    import cv2

    cv2.setNumThreads(1)  # clips already run in parallel
    layout_ = LAYOUTS[layout]
    face, motion, noise, rng = perform(scene, seed, difficulty, layout_.size)
    name = Path(layout_.subject(scene), layout_.clip(scene))
    pictures = stage / layout_.pictures / name
    truth = stage / TRUTH / f"{name}.npz"
    pictures.mkdir(parents=True)
    truth.parent.mkdir(parents=True, exist_ok=True)
    first = scene.onset - scene.margin
    digests = []
    for number, picture in enumerate(
        render_frames(render_face(face, layout_.size), motion, noise=noise, rng=rng), first
    ):
        encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
        content = encoded.tobytes()
        digests.append(hashlib.sha256(content).digest())
        (pictures / layout_.picture(number)).write_bytes(content)
    write_truth(
        truth,
        motion,
        first=first,
        size=layout_.size,
        landmarks=landmarks(face),
        digests=digests,
    )
    return str(name)


def render_frames(
    neutral: NDArray[np.float32], motion: Motion, *, noise: float, rng: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    """Yield the T frames (h, w, 3) of `motion`, made from the picture `neutral` (h, w, 3).

    A point x of the onset is seen in frame n at ``carry(x + face_n(x))``, so the frame's pixel y
    shows the x that solves ``x + face_n(x) = carry^-1(y)``. The noise is the same in the three
    channels, because independent noise would be a third weaker after conversion to grey.

    Frames are sampled linearly from a picture three times as large. This gives errors of 0.07 grey
    levels RMS, and of 2 % in shifts. OpenCV's bicubic kernel would make 0.13 px of a 0.1 px shift.
    """
    import cv2

    height, width = neutral.shape[:2]
    grid = pixel_grid((width, height))
    fine = cv2.resize(neutral, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_LANCZOS4)
    for weights, drift in zip(motion.weights, motion.drift, strict=True):
        face = dense_field(motion.bumps, weights, (width, height))
        targets = carry(grid, drift, motion.pivot, back=True).astype(np.float32)
        # pixel centres: (p + 0.5) k - 0.5 of the finer picture
        across, down = (invert(face, targets, rounds=4) + 0.5) * _FINER - 0.5
        picture = cv2.remap(
            fine, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        ).astype(np.float32, copy=False)
        flicker = rng.standard_normal((height, width, 1), dtype=np.float32)
        picture += np.float32(noise) * flicker
        yield np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _check(
    subjects: int,
    clips: int,
    test_clips: int,
    seed: int,
    margin: int,
    layout: str,
    difficulty: Difficulty,
) -> None:
    at_least = (
        *(("subjects", subjects, 1), ("clips", clips, 1)),
        *(("test-clips", test_clips, 0), ("seed", seed, 0), ("margin", margin, 0)),
    )
    for name, value, least in at_least:
        if value < least:
            raise UsageError(f"--{name} {value}: expected at least {least}", fix="use a larger one")
    if layout not in LAYOUTS:
        raise UsageError(
            f"unknown layout {layout!r}", fix=f"choose one of: {', '.join(sorted(LAYOUTS))}"
        )
    if difficulty.missing and not test_clips:
        raise UsageError(
            "the strong action unit is missing in test clips alone, and there are none",
            fix="give --test-clips, or --difficulty similar",
        )


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty hidden folder inside `folder`, which is removed at the end in any case."""
    stage = folder / STAGE
    try:
        with writing(folder):
            shutil.rmtree(stage, ignore_errors=True)  # what a killed run left
            (stage / TRUTH).mkdir(parents=True)
            yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
