"""READ FIRST. One clip: raw frames → aligned → same light → flow → strain → instances."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.shards import Shard
from raicl.common.errors import InputError
from raicl.common.instance import strain
from raicl.common.quality import Quality
from raicl.preprocess.face.align import carry, warp
from raicl.preprocess.face.head_motion import head_similarities, remove_head_motion
from raicl.preprocess.face.location import Location, locate_face
from raicl.preprocess.face.quality import (
    background_flow,
    eye_distance,
    measure_quality,
    shrink,
    watched_rows,
)
from raicl.preprocess.face.shape import turn
from raicl.preprocess.fingerprint import Identity
from raicl.preprocess.flow.engine import Engine, compute_flow
from raicl.preprocess.frames import RawFrame, decode_grey
from raicl.preprocess.settings import PrepSettings

# an instance, and the head motion that was removed from it
MadeInstance = tuple[NDArray[np.float16], NDArray[np.float64] | None]


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
    The shard, with instances float16 (N, 3, S, S) as (u px, v px, ε).

    Raises
    ------
    InputError : a frame is damaged, frames differ in size, or there is no face.
    SetupError : a library or a model is missing.
    """
    onset = decode_grey(identity.onset)
    face = _locate(onset, identity, settings)
    aligned_onset = _crop(onset, face, settings)
    known = instances_of(older, face.transform)
    watched = watched_rows(len(identity.frames)) if len(face.eyes) else []
    fresh, seen = [], []
    for row, frame in enumerate(identity.frames):
        if frame.digest in known and row not in watched:
            continue
        image = _decode_alike(frame, onset.shape)
        if frame.digest not in known:
            fresh.append(_crop(image, face, settings))
        if row in watched:
            seen.append(shrink(image))
    computed = iter(_compute_instances(aligned_onset, fresh, face, settings, flow))
    digests = [frame.digest for frame in identity.frames]
    rows = [known[digest] if digest in known else next(computed) for digest in digests]
    moved = [head for _, head in rows if head is not None]
    inner = _inner(settings)
    instances, heads = np.stack([made for made, _ in rows]), np.stack(moved) if moved else None
    onset_face = aligned_onset[inner, inner].copy()
    return Shard(
        instances=instances,
        frames=np.array([frame.number for frame in identity.frames], np.int32),
        frame_digests=np.array([list(digest) for digest in digests], np.uint8),
        onset_face=onset_face,
        transform=face.transform,
        flags=face.flags,
        fingerprint=identity.fingerprint,
        base=identity.base,
        head_motion=heads,
        quality=_measure(onset, seen, face, onset_face, instances, heads),
        landmarks=face.landmarks.astype(np.float32) if len(face.landmarks) else None,
    )


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


def _locate(onset: NDArray[np.uint8], identity: Identity, settings: PrepSettings) -> Location:
    """Find the face on the onset; an error names the frame."""
    try:
        return locate_face(onset, settings, face=identity.face)
    except InputError as error:
        # the name alone: a reason goes into the index, which holds no path
        where = ", ".join(filter(None, (identity.onset.path.name, error.where)))
        raise InputError(error.what, where=where, fix=error.fix) from error


def _measure(
    onset: NDArray[np.uint8],
    seen: list[NDArray[np.uint8]],
    face: Location,
    onset_face: NDArray[np.uint8],
    instances: NDArray[np.float16],
    heads: NDArray[np.float64] | None,
) -> Quality:
    """The quality of a clip. It depends on what is stored, not on what was computed just now."""
    background = None
    if len(face.eyes):
        small = shrink(onset)
        scale = len(small) / len(onset)
        # in distances between the eyes, as in the crop
        away = background_flow(small, seen, face.eyes * scale)
        if away is not None:
            background = away * eye_distance(carry(face.eyes, face.transform))
        if heads is None:
            heads = head_similarities(instances[:, :2].astype(np.float32), face.rigid, 0)
    return measure_quality(
        eyes=face.eyes,
        turned=turn(face.landmarks) if len(face.landmarks) else None,
        face=onset_face,
        rigid=face.rigid,
        heads=heads,
        background=background,
    )


def make_instances(flow: NDArray[np.float32], margin: int) -> NDArray[np.float16]:
    """Trim the flow's margin, take the strain, and stack (u, v, ε).

    The margin is trimmed first, because TV-L1 has spikes at the border. Their derivative would be
    the largest strain of the instance.

    Parameters
    ----------
    flow : (N, 2, S + 2·margin, S + 2·margin) px.

    Returns
    -------
    (N, 3, S, S) float16.
    """
    inner = slice(margin, flow.shape[-1] - margin)
    size = inner.stop - inner.start
    instances = np.empty((len(flow), 3, size, size), np.float16)
    for instance, field in zip(instances, flow[:, :, inner, inner], strict=True):
        instance[:2] = field
        instance[2] = strain(field)  # one by one, so that the fields stay in the CPU cache
    return instances


def _compute_instances(
    onset: NDArray[np.uint8],
    frames: list[NDArray[np.uint8]],
    face: Location,
    settings: PrepSettings,
    engine: Engine,
) -> list[MadeInstance]:
    """Compute the instances of aligned frames."""
    if not frames:
        return []
    lit = [
        match_light(frame, onset, _inner(settings))
        if settings.match_light
        else frame.astype(np.float32)
        for frame in frames
    ]
    flow = engine(onset.astype(np.float32), lit, settings)
    if not np.isfinite(flow).all():
        raise InputError("the flow is not finite")
    heads: Iterable[NDArray[np.float64] | None] = [None] * len(flow)
    if settings.head_motion == "remove":
        flow, heads = remove_head_motion(flow, face.rigid, settings.margin)
    return list(zip(make_instances(flow, settings.margin), heads, strict=True))


def _crop(frame: NDArray[np.uint8], face: Location, settings: PrepSettings) -> NDArray[np.uint8]:
    return warp(frame, face.transform, size=settings.size, margin=settings.margin)


def _inner(settings: PrepSettings) -> slice:
    """Rows and columns of the crop without its margin."""
    return slice(settings.margin, settings.margin + settings.size)


def _decode_alike(frame: RawFrame, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    image = decode_grey(frame)
    if image.shape != shape:
        raise InputError(
            f"a frame of {image.shape[1]}x{image.shape[0]} px in a clip of {shape[1]}x{shape[0]}",
            where=frame.place,
            fix="give all frames of a clip in one size",
        )
    return image


def match_light(
    frame: NDArray[np.uint8], onset: NDArray[np.uint8], inner: slice
) -> NDArray[np.float32]:
    """Scale a frame so that its mean over the crop equals the onset's.

    TV-L1 assumes constant brightness. One per cent of flicker becomes 0.13 px of false flow, which
    one gain per frame removes.

    Parameters
    ----------
    frame, onset : aligned images, (H, W) uint8.
    inner : rows and columns of the crop without its margin.

    Returns
    -------
    (H, W) float32 grey levels; a black frame stays black.
    """
    mean = float(frame[inner, inner].mean())
    gain = float(onset[inner, inner].mean()) / mean if mean else 1.0
    return frame.astype(np.float32) * np.float32(gain)
