"""The inner loops of TV-L1: alternating primal and dual steps, with a median before each round.

Importing this module imports numba. The functions are loops over pixels, with float32 throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.flow.compiled import compiled, inlined

Floats = NDArray[np.float32]
_ONE = np.float32(1)


@compiled
def relax(
    flow: Floats,
    dual: Floats,
    data: Floats,
    padded: Floats,
    steps: tuple[np.float32, np.float32, np.float32],
    tolerance: float,
    outer: int,
    inner: int,
    median: int,
) -> int:
    """Minimise TV-L1 linearised about one warp, in place; return the number of sweeps.

    Parameters
    ----------
    flow : (2, H+1, W+1) px; the last row and column repeat their neighbours.
    dual : (4, H+1, W+1), p11 p12 p21 p22 of Sánchez et al. (IPOL 2013); the first row and column
        are zero, so that the divergence needs no special case at the border.
    data : (4, H, W) from `linearise`: I_x, I_y, 1/|∇I|² and the residual's constant part.
    padded : scratch array of `smooth`, (H+4, W+4).
    steps : τ/θ, θ and λθ.
    tolerance : stop when the squared change of the flow, summed over the image, falls below it.
    outer : largest number of rounds.
    inner : largest number of sweeps in a round.
    median : side of the median, px: 5, or 1 for none.
    """
    change = np.inf
    done = 0
    for _ in range(outer):
        if median == 5:
            smooth(flow[0], padded)
            smooth(flow[1], padded)
        for _ in range(inner):
            change = sweep(flow, dual, data, steps)
            done += 1
            if change <= tolerance:
                break
        if change <= tolerance:
            break
    return done


@compiled
def sweep(
    flow: Floats, dual: Floats, data: Floats, steps: tuple[np.float32, np.float32, np.float32]
) -> float:
    """One primal and one dual step in a single pass; return the summed squared change.

    A dual row follows as soon as the primal row below it is known. Then both are still in the CPU
    cache, and no copy of the flow is needed.
    """
    height, width = data.shape[1:]
    total = 0.0
    for y in range(height + 1):
        if y < height:
            total += float(primal_row(flow, dual, data, y, steps[1], steps[2]))
        else:  # the forward difference across the last row is zero
            for x in range(width):
                flow[0, height, x] = flow[0, height - 1, x]
                flow[1, height, x] = flow[1, height - 1, x]
        if y > 0:
            for k in range(2):
                dual_row(flow[k], dual[2 * k], dual[2 * k + 1], y - 1, steps[0])
    return total


@inlined
def primal_row(
    flow: Floats, dual: Floats, data: Floats, y: int, theta: np.float32, limit: np.float32
) -> np.float32:
    """Row y of v = u + TH(u), u = v + θ div p; return its summed squared change.

    The three cases of the threshold (IPOL 2013, eq. 12) are one clamp of −ρ/|∇I|² to ±λθ.
    """
    width = data.shape[2]
    i_x, i_y, inverse, constant = data[0, y], data[1, y], data[2, y], data[3, y]
    u, v = flow[0, y], flow[1, y]
    p11, p12, p12_above = dual[0, y + 1], dual[1, y + 1], dual[1, y]
    p21, p22, p22_above = dual[2, y + 1], dual[3, y + 1], dual[3, y]
    total = np.float32(0)
    for x in range(width):
        residual = constant[x] + i_x[x] * u[x] + i_y[x] * v[x]
        step = min(max(-residual * inverse[x], -limit), limit)
        div_1 = p11[x + 1] - p11[x] + p12[x + 1] - p12_above[x + 1]
        div_2 = p21[x + 1] - p21[x] + p22[x + 1] - p22_above[x + 1]
        change_u = step * i_x[x] + theta * div_1
        change_v = step * i_y[x] + theta * div_2
        u[x] += change_u
        v[x] += change_v
        total += change_u * change_u + change_v * change_v
    u[width] = u[width - 1]
    v[width] = v[width - 1]
    return total


@inlined
def dual_row(flow: Floats, across: Floats, down: Floats, y: int, rate: np.float32) -> None:
    """Row y of p = (p + τ/θ ∇u) / (1 + τ/θ |∇u|) for one component of the flow."""
    width = flow.shape[1] - 1
    here, below = flow[y], flow[y + 1]
    p_x, p_y = across[y + 1], down[y + 1]
    for x in range(width):
        d_x = here[x + 1] - here[x]
        d_y = below[x] - here[x]
        shrink = _ONE / (_ONE + rate * np.sqrt(d_x * d_x + d_y * d_y))
        p_x[x + 1] = (p_x[x + 1] + rate * d_x) * shrink
        p_y[x + 1] = (p_y[x + 1] + rate * d_y) * shrink


@compiled
def smooth(field: Floats, padded: Floats) -> None:
    """Apply a 5x5 median in place, with the border repeated.

    Columns are sorted first, and a sorted column serves the five windows over it. Once the rows are
    sorted too, only 13 of 25 values can be the median, and 15 exchanges find it among them.

    Parameters
    ----------
    field : (H+1, W+1); only the first H rows and W columns are read and written.
    padded : scratch array, (H+4, W+4).
    """
    height, width = field.shape[0] - 1, field.shape[1] - 1
    for y in range(height + 4):
        source, target = field[min(max(y - 2, 0), height - 1)], padded[y]
        for x in range(width):
            target[x + 2] = source[x]
        for x in range(2):
            target[x] = source[0]
            target[x + width + 2] = source[width - 1]
    ranks = np.empty((5, width + 4), np.float32)
    r0, r1, r2, r3, r4 = ranks[0], ranks[1], ranks[2], ranks[3], ranks[4]
    for y in range(height):
        a, b, c, d, e = padded[y], padded[y + 1], padded[y + 2], padded[y + 3], padded[y + 4]
        for x in range(width + 4):
            r0[x], r1[x], r2[x], r3[x], r4[x] = sort5(a[x], b[x], c[x], d[x], e[x])
        target = field[y]
        for x in range(width):
            target[x] = median_of_ranks(r0, r1, r2, r3, r4, x)


@inlined
def median_of_ranks(r0: Floats, r1: Floats, r2: Floats, r3: Floats, r4: Floats, x: int) -> float:
    """Median of the five sorted columns x to x+4; `r0` holds the columns' least values."""
    _, _, _, a3, a4 = sort5(r0[x], r0[x + 1], r0[x + 2], r0[x + 3], r0[x + 4])
    _, _, b2, b3, b4 = sort5(r1[x], r1[x + 1], r1[x + 2], r1[x + 3], r1[x + 4])
    _, c1, c2, c3, _ = sort5(r2[x], r2[x + 1], r2[x + 2], r2[x + 3], r2[x + 4])
    d0, d1, d2, _, _ = sort5(r3[x], r3[x + 1], r3[x + 2], r3[x + 3], r3[x + 4])
    e0, e1, _, _, _ = sort5(r4[x], r4[x + 1], r4[x + 2], r4[x + 3], r4[x + 4])
    # [ours] found by search; exact for all 0-1 inputs with sorted rows and columns, hence for all
    a4, c1 = exchange(a4, c1)
    c1, d2 = exchange(c1, d2)
    a3, d1 = exchange(a3, d1)
    b4, d1 = exchange(b4, d1)
    b3, d0 = exchange(b3, d0)
    c3, e0 = exchange(c3, e0)
    d0, e1 = exchange(d0, e1)
    b2, c3 = exchange(b2, c3)
    b4, c1 = exchange(b4, c1)
    c2, c3 = exchange(c2, c3)
    b4, c2 = exchange(b4, c2)
    c1, c3 = exchange(c1, c3)
    c1, c2 = exchange(c1, c2)
    c1, d0 = exchange(c1, d0)
    c2, d0 = exchange(c2, d0)
    return c2


@inlined
def sort5(
    a: float, b: float, c: float, d: float, e: float
) -> tuple[float, float, float, float, float]:
    """Sort five values by nine exchanges. The compiler drops those whose results are not used."""
    a, b = exchange(a, b)
    d, e = exchange(d, e)
    c, e = exchange(c, e)
    c, d = exchange(c, d)
    b, e = exchange(b, e)
    a, d = exchange(a, d)
    a, c = exchange(a, c)
    b, d = exchange(b, d)
    b, c = exchange(b, c)
    return a, b, c, d, e


@inlined
def exchange(a: float, b: float) -> tuple[float, float]:
    """The smaller and the larger value."""
    return min(a, b), max(a, b)
