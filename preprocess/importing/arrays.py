"""Arrays: what a file of flow holds, brought to (N, 2 or 3, S, S), or refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.instance import strain
from raicl.common.limits import FLOW_SIDE

_SQUARE = "crop or resize the flow to squares first"


class BadFlow(ValueError):
    """Why a file holds no flow that can be used, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


@dataclass(frozen=True)
class Kind:
    """What the numbers of a file are. All clips of a cache must be of one kind.

    Attributes
    ----------
    grey : whether u and v are 8-bit grey levels, whose zero and sign are lost.
    strain : whether the file holds strain.
    side : S.
    """

    grey: bool
    strain: bool
    side: int

    def __str__(self) -> str:
        values = "8-bit grey levels" if self.grey else "numbers"
        return f"{values} {'with' if self.strain else 'without'} strain of {self.side} px"


def as_flow(values: NDArray[Any], *, frames_last: bool = False) -> tuple[NDArray[np.float32], Kind]:
    """Order the axes of an array, and check its numbers.

    Parameters
    ----------
    values : (2|3, H, W), (H, W, 2|3), (N, 2|3, H, W) or (N, H, W, 2|3), floating point or uint8.
    frames_last : whether (H, W, 2|3, N) is meant, as MATLAB orders it.

    Returns
    -------
    (N, 2|3, S, S) and what it is. Grey levels k are k/255.

    Raises
    ------
    BadFlow : other axes, another type, not square, or a NaN or an infinity.
    """
    grey = values.dtype == np.uint8
    if not grey and values.dtype.kind != "f":
        raise BadFlow(
            f"numbers of type {values.dtype}", "give floating-point numbers, or 8-bit grey levels"
        )
    ordered = _order(values, frames_last)
    *_, channels, height, width = ordered.shape
    if height != width:
        raise BadFlow(f"a flow of {width}x{height} px, which is not square", _SQUARE)
    least, most = FLOW_SIDE
    if not least <= height <= most:
        raise BadFlow(f"a flow of {height} px", f"sides from {least} to {most} px can be read")
    flow = ordered.astype(np.float32)
    if not np.isfinite(flow).all():
        raise BadFlow("a NaN or an infinity", "compute this flow again")
    if np.abs(flow).max() > np.finfo(np.float16).max:  # 1e9 is unknown flow in .flo
        raise BadFlow(
            f"a flow of {np.abs(flow).max():.3g}, which nothing moves by", "compute it again"
        )
    if channels == 3 and not grey and flow[:, 2].min() < 0:
        raise BadFlow(
            "its third channel, the strain, has negative values",
            "order the channels as u, v and strain, or leave the strain out",
        )
    scaled = flow / np.float32(255) if grey else flow
    return scaled.astype(np.float32), Kind(grey, channels == 3, height)


def _order(values: NDArray[Any], frames_last: bool) -> NDArray[Any]:
    """(N, C, H, W). A side has 14 px and more, so an axis of 2 or 3 is the channels'."""
    shape = values.shape
    whole = values[None] if values.ndim == 3 else values
    if whole.ndim == 4:
        if frames_last and values.ndim == 4 and _is_flow(shape[2], *shape[:2]):
            return values.transpose(3, 2, 0, 1)
        if _is_flow(whole.shape[1], *whole.shape[2:]):
            return whole
        if _is_flow(whole.shape[3], *whole.shape[1:3]):
            return whole.transpose(0, 3, 1, 2)
    raise BadFlow(
        f"an array of shape {shape}",
        "give (2 or 3, H, W) or (H, W, 2 or 3), with the frames as a first axis if there are "
        f"several, and sides of {FLOW_SIDE[0]} px and more",
    )


def _is_flow(channels: int, height: int, width: int) -> bool:
    return channels in (2, 3) and min(height, width) >= FLOW_SIDE[0]


def named_array(arrays: Mapping[str, NDArray[Any]], *, frames_last: bool = False) -> NDArray[Any]:
    """The only array of a file, or u, v and perhaps strain as channels, for `as_flow`.

    Parameters
    ----------
    arrays : by name. Several are (H, W) or (N, H, W) each, or with `frames_last` (H, W, N).

    Raises
    ------
    BadFlow : there are other arrays, or u, v and strain have several shapes.
    """
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    names = [name for name in ("u", "v", "strain") if name in arrays]
    if set(names) != set(arrays) or names[:2] != ["u", "v"]:
        raise BadFlow(
            f"the arrays {', '.join(sorted(arrays)) or 'none'}",
            "give one array, or u and v, and strain if there is one",
        )
    if len({arrays[name].shape for name in names}) > 1:
        raise BadFlow("u, v and strain have several shapes", "give them alike")
    several = frames_last and arrays["u"].ndim == 3
    return np.stack([arrays[name] for name in names], 2 if several else -3)


def complete(flow: NDArray[np.float32]) -> NDArray[np.float16]:
    """Instances (N, 3, S, S): strain is computed where there is none.

    Parameters
    ----------
    flow : (N, 2|3, S, S).
    """
    if flow.shape[1] == 3:
        return flow.astype(np.float16)
    return np.concatenate([flow, strain(flow)[:, None]], 1).astype(np.float16)
