"""Instances: aligned frames → the onset's light → flow → the head's motion taken out → strain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.instance import strain
from raicl.preprocess.face.align import after
from raicl.preprocess.face.head_motion import remove_head_motion
from raicl.preprocess.face.location import Location
from raicl.preprocess.flow.engine import Engine
from raicl.preprocess.settings import PrepSettings

# an instance, and the head motion that was removed from it
MadeInstance = tuple[NDArray[np.float16], NDArray[np.float64] | None]


class Aligned(NamedTuple):
    """An aligned frame.

    Attributes
    ----------
    crop : (S + 2·margin, S + 2·margin) uint8.
    brought : similarity (2, 3), px of the crop on the onset → px of the crop on this frame, that
        was undone when the crop was cut; None if the crop is that of the clip.
    """

    crop: NDArray[np.uint8]
    brought: NDArray[np.float64] | None = None


def compute_instances(
    onset: NDArray[np.uint8],
    frames: list[Aligned],
    face: Location,
    settings: PrepSettings,
    engine: Engine,
) -> list[MadeInstance]:
    """Compute the instances of aligned frames.

    Raises
    ------
    InputError : the flow is not finite.
    """
    if not frames:
        return []
    inner = inner_of(settings)
    lit = [
        match_light(frame.crop, onset, inner)
        if settings.match_light
        else frame.crop.astype(np.float32)
        for frame in frames
    ]
    flow = engine(onset.astype(np.float32), lit, settings)
    if not np.isfinite(flow).all():
        raise InputError("the flow is not finite")
    heads: Iterable[NDArray[np.float64] | None] = [None] * len(flow)
    if settings.head_motion == "remove":
        # what was undone before the flow is part of the head's motion, and not of the face's
        flow, rest = remove_head_motion(flow, face.rigid, settings.margin)
        heads = [
            head if frame.brought is None else after(frame.brought, head)
            for frame, head in zip(frames, rest, strict=True)
        ]
    return list(zip(make_instances(flow, settings.margin), heads, strict=True))


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


def inner_of(settings: PrepSettings) -> slice:
    """Rows and columns of the crop without its margin."""
    return slice(settings.margin, settings.margin + settings.size)
