"""How far each engine's flow is from the truth, over amplitudes, noise, faces and textures."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.flow.engines import ENGINES
from tests.benchmarks.flow.scenes import AMPLITUDES, MARGIN, NOISES, make_pair, masters

_MOVING, _STILL = 0.3, 0.01  # share of the peak; px
Grid = dict[tuple[float, float], list[tuple[float, float]]]


def measure(quick: bool) -> dict[str, Grid]:
    """(error in moving regions, flow where nothing moves) of each pair, by amplitude and noise."""
    pictures = masters(faces=1 if quick else 4, textures=1 if quick else 2)
    found: dict[str, Grid] = {name: {} for name in ENGINES}
    inner = np.s_[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
    for amplitude in AMPLITUDES:
        for noise in NOISES:
            for seed, master in enumerate(pictures.values()):
                pair = make_pair(master, amplitude=amplitude, noise=noise, seed=seed)
                truth = pair.truth[inner]
                size = np.hypot(*truth)
                for name, engine in ENGINES.items():
                    flow = engine(pair.onset, pair.frame)[inner]
                    error = np.hypot(*(flow - truth))[size > _MOVING * size.max()].mean()
                    still = np.hypot(*flow)[size < _STILL].mean()
                    found[name].setdefault((amplitude, noise), []).append((error, still))
    return found


def report(quick: bool) -> dict[str, float]:
    """Print the grid; return what the targets are about."""
    grids = measure(quick)
    cells = [(amplitude, noise) for amplitude in AMPLITUDES for noise in NOISES]
    pairs = len(next(iter(grids.values()))[cells[0]])
    print(f"\naccuracy: mean end-point error in moving regions, px; {pairs} pictures per column")
    names = "".join(f"{f'{amplitude:g}px ±{noise:g}':>10}" for amplitude, noise in cells)
    print(f"{'peak motion ± grey levels':26}{names}{'mean':>8}{'still':>8}{'worst':>8}")
    means: dict[str, tuple[float, float]] = {}
    for name, grid in grids.items():
        columns = [np.mean(grid[cell], axis=0) for cell in cells]
        error, still = np.mean(columns, axis=0)
        worst = max(column[1] for column in columns)
        means[name] = (float(error), float(worst))
        row = "".join(f"{column[0]:>10.3f}" for column in columns)
        print(f"{name:26}{row}{error:>8.4f}{still:>8.4f}{worst:>8.4f}")
    print(
        f"moving: over {_MOVING:g} of the peak; still: mean |flow| where the truth is under "
        f"{_STILL:g} px, mean and worst column"
    )
    reference = means["opencv"][0]
    return {
        "exact_error_vs_opencv": round(means["tvl1 exact"][0] / reference - 1, 3),
        "fast_error_vs_opencv": round(means["tvl1 fast"][0] / reference - 1, 3),
        "exact_background_px": round(means["tvl1 exact"][1], 4),
        "fast_background_px": round(means["tvl1 fast"][1], 4),
    }
