"""READ FIRST. One clip: raw frames → aligned → same light → flow → strain → instances."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.shards import Shard
from raicl.common.errors import InputError
from raicl.common.instance import strain
from raicl.preprocess.face.align import carry, eye_transform, fit_transform, warp
from raicl.preprocess.face.head_motion import remove_head_motion
from raicl.preprocess.face.landmarks import eye_centres, find_landmarks, model_file, rigid_landmarks
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
    older : shards with the same base; instances of the same frames are taken from them.
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
    face = locate_face(onset, settings)
    aligned_onset = _crop(onset, face, settings)
    known = _known_instances(older)
    digests = [frame.digest for frame in identity.frames]
    fresh = [
        _crop(_decode_alike(frame, onset.shape), face, settings)
        for frame in identity.frames
        if frame.digest not in known
    ]
    computed = iter(_compute_instances(aligned_onset, fresh, face, settings, flow))
    rows = [known[digest] if digest in known else next(computed) for digest in digests]
    moved = [head for _, head in rows if head is not None]
    inner = _inner(settings)
    return Shard(
        instances=np.stack([instance for instance, _ in rows]),
        frames=np.array([frame.number for frame in identity.frames], np.int32),
        frame_digests=np.array([list(digest) for digest in digests], np.uint8),
        onset_face=aligned_onset[inner, inner].copy(),
        transform=face.transform,
        flags=face.flags,
        fingerprint=identity.fingerprint,
        base=identity.base,
        head_motion=np.stack(moved) if moved else None,
    )


@dataclass(frozen=True, kw_only=True)
class Location:
    """Where the face is.

    Attributes
    ----------
    transform : similarity (2, 3) of the clip, raw px → crop px.
    rigid : (K, 2) landmarks that move with the skull, crop px; K is 0 without landmarks.
    flags : how the face was found.
    """

    transform: NDArray[np.float64]
    rigid: NDArray[np.float64]
    flags: tuple[str, ...]


def locate_face(onset: NDArray[np.uint8], settings: PrepSettings) -> Location:
    """Find the face on the onset."""
    if settings.align == "none":
        height, width = onset.shape
        transform = fit_transform((height, width), settings.size)
        return Location(transform=transform, rigid=np.empty((0, 2)), flags=())
    points, flags = find_landmarks(onset, model_file(settings.landmarks))
    transform = eye_transform(eye_centres(points), settings.size)
    rigid = carry(rigid_landmarks(points), transform)
    return Location(transform=transform, rigid=rigid, flags=flags)


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


def _known_instances(older: Iterable[Shard]) -> dict[bytes, MadeInstance]:
    """Instances that exist already, by the digest of their frame."""
    known: dict[bytes, MadeInstance] = {}
    for shard in older:
        heads = [None] * len(shard.frames) if shard.head_motion is None else shard.head_motion
        rows = zip(shard.instances, heads, strict=True)
        known |= zip(map(bytes, shard.frame_digests), rows, strict=True)
    return known


def _decode_alike(frame: RawFrame, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    image = decode_grey(frame)
    if image.shape != shape:
        raise InputError(
            f"a frame of {image.shape[1]}x{image.shape[0]} px in a clip of {shape[1]}x{shape[0]}",
            where=str(frame.path),
        )
    return image


def regroup(identity: Identity, older: Sequence[Shard]) -> Shard | None:
    """Build the shard that `identity` names from older ones, or None if an instance is missing.

    Parameters
    ----------
    older : shards with the same base. They were made in the same way from the same onset, so they
        have the same face.
    """
    found = {
        bytes(digest): (shard, row)
        for shard in older
        for row, digest in enumerate(shard.frame_digests)
    }
    wanted = [frame.digest for frame in identity.frames]
    if not all(digest in found for digest in wanted):
        return None
    sources = [found[digest] for digest in wanted]
    heads = [shard.head_motion[row] for shard, row in sources if shard.head_motion is not None]
    return dataclasses.replace(
        older[0],
        instances=np.stack([shard.instances[row] for shard, row in sources]),
        # not the numbers of the older shards, because files with the same bytes have one digest
        frames=np.array([frame.number for frame in identity.frames], np.int32),
        frame_digests=np.stack([shard.frame_digests[row] for shard, row in sources]),
        fingerprint=identity.fingerprint,
        head_motion=np.stack(heads) if heads else None,
    )


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
