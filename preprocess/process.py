"""READ FIRST. One clip: raw frames → aligned → same light → flow → strain → instances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.shards import Shard
from raicl.common.errors import InputError
from raicl.common.instance import strain
from raicl.data.records import Footage, Frame
from raicl.preprocess.align import carry, eye_transform, fit_transform, warp
from raicl.preprocess.fingerprint import Identity
from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.frames import decode_grey, read_frame
from raicl.preprocess.head_motion import remove_head_motion
from raicl.preprocess.landmarks import eye_centres, find_landmarks, model_file, rigid_landmarks
from raicl.preprocess.light import match_light
from raicl.preprocess.settings import PrepSettings

# an instance, and the head's motion that was taken out of it
MadeInstance = tuple[NDArray[np.float16], NDArray[np.float64] | None]


def process_clip(
    footage: Footage, identity: Identity, settings: PrepSettings, older: Iterable[Shard] = ()
) -> Shard:
    """Turn a clip's frames into its instances.

    Parameters
    ----------
    identity : of this clip under `settings`; names the frames sampled.
    older : shards with the same base; instances of the same frames are taken from there.

    Returns
    -------
    The shard, its instances float16 (N, 3, S, S) as (u px, v px, ε).

    Raises
    ------
    InputError : a frame is damaged, frames differ in size, or there is no face.
    SetupError : a library or a model is missing.
    """
    onset = _load(footage.frames[0])
    face = locate_face(onset, settings)
    aligned_onset = _crop(onset, face, settings)
    known = _known_instances(older)
    digests = [bytes.fromhex(digest) for digest in identity.digests]
    fresh = [
        _crop(_load(frame, onset.shape), face, settings)
        for frame, digest in zip(identity.frames, digests, strict=True)
        if digest not in known
    ]
    computed = iter(_compute_instances(aligned_onset, fresh, face, settings))
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
    transform : the clip's one similarity (2, 3), raw px → crop px.
    rigid : (K, 2) landmarks that move with the skull, crop px; none without landmarks.
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

    The margin goes first: TV-L1 spikes at the border, and a derivative would make the spikes the
    largest strain of the instance.

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
        instance[2] = strain(field)  # one by one: the intermediate fields stay in the cache
    return instances


def _compute_instances(
    onset: NDArray[np.uint8],
    frames: list[NDArray[np.uint8]],
    face: Location,
    settings: PrepSettings,
) -> list[MadeInstance]:
    """Instances of aligned frames."""
    lit = [
        match_light(frame, onset, _inner(settings))
        if settings.match_light
        else frame.astype(np.float32)
        for frame in frames
    ]
    flow = compute_flow(onset.astype(np.float32), lit, settings)
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


def _load(frame: Frame, shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    image = decode_grey(read_frame(frame.path), frame.path)
    if shape is not None and image.shape != shape:
        raise InputError(
            f"a frame of {image.shape[1]}x{image.shape[0]} px in a clip of {shape[1]}x{shape[0]}",
            where=str(frame.path),
        )
    return image
