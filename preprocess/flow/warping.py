"""Warp a frame by the current flow and linearise the data term there (IPOL 2013, eq. 8).

Importing this module imports numba. The functions are loops over pixels, with float32 throughout.

The flow of a face varies slowly, so neighbours usually read the same few pixels. A run of pixels
whose offsets agree to one pixel is warped by a 5x5 filter, which has its own weights at every pixel
and needs no gathering. If the offsets differ more, each pixel is looked up separately.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.flow.compiled import compiled, inlined
from raicl.preprocess.flow.pyramid import PAD

Floats = NDArray[np.float32]
Rows = tuple[Floats, Floats, Floats, Floats, Floats]
Weights = tuple[np.float32, np.float32, np.float32, np.float32, np.float32]
_RUN, _SHORTEST_RUN = 256, 16  # px; a run is quartered, down to the shortest, until it fits
_ZERO, _ONE, _TWO, _THREE = np.float32(0), np.float32(1), np.float32(2), np.float32(3)
_FLAT = np.finfo(np.float32).eps  # a smaller |∇I|² counts as no gradient, as in OpenCV


@compiled
def linearise(planes: Floats, onset: Floats, flow: Floats, data: Floats, cubic: np.float32) -> int:
    """Warp `planes` by `flow` and fill `data`; return the number of pixels looked up separately.

    Parameters
    ----------
    planes : (3, H+8, W+8) from `add_gradient`.
    onset : (H, W) grey levels.
    flow : (2, H+1, W+1) px; the last row and column are ignored.
    data : (4, H, W): I_x, I_y, 1/|∇I|² and I − u I_x − v I_y − I_onset, all warped.
    cubic : free parameter of the kernel, see `cubic_weights`.
    """
    height, width = onset.shape
    tile = np.empty(3 * _RUN, np.float32)
    single = 0
    for y in range(height):
        u, v = flow[0, y], flow[1, y]
        start = 0
        while start < width:
            length = _RUN
            stop = min(start + length, width)
            while not filter_run(planes, u, v, y, start, stop, tile, cubic):
                if length == _SHORTEST_RUN:
                    single += stop - start
                    for x in range(start, stop):
                        sample_point(planes, u[x], v[x], y, x, tile, x - start, cubic)
                    break
                length //= 4
                stop = min(start + length, width)
            finish_run(tile, onset[y], u, v, data, y, start, stop)
            start = stop
    return single


@compiled
def finish_run(
    tile: Floats,
    onset: Floats,
    u: Floats,
    v: Floats,
    data: Floats,
    y: int,
    start: int,
    stop: int,
) -> None:
    """Turn the warped values in `tile` into row y of `data`, columns start to stop."""
    i_x, i_y = data[0, y, start:stop], data[1, y, start:stop]
    inverse, constant = data[2, y, start:stop], data[3, y, start:stop]
    u, v, onset = u[start:stop], v[start:stop], onset[start:stop]
    for x in range(stop - start):
        grey, d_x, d_y = tile[x], tile[x + _RUN], tile[x + 2 * _RUN]
        i_x[x] = d_x
        i_y[x] = d_y
        inverse[x] = _ONE / max(d_x * d_x + d_y * d_y, _FLAT)
        constant[x] = grey - d_x * u[x] - d_y * v[x] - onset[x]


@compiled
def filter_run(
    planes: Floats,
    u: Floats,
    v: Floats,
    y: int,
    start: int,
    stop: int,
    tile: Floats,
    cubic: np.float32,
) -> bool:
    """Warp columns start to stop of row y into `tile`; return False if offsets differ too much.

    Nothing is clamped here, so a run whose window leaves the padding is refused too.
    """
    height, width = planes.shape[1] - 2 * PAD, planes.shape[2] - 2 * PAD
    u, v = u[start:stop], v[start:stop]
    least_u, most_u, least_v, most_v = u[0], u[0], v[0], v[0]
    for x in range(stop - start):
        least_u, most_u = min(least_u, u[x]), max(most_u, u[x])
        least_v, most_v = min(least_v, v[x]), max(most_v, v[x])
    right, down = np.floor(least_u), np.floor(least_v)
    if most_u >= right + _TWO or most_v >= down + _TWO:
        return False
    if start + right < -2 or stop + right > width + 1 or y + down < -2 or y + down > height:
        return False
    left, top = start + int(right) + PAD - 1, y + int(down) + PAD - 1
    grey = window_rows(planes[0], top, left)
    i_x = window_rows(planes[1], top, left)
    i_y = window_rows(planes[2], top, left)
    # one scratch array with constant offsets: with more outputs the compiler cannot prove that
    # none of them overlaps an input, and does not vectorise
    for x in range(stop - start):
        h = five_weights(u[x] - right, cubic)
        w = five_weights(v[x] - down, cubic)
        tile[x] = weigh(grey, x, h, w)
        tile[x + _RUN] = weigh(i_x, x, h, w)
        tile[x + 2 * _RUN] = weigh(i_y, x, h, w)
    return True


@inlined
def window_rows(plane: Floats, top: int, left: int) -> Rows:
    """Five rows of `plane` from row `top` on, each from column `left` on."""
    return (
        plane[top, left:],
        plane[top + 1, left:],
        plane[top + 2, left:],
        plane[top + 3, left:],
        plane[top + 4, left:],
    )


@inlined
def weigh(rows: Rows, x: int, h: Weights, w: Weights) -> np.float32:
    """Sum of the 5x5 window at x under the column weights `h` and the row weights `w`."""
    return (
        w[0] * weigh_row(rows[0], x, h)
        + w[1] * weigh_row(rows[1], x, h)
        + w[2] * weigh_row(rows[2], x, h)
        + w[3] * weigh_row(rows[3], x, h)
        + w[4] * weigh_row(rows[4], x, h)
    )


@inlined
def weigh_row(row: Floats, x: int, h: Weights) -> np.float32:
    """One row of `weigh`."""
    left: np.float32 = h[0] * row[x] + h[1] * row[x + 1] + h[2] * row[x + 2]
    right: np.float32 = h[3] * row[x + 3] + h[4] * row[x + 4]
    return left + right


@inlined
def five_weights(t: np.float32, cubic: np.float32) -> Weights:
    """Weights at -1, 0, 1, 2, 3 for a sample at t in [0, 2); the unused end has weight 0."""
    second = t >= _ONE
    a, b, c, d = cubic_weights(t - _ONE if second else t, cubic)
    if second:
        return _ZERO, a, b, c, d
    return a, b, c, d, _ZERO


@inlined
def cubic_weights(
    t: np.float32, cubic: np.float32
) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Weights of the kernel of Keys (1981) at -1, 0, 1, 2 for a sample at t in [0, 1].

    On a ramp it reads the value at t − (2·cubic + 1) t (1 − t) (1 − 2t). Only with cubic = −1/2
    does it read the value at t.
    """
    s = _ONE - t
    a = cubic * t * s * s
    d = cubic * t * t * s
    b = _ONE + t * t * ((cubic + _TWO) * t - (cubic + _THREE))
    return a, b, _ONE - a - b - d, d


@inlined
def sample_point(
    planes: Floats,
    u: np.float32,
    v: np.float32,
    y: int,
    x: int,
    tile: Floats,
    column: int,
    cubic: np.float32,
) -> None:
    """Warp the single pixel (x, y) into `tile`.

    Samples more than 2 px outside only see the border, so they are moved to this distance.
    """
    height, width = planes.shape[1] - 2 * PAD, planes.shape[2] - 2 * PAD
    u = min(max(u, np.float32(-2 - x)), np.float32(width + 1 - x))
    v = min(max(v, np.float32(-2 - y)), np.float32(height + 1 - y))
    right, down = np.floor(u), np.floor(v)
    h = cubic_weights(u - right, cubic)
    w = cubic_weights(v - down, cubic)
    left, top = x + int(right) + PAD - 1, y + int(down) + PAD - 1
    for k in range(3):
        total = _ZERO
        for j in range(4):
            row = planes[k, top + j]
            total += w[j] * (
                h[0] * row[left]
                + h[1] * row[left + 1]
                + h[2] * row[left + 2]
                + h[3] * row[left + 3]
            )
        tile[column + k * _RUN] = total
