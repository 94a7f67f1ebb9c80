"""The true displacement of every synthetic frame: stored as few numbers, computed on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.data.synthetic.field import Array, Bumps, Field, dense_field, pixel_grid
from raicl.data.synthetic.motion import Motion

FORMAT = 2  # of the files under truth/; 1 had no landmarks and no digests
Units = Literal["all", "strong", "weak"]


def write_truth(
    path: Path,
    motion: Motion,
    *,
    first: int,
    size: tuple[int, int],
    landmarks: Array,
    digests: Sequence[bytes] = (),
) -> None:
    """Write `motion` of a clip whose first frame has the number `first` (npz without pickles).

    The same motion gives the same bytes: numpy stamps the members of an npz with a fixed date.

    Parameters
    ----------
    landmarks : of the face on the onset frame, (68, 2), raw px, in dlib's order.
    digests : SHA-256 of the T pictures' files; tell whose truth it is. None if there are no files.
    """
    np.savez_compressed(
        path,
        frames=np.arange(first, first + len(motion.weights)),
        size=np.array(size),
        centre=motion.bumps.centre,
        sigma=motion.bumps.sigma,
        direction=motion.bumps.direction,
        unit=motion.unit,
        strong=motion.strong,
        weights=motion.weights,
        drift=motion.drift,
        pivot=motion.pivot,
        apex=np.array(motion.apex),
        landmarks=landmarks,
        digests=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
    )


def read_truth(path: Path) -> tuple[Motion, NDArray[np.int64], tuple[int, int]]:
    """Motion, frame numbers (T,) and frame size (width, height) of a clip.

    Raises
    ------
    InputError : `path` is missing or was not written by `write_truth`.
    """
    with _stored(path) as parts:
        motion = Motion(
            bumps=Bumps(parts["centre"], parts["sigma"], parts["direction"]),
            unit=parts["unit"],
            strong=parts["strong"],
            weights=parts["weights"],
            drift=parts["drift"],
            pivot=parts["pivot"],
            apex=int(parts["apex"]),
        )
        width, height = (int(n) for n in parts["size"])
        return motion, parts["frames"], (width, height)


def read_landmarks(path: Path) -> Array:
    """The 68 landmarks of the face on the onset frame, (68, 2), raw px, in dlib's order.

    Raises
    ------
    InputError : as `read_truth`.
    """
    with _stored(path) as parts:
        points: Array = parts["landmarks"]
        return points


def read_digests(path: Path) -> dict[int, bytes]:
    """SHA-256 of each picture's file, by frame number.

    Raises
    ------
    InputError : as `read_truth`.
    """
    with _stored(path) as parts:
        pairs = zip(parts["frames"].tolist(), parts["digests"], strict=True)
        return {number: digest.tobytes() for number, digest in pairs}


@contextmanager
def _stored(path: Path) -> Iterator[dict[str, Any]]:
    """The members of a clip's file, by name. A missing one is the user's error, not ours."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            yield {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            "not the truth of a synthetic clip, or that of an older raicl",
            where=str(path),
            fix="remove the database's folder and write it again with `raicl synth`",
        ) from error


def true_flow(
    path: Path, frame: int, *, drift: bool = True, distractors: bool = True
) -> NDArray[np.float32]:
    """Displacement (2, height, width) from the annotated onset to frame number `frame`, raw px.

    ``onset(x, y) = frame(x + u, y + v)`` with u to the right and v down, except for camera noise
    and JPEG errors.

    Parameters
    ----------
    path : the clip's file under ``truth/``.
    frame : number as in the file name of the picture.
    drift : whether to include the head's movement (applied after the face's own).
    distractors : whether to include the movements unrelated to the class.

    Raises
    ------
    InputError : the file is missing or of another kind, or the clip has no such frame.
    """
    motion, frames, size = read_truth(path)
    rows = np.flatnonzero(frames == frame)
    if len(rows) != 1:
        raise InputError(
            f"no frame {frame}, only {frames[0]} to {frames[-1]}",
            where=str(path),
            fix="ask for a frame of this clip",
        )
    row = int(rows[0])
    kept = motion.weights[row] * (motion.action | distractors)
    face = dense_field(motion.bumps, kept, size)
    if not drift:
        return face
    grid = pixel_grid(size).astype(np.float64)  # float32 resolves only 6e-5 px at x = 640
    return (carry(grid + face, motion.drift[row], motion.pivot) - grid).astype(np.float32)


def moving_region(path: Path, threshold: float = 0.3, part: Units = "all") -> NDArray[np.bool_]:
    """Mask (height, width) of where the action units move by more than `threshold` of their peak.

    The motion is that of the apex, without drift and distractors.

    Parameters
    ----------
    part : all action units, the clip's strong one, or its weak ones. Without any the mask is empty.
    """
    motion, _, size = read_truth(path)
    parts = {"all": motion.action, "strong": motion.strong, "weak": motion.action & ~motion.strong}
    flow = dense_field(motion.bumps, motion.weights[motion.apex] * parts[part], size)
    magnitude = np.hypot(flow[0], flow[1])
    region: NDArray[np.bool_] = magnitude > threshold * magnitude.max()
    return region


def carry(points: Array | Field, drift: Array, pivot: Array, *, back: bool = False) -> Array:
    """Move `points` (2, h, w) with the head by `drift` (3,): turn about `pivot`, then shift.

    With `back`, undo that movement.
    """
    cosine, sine = np.cos(drift[2]), np.sin(drift[2])
    right, down, across, along = drift[0], drift[1], pivot[0], pivot[1]
    if back:
        x, y = points[0] - (across + right), points[1] - (along + down)
        return np.stack([cosine * x + sine * y + across, cosine * y - sine * x + along])
    x, y = points[0] - across, points[1] - along
    return np.stack(
        [cosine * x - sine * y + (across + right), sine * x + cosine * y + (along + down)]
    )
