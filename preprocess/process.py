"""READ FIRST. One clip: raw frames → aligned → same light → flow → strain → instances."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.instance import strain
from raicl.common.shards import Shard
from raicl.data.database import Footage, Frame
from raicl.preprocess.align import eye_transform, fit_transform, warp
from raicl.preprocess.fingerprint import Identity
from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.frames import decode_grey, read_frame
from raicl.preprocess.landmarks import eye_centres, find_landmarks, model_file
from raicl.preprocess.light import match_light
from raicl.preprocess.settings import PrepSettings


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
    onset_frame = footage.frames[0]
    onset = _load(onset_frame)
    transform, flags = locate_face(onset, settings)
    crop = partial(warp, transform=transform, size=settings.size, margin=settings.margin)
    aligned_onset = crop(onset)

    known = {
        bytes(digest): instance
        for shard in older
        for digest, instance in zip(shard.frame_digests, shard.instances, strict=True)
    }
    digests = [bytes.fromhex(digest) for digest in identity.digests]
    fresh = [
        frame for frame, digest in zip(identity.frames, digests, strict=True) if digest not in known
    ]
    inner = slice(settings.margin, settings.margin + settings.size)
    aligned = [crop(_load(frame, onset.shape)) for frame in fresh]
    lit = [
        match_light(frame, aligned_onset, inner)
        if settings.match_light
        else frame.astype(np.float32)
        for frame in aligned
    ]
    flow = compute_flow(aligned_onset.astype(np.float32), lit, settings)
    if not np.isfinite(flow).all():
        raise InputError("the flow is not finite")
    computed = iter(make_instances(flow, settings.margin))
    instances = [known[digest] if digest in known else next(computed) for digest in digests]
    return Shard(
        instances=np.stack(instances),
        frames=np.array([frame.number for frame in identity.frames], np.int32),
        frame_digests=np.array([list(digest) for digest in digests], np.uint8),
        onset_face=aligned_onset[inner, inner].copy(),
        transform=transform,
        flags=flags,
        fingerprint=identity.fingerprint,
        base=identity.base,
    )


def locate_face(
    onset: NDArray[np.uint8], settings: PrepSettings
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The clip's one transform (2, 3), raw px → crop px, and how the face was found."""
    if settings.align == "none":
        height, width = onset.shape
        return fit_transform((height, width), settings.size), ()
    points, flags = find_landmarks(onset, model_file(settings.landmarks))
    return eye_transform(eye_centres(points), settings.size), flags


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
    trimmed = flow[:, :, inner, inner]
    return np.concatenate([trimmed, strain(trimmed)[:, None]], axis=1).astype(np.float16)


def _load(frame: Frame, shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    image = decode_grey(read_frame(frame.path), frame.path)
    if shape is not None and image.shape != shape:
        raise InputError(
            f"a frame of {image.shape[1]}x{image.shape[0]} px in a clip of {shape[1]}x{shape[0]}",
            where=str(frame.path),
        )
    return image
