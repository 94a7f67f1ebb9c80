"""Shard: the instances of one clip in a file, verified on every read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.hdf5 import (
    file_of,
    image,
    plain_array,
    plain_number,
    plain_text,
    replacing,
)
from raicl.common.cache.limits import QUALITY_BYTES, SHARD_BYTES
from raicl.common.cache.seal import REMAKE, DamagedError, Proofs, Stamp, read_whole
from raicl.common.errors import VersionError
from raicl.common.quality import Quality

FORMAT, VERSION = "raicl-shard", 2
SURVEY = f"`raicl validate` names every damaged clip; {REMAKE}"


@dataclass(frozen=True, kw_only=True)
class Shard:
    """What stage 1 keeps of one clip.

    Attributes
    ----------
    instances : float16 (N, 3, S, S), raw and signed (u px, v px, ε), onset → frame. Of a flow that
        was made elsewhere, what its cache says (see `raicl.common.cache.measure`).
    frames : int32 (N,), annotation number of each instance's frame, or its count from 1.
    frame_digests : uint8 (N, 32), SHA-256 of each frame's file.
    onset_face : uint8 (S, S), the aligned onset frame, for overlays.
    transform : float64 (2, 3), raw px → crop px. This and the two before are None if the flow was
        made elsewhere and nobody has its frames.
    flags : how the face was found, and what was unusual.
    head_motion : float64 (N, 2, 3), the head motion that was removed from (u, v), as a map of crop
        px on the onset → crop px on the instance's frame; None if it was kept.
    fingerprint : digest of everything that made the instances.
    base : the same digest without the frames.
    quality : what the clip is like in numbers. It is in no digest. None if an older raicl wrote the
        shard, which did not check either that what it had found is a face.
    landmarks : float32 (K, 2) of the face on the onset, px of the crop, for overlays. They are in
        no digest. None without any, or if an older raicl wrote the shard.
    units : of u, v and ε, for people; in no digest.
    """

    instances: NDArray[np.float16]
    frames: NDArray[np.int32]
    frame_digests: NDArray[np.uint8] | None
    onset_face: NDArray[np.uint8] | None
    transform: NDArray[np.float64] | None
    flags: tuple[str, ...]
    fingerprint: str
    base: str
    head_motion: NDArray[np.float64] | None = None
    quality: Quality | None = None
    landmarks: NDArray[np.float32] | None = None
    units: str = "px,px,1"

    @property
    def size(self) -> int:
        """Side S, px."""
        return int(self.instances.shape[-1])

    @property
    def backdrop(self) -> NDArray[np.uint8]:
        """What maps are drawn on, (S, S): the onset face, or white paper if nobody has it."""
        if self.onset_face is not None:
            return self.onset_face
        return np.full((self.size, self.size), 255, np.uint8)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that are stored as datasets, by name."""
        held = {
            name: getattr(self, name) for name in (*_ARRAYS, *_OF_FRAMES, *_OPTIONAL, *_UNDIGESTED)
        }
        return {name: np.ascontiguousarray(a) for name, a in held.items() if a is not None}

    @property
    def digest(self) -> str:
        """SHA-256 over every array and attribute but two, however HDF5 encodes them.

        Quality and landmarks follow from the rest and from the frames. Without them the same
        instances keep their digest, so that shards of an older raicl can be given both.
        """
        hasher = hashlib.sha256()
        for name, array in self.arrays().items():
            if name in _UNDIGESTED:
                continue
            hasher.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            hasher.update(array.data)  # the buffer itself, to avoid a copy
        texts = "\n".join([*self.flags, self.fingerprint, self.base])
        hasher.update(texts.encode(errors="surrogateescape"))  # damaged text must still hash
        return hasher.hexdigest()


_ARRAYS: dict[str, tuple[type[np.generic], int]] = {
    "instances": (np.float16, 4),
    "frames": (np.int32, 1),
}
_OF_FRAMES: dict[str, tuple[type[np.generic], int]] = {
    "frame_digests": (np.uint8, 2),
    "onset_face": (np.uint8, 2),
    "transform": (np.float64, 2),
}
_OPTIONAL: dict[str, tuple[type[np.generic], int]] = {"head_motion": (np.float64, 3)}
_UNDIGESTED: dict[str, tuple[type[np.generic], int]] = {"landmarks": (np.float32, 2)}
_QUALITY = "quality"


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard atomically. The same shard always gives the same bytes."""
    with replacing(path) as file:
        store_shard(file, shard)


def _oldest_version(shard: Shard) -> int:
    """Readers of version 1 would call a shard without frames damaged."""
    return VERSION if any(getattr(shard, name) is None for name in _OF_FRAMES) else 1


def store_shard(group: h5py.Group, shard: Shard) -> None:
    """Write a shard's arrays and attributes into an open group."""
    group.attrs["format"] = FORMAT
    group.attrs["version"] = _oldest_version(shard)
    group.attrs["axes"] = "instance,channel,row,column"
    group.attrs["channels"] = "u,v,strain"
    group.attrs["units"] = shard.units
    group.attrs["flags"] = ",".join(shard.flags)
    group.attrs["fingerprint"] = shard.fingerprint
    group.attrs["base"] = shard.base
    group.attrs["digest"] = shard.digest
    for name, array in shard.arrays().items():
        chunk = (1, *array.shape[1:]) if name == "instances" else array.shape
        group.create_dataset(name, data=array, chunks=chunk, fletcher32=True)
    if shard.quality is not None:  # a dataset, not attributes: these have no checksum
        content = np.frombuffer(shard.quality.encode(), np.uint8)
        group.create_dataset(_QUALITY, data=content, chunks=content.shape, fletcher32=True)


def read_shard(
    path: Path, *, digest: str | None = None, limit: int = SHARD_BYTES, known: Proofs = ()
) -> Shard:
    """Read a shard of its own file and verify its seal, its layout and its digest.

    Parameters
    ----------
    digest : what the digest must be, if that is known.
    limit : most bytes that the file may have.
    known : SHA-256 of files without a seal that may be opened.

    Raises
    ------
    UnsealedError : it has no seal and is not known.
    VersionError : it is of a newer version.
    InputError : it is missing, damaged, crafted or not the expected one.
    """
    where = f"{path}:/"
    content = read_whole(path, "a shard", limit=limit, known=known).content
    with image(content, "a shard", where) as file:
        shard, stored = _load(file, where)
    return _verified(shard, stored, digest, where)


def read_packed_shard(path: Path, stamp: Stamp, name: str, *, digest: str | None = None) -> Shard:
    """Read a shard of a packed cache and verify its layout and its digest.

    Parameters
    ----------
    stamp : of the file when it was found whole.

    Raises
    ------
    HeldError, VersionError, DamagedError : see `read_shard`.
    """
    where = f"{path}:shards/{name}"
    with file_of(path, stamp, "a shard") as file:
        node = file
        for part in ("shards", name):
            if not isinstance(node.get(part, getlink=True), h5py.HardLink):
                raise DamagedError("the shard is missing or a link", where=where, fix=SURVEY)
            node = node[part]
        shard, stored = _load(node, where)
    return _verified(shard, stored, digest, where)


def _verified(shard: Shard, stored: str | None, digest: str | None, where: str) -> Shard:
    if shard.digest == stored and digest in (None, stored):
        return shard
    raise DamagedError("a shard's content does not match its digest", where=where, fix=SURVEY)


def _load(node: h5py.Group, where: str) -> tuple[Shard, str | None]:
    version = plain_number(node, "version", where)
    if plain_text(node, "format", where) != FORMAT or version is None:
        raise DamagedError("not a shard", where=where, fix=SURVEY)
    if version > VERSION:
        raise VersionError(
            f"a shard of format version {version}, this program reads up to {VERSION}",
            where=where,
            fix="upgrade raicl",
        )
    of_frames = _OF_FRAMES if version == 1 else {}
    may_be = _OPTIONAL | _UNDIGESTED
    expected = _ARRAYS | of_frames | {n: kind for n, kind in may_be.items() if n in node}
    arrays: dict[str, Any] = {
        name: plain_array(node, name, dtype, ndim, limit=SHARD_BYTES, where=where)
        for name, (dtype, ndim) in expected.items()
    }
    _check_shapes(arrays, where)
    unknown: dict[str, Any] = dict.fromkeys(_OF_FRAMES)
    texts = {name: plain_text(node, name, where) for name in ("flags", "fingerprint", "base")}
    if None in texts.values():
        raise DamagedError("an attribute of the shard is missing", where=where, fix=SURVEY)
    shard = Shard(
        **unknown | arrays,
        flags=tuple(filter(None, str(texts["flags"]).split(","))),
        fingerprint=str(texts["fingerprint"]),
        base=str(texts["base"]),
        quality=_load_quality(node, where) if _QUALITY in node else None,
        units=plain_text(node, "units", where) or Shard.units,
    )
    return shard, plain_text(node, "digest", where)


def _check_shapes(arrays: Mapping[str, Any], where: str) -> None:
    n, channels, height, width = arrays["instances"].shape
    face = arrays.get("onset_face")
    if channels != 3 or height != width or (face is not None and face.shape != (height, width)):
        raise DamagedError("the instances are not (N, 3, S, S)", where=where, fix=SURVEY)
    digests = arrays.get("frame_digests")
    if arrays["frames"].shape != (n,) or (digests is not None and digests.shape != (n, 32)):
        raise DamagedError("the frames do not match the instances", where=where, fix=SURVEY)
    if "head_motion" in arrays and arrays["head_motion"].shape != (n, 2, 3):
        raise DamagedError("the head's motions do not match the instances", where=where, fix=SURVEY)
    if "landmarks" in arrays and arrays["landmarks"].shape[1] != 2:
        raise DamagedError("the landmarks are not (K, 2)", where=where, fix=SURVEY)


def _load_quality(node: h5py.Group, where: str) -> Quality:
    content = plain_array(node, _QUALITY, np.uint8, 1, limit=QUALITY_BYTES, where=where)
    try:
        return Quality.decode(content.tobytes())
    except ValueError as error:
        raise DamagedError(
            "its quality is not what it should be", where=where, fix=SURVEY
        ) from error
