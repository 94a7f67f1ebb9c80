"""Flow as the lineage of STSTNet and HTNet publishes it: small 8-bit pictures and a table of them.

Red, green and blue are u, v and strain, each stretched over 0 to 255 in each picture by itself. So
the zero, the sign and the strength are lost, as they are in what one can download.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.flows import Cache, not_finite, open_cache
from raicl.common.cache.record import ClipRecord
from raicl.common.clip import Clip, Split
from raicl.common.crop import eye_transform
from raicl.common.errors import InputError
from raicl.common.files import write_atomic
from raicl.common.instance import strain
from raicl.common.terminal.progress import progress
from raicl.data.protocols.protocol import Protocol, load_protocol
from raicl.data.synthetic.database import staged
from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.face import Face
from raicl.data.synthetic.field import dense_field, pixel_grid
from raicl.data.synthetic.landmarks import landmarks
from raicl.data.synthetic.performance import perform
from raicl.data.synthetic.plan import Scene
from raicl.data.synthetic.tree import LAYOUTS
from raicl.data.synthetic.truth import carry

TABLE = "clips.csv"
SIDE = 28  # px, as in the published folders
_COLUMNS = ("image", "subject", "class", "database")
_CROP = 225  # px; the flow is made at this size, as stage 1 makes it, and then made smaller
_LAYOUT = LAYOUTS["casme2"]  # its names and the size of its frames
Floats = NDArray[np.float32]


class Written(NamedTuple):
    """What was written.

    Attributes
    ----------
    pictures : how many.
    left_out : clips that have no class of the composite protocol.
    at_middle : pictures that show the middle, because nobody knows the apex.
    """

    pictures: int
    left_out: int
    at_middle: int = 0


class Drawn(NamedTuple):
    """A picture's flow (3, S, S) before it is stretched, and its row of the table."""

    instance: Floats
    dataset: str
    subject: str
    name: str
    label: str
    split: Split


def write_true_flow(
    folder: Path, scenes: Sequence[Scene], seed: int, difficulty: Difficulty, *, side: int = SIDE
) -> Written:
    """Write the true flow of synthetic scenes from onset to apex.

    Scenes without a class of the composite protocol are left out.

    Raises
    ------
    InputError : `folder` cannot be written.
    """
    cde = load_protocol("cde")
    labelled = [(scene, _class_of(scene, cde)) for scene in scenes]
    shown = [(scene, label) for scene, label in labelled if label is not None]
    drawn = (
        Drawn(
            _true_flow(scene, seed, difficulty),
            "synthetic",
            _LAYOUT.subject(scene),
            _LAYOUT.clip(scene),
            label,
            scene.split,
        )
        for scene, label in shown
    )
    _write(folder, drawn, len(shown), side)
    return Written(len(shown), len(scenes) - len(shown))


def write_cached_flow(folder: Path, path: Path, *, side: int = SIDE) -> Written:
    """Write the flow of a cache to the apex of each clip, or to its middle where none is known.

    Clips without a class of the composite protocol are left out.

    Raises
    ------
    InputError : the cache is unusable or has no such clip, or `folder` cannot be written.
    """
    cache, cde = open_cache(path), load_protocol("cde")
    labelled = [(record, cde.class_name(record.clip)) for record in cache.records]
    shown = [(record, label) for record, label in labelled if label is not None]
    if not shown:
        raise InputError(
            "no clip has a class of protocol cde", where=str(path), fix="give another cache"
        )
    drawn = (
        Drawn(
            _stored(cache, record),
            record.clip.dataset,
            record.clip.subject,
            record.id.split("/", 2)[2].replace("@", "-"),
            label,
            record.clip.split,
        )
        for record, label in shown
    )
    _write(folder, drawn, len(shown), side)
    return Written(
        len(shown),
        len(cache.records) - len(shown),
        sum(record.clip.apex is None for record, _ in shown),
    )


def _write(folder: Path, drawn: Iterable[Drawn], count: int, side: int) -> None:
    import cv2

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    with staged(folder) as stage, progress(count, "pictures of flow") as shown:
        rows: dict[str, Drawn] = {}
        for one in drawn:
            name = f"{one.subject}_{one.name}.png"
            levels = as_levels(shrink(one.instance, side))
            content = cv2.imencode(".png", levels[::-1].transpose(1, 2, 0))[1].tobytes()
            (stage / name).write_bytes(content)
            rows[name] = one
            shown.advance(note=name)
        split = any(one.split for one in rows.values())
        writer.writerow((*_COLUMNS, "split") if split else _COLUMNS)
        for name, one in rows.items():
            row = name, one.subject, one.label, one.dataset
            writer.writerow((*row, one.split) if split else row)
            (stage / name).replace(folder / name)
        write_atomic(folder / TABLE, text.getvalue().encode())


def shrink(instance: Floats, side: int) -> Floats:
    """(3, S, S) made smaller by averaging over areas, as pictures are. Values stay as they are."""
    import cv2

    small = [cv2.resize(c, (side, side), interpolation=cv2.INTER_AREA) for c in instance]
    return np.stack(small).astype(np.float32)


def as_levels(instance: Floats) -> NDArray[np.uint8]:
    """Stretch every channel of (3, S, S) over the grey levels 0 to 255 by itself."""
    low, high = (end((-2, -1), keepdims=True) for end in (instance.min, instance.max))
    share = (instance - low) / np.maximum(high - low, 1e-12)
    return np.asarray(np.rint(share * 255), np.uint8)


def _class_of(scene: Scene, protocol: Protocol) -> str | None:
    clip = Clip(
        dataset="synthetic",
        subject=_LAYOUT.subject(scene),
        name=_LAYOUT.clip(scene),
        emotion=scene.emotion,
        onset=scene.onset,
        offset=scene.offset,
        apex=scene.onset + scene.apex if scene.apex_known else None,
    )
    return protocol.class_name(clip)


def _true_flow(scene: Scene, seed: int, difficulty: Difficulty) -> Floats:
    """(3, S, S) at the size of stage 1's crop: u and v in its px, with the head's drift."""
    import cv2

    face, motion, _, _ = perform(scene, seed, difficulty, _LAYOUT.size)
    row = motion.apex
    grid = pixel_grid(_LAYOUT.size).astype(np.float64)
    moved = grid + dense_field(motion.bumps, motion.weights[row], _LAYOUT.size)
    flow = carry(moved, motion.drift[row], motion.pivot) - grid
    transform = to_crop(face)
    cropped = cv2.warpAffine(
        flow.transpose(1, 2, 0).astype(np.float32), transform, (_CROP, _CROP)
    ).transpose(2, 0, 1)
    # a displacement turns and grows with the crop, and does not shift
    turned = np.einsum("ij,jyx->iyx", transform[:, :2], cropped).astype(np.float32)
    return np.concatenate([turned, strain(turned)[None]]).astype(np.float32)


def to_crop(face: Face) -> NDArray[np.float64]:
    """(2, 3): raw px → px of the crop, as stage 1 finds it from the landmarks."""
    points = landmarks(face)
    eyes = np.array([points[first : first + 6].mean(0) for first in (36, 42)])
    return eye_transform(eyes, _CROP)


def _stored(cache: Cache, record: ClipRecord) -> Floats:
    """The instance of a cache that shows the apex best: the nearest frame, or the middle one."""
    apex = record.clip.apex
    row = record.middle
    if apex is not None:
        row = min(range(len(record.frames)), key=lambda row: abs(record.frames[row] - apex))
    instance = cache.read(record).instances[row].astype(np.float32)
    if not np.isfinite(instance).all():
        raise not_finite(cache, record)
    return np.asarray(instance, np.float32)
