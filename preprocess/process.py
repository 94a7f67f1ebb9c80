"""READ FIRST. One clip: raw frames → aligned → same light → flow → strain → instances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.shards import Shard
from raicl.common.errors import InputError
from raicl.common.implausible import REACH
from raicl.preprocess.face.align import after, inverse, warp
from raicl.preprocess.face.coarse import Tracked
from raicl.preprocess.face.continuity import face_way
from raicl.preprocess.face.location import Location, locate_face
from raicl.preprocess.face.quality import watched_rows
from raicl.preprocess.fingerprint import BY_MOTION, REGISTERED, Identity
from raicl.preprocess.flow.engine import Engine, compute_flow
from raicl.preprocess.frames import RawFrame, decode_grey
from raicl.preprocess.instances import Aligned, MadeInstance, compute_instances
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.watch import Watch

Grey = NDArray[np.uint8]


def process_clip(
    identity: Identity,
    settings: PrepSettings,
    older: Iterable[Shard] = (),
    *,
    flow: Engine = compute_flow,
) -> Shard:
    """Turn a clip's frames into its instances.

    Parameters
    ----------
    identity : the clip's frames as they were read under `settings`, not yet decoded.
    older : shards with the same base; instances of the same frames are taken from them (see
        `instances_of`).
    flow : computes the missing ones.

    Returns
    -------
    The shard, with instances float16 (N, 3, S, S) as (u px, v px, ε). Its fingerprint is that of
    `identity`, or of the way in which the clip had to be computed (see `Identity.computed`).

    Raises
    ------
    InputError : a frame is damaged, frames differ in size, or there is no face.
    SetupError : a library or a model is missing.
    """
    onset = decode_grey(identity.onset)
    face = _locate(onset, identity, settings)
    aligned_onset = _crop(onset, face.transform, settings)
    if face.by_motion:
        identity = identity.computed(BY_MOTION)
    watch = Watch(onset, aligned_onset, face, settings, len(identity.frames))
    frames = [
        _align(_decode_alike(frame, onset.shape), row, face, settings, watch)
        for row, frame in enumerate(identity.frames)
    ]
    far = identity.computed(REGISTERED)
    known = _known(identity, frames, older, face.transform, far.base)
    fresh = [frame for frame, made in zip(frames, known, strict=True) if made is None]
    computed = iter(compute_instances(aligned_onset, fresh, face, settings, flow))
    rows = [next(computed) if made is None else made for made in known]
    moved = [head for _, head in rows if head is not None]
    instances, heads = np.stack([made for made, _ in rows]), np.stack(moved) if moved else None
    made_as = identity if all(frame.brought is None for frame in frames) else far
    digests = [list(frame.digest) for frame in identity.frames]
    return Shard(
        instances=instances,
        frames=np.array([frame.number for frame in identity.frames], np.int32),
        frame_digests=np.array(digests, np.uint8),
        onset_face=watch.onset_face,
        transform=face.transform,
        flags=face.flags,
        fingerprint=made_as.fingerprint,
        base=made_as.base,
        head_motion=heads,
        quality=watch.measure(instances, heads),
        landmarks=face.landmarks.astype(np.float32) if len(face.landmarks) else None,
    )


def _align(image: Grey, row: int, face: Location, settings: PrepSettings, watch: Watch) -> Aligned:
    """Align a frame, and bring it near the onset if the flow could not go so far."""
    crop = _crop(image, face.transform, settings)
    brought = _beyond_reach(watch.see(row, image, crop), settings)
    if brought is None:
        return Aligned(crop)
    near = after(inverse(brought), face.transform)  # from the raw frame, in a single interpolation
    return Aligned(_crop(image, near, settings), brought)


def _known(
    identity: Identity,
    frames: Sequence[Aligned],
    older: Iterable[Shard],
    transform: NDArray[np.float64],
    far: str,
) -> list[MadeInstance | None]:
    """The instances that exist already, one per frame.

    Those of frames that were brought near exist only in shards with the base `far`. In others, of
    an older raicl, are those that the flow made of them alone.
    """
    older = list(older)
    everywhere = instances_of(older, transform)
    there = instances_of((shard for shard in older if shard.base == far), transform)
    return [
        (everywhere if frame.brought is None else there).get(raw.digest)
        for raw, frame in zip(identity.frames, frames, strict=True)
    ]


def instances_of(
    older: Iterable[Shard], transform: NDArray[np.float64]
) -> dict[bytes, MadeInstance]:
    """Instances that exist already, by the digest of their frame.

    Parameters
    ----------
    older : shards with the same base.
    transform : of the clip. Shards of another one are left out: an older raicl, which did not check
        faces, may have taken something else for the face.
    """
    known: dict[bytes, MadeInstance] = {}
    for shard in older:
        if shard.frame_digests is None or shard.transform is None:  # made elsewhere
            continue
        if not np.array_equal(shard.transform, transform):
            continue
        heads = [None] * len(shard.frames) if shard.head_motion is None else shard.head_motion
        rows = zip(shard.instances, heads, strict=True)
        known |= zip(map(bytes, shard.frame_digests), rows, strict=True)
    return known


def _locate(onset: Grey, identity: Identity, settings: PrepSettings) -> Location:
    """Find the face on the onset; an error names the frame."""

    def later() -> list[Grey]:
        rows = watched_rows(len(identity.frames))
        return [_decode_alike(identity.frames[row], onset.shape) for row in rows]

    try:
        return locate_face(onset, settings, face=identity.face, later=later)
    except InputError as error:
        # the name alone: a reason goes into the index, which holds no path
        where = ", ".join(filter(None, (identity.onset.path.name, error.where)))
        raise InputError(error.what, where=where, fix=error.fix) from error


def _beyond_reach(tracked: Tracked | None, settings: PrepSettings) -> NDArray[np.float64] | None:
    """The similarity by which a frame is brought near its onset, if the flow could not go so far.

    Nearer frames are taken as they are: the flow is more exact than what is tracked.
    """
    if settings.head_motion != "remove" or tracked is None or not tracked.known:
        return None
    far = face_way(tracked.similarity, settings.size) > REACH * settings.size
    return tracked.similarity if far else None


def _crop(frame: Grey, transform: NDArray[np.float64], settings: PrepSettings) -> Grey:
    return warp(frame, transform, size=settings.size, margin=settings.margin)


def _decode_alike(frame: RawFrame, shape: tuple[int, ...]) -> Grey:
    image = decode_grey(frame)
    if image.shape != shape:
        raise InputError(
            f"a frame of {image.shape[1]}x{image.shape[0]} px in a clip of {shape[1]}x{shape[0]}",
            where=frame.place,
            fix="give all frames of a clip in one size",
        )
    return image
