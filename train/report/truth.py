"""Truth: what is known of a synthetic clip, in the crop that the network saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.flows import StoredClip
from raicl.common.errors import InputError
from raicl.data.synthetic.truth import Units, moving_region, read_digests, read_landmarks
from raicl.train.scores.parts import carry, cell_centres, crop_mask, face_parts


class KnownClip:
    """A clip of a synthetic database with its truth.

    Parameters
    ----------
    database : root of the database, with the folder ``truth``.

    Raises
    ------
    InputError : the database has no truth of the clip, or that of other pictures.
    """

    def __init__(self, database: Path, stored: StoredClip) -> None:
        cache, record = stored
        self._path = database / "truth" / record.clip.subject / f"{record.clip.name}.npz"
        shard = cache.read(record)
        if shard.transform is None or shard.frame_digests is None:
            raise InputError(
                f"clip {record.id}: nobody knows the frames of a flow that was made elsewhere",
                where=str(cache.path),
                fix="leave --truth out, or prepare the frames of the database",
            )
        known = read_digests(self._path)
        pairs = zip(shard.frames.tolist(), shard.frame_digests, strict=True)
        # databases of one seed share names and frame numbers, so only the pictures tell them apart
        if any(known.get(number) != digest.tobytes() for number, digest in pairs):
            raise InputError(
                f"clip {record.id}: its truth is of other pictures than its instances",
                where=str(self._path),
                fix="give --truth the database that the cache was made from",
            )
        self._id, self._size = record.id, cache.size
        self._transform = shard.transform

    def parts(self, shape: tuple[int, int]) -> NDArray[np.int64]:
        """Part of the face at the cells of a map (h, w), see `face_parts`."""
        landmarks = carry(read_landmarks(self._path), self._transform)
        return face_parts(landmarks, cell_centres(shape, self._size)).reshape(shape)

    def moving(self, units: Units) -> NDArray[np.bool_] | None:
        """Where the action units move in the crop, (S, S). None if the clip has none such.

        Raises
        ------
        InputError : they move outside the crop alone.
        """
        region = moving_region(self._path, part=units)
        if not region.any():
            return None
        cropped = crop_mask(region, self._transform, self._size)
        if not cropped.any():
            raise InputError(
                f"clip {self._id}: its action units move outside the crop alone",
                where=str(self._path),
                fix="look at the alignment of the clip with: raicl inspect",
            )
        return cropped
