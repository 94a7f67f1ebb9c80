"""Time of one pair on one thread, where it goes, and how far that is from the core's floor."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np

from raicl.preprocess.flow import relaxation, warping
from raicl.preprocess.flow.profile import PROFILES, Profile
from raicl.preprocess.flow.tvl1 import compute_tvl1
from tests.benchmarks.flow.engines import ENGINES
from tests.benchmarks.flow.machine import ceilings, median_time
from tests.benchmarks.flow.scenes import MARGIN, Pair, make_pair, masters

TIMED = ("tvl1 exact", "tvl1 fast", "opencv", "skimage", "dis")
# per px, counted in the source: operations (sums, products, minima, roots, quotients) and bytes
COSTS = {"sweeps": (56, 64), "warps": (210, 40), "medians": (140, 16)}


def pairs(quick: bool) -> list[Pair]:
    """Pairs of 224 px: faces that move by 1 px at most, before a camera's noise of 1."""
    found = masters(faces=1 if quick else 4, textures=0)
    inner = np.s_[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
    made = (
        make_pair(master, amplitude=1, noise=1, seed=seed)
        for seed, master in enumerate(found.values())
    )
    return [
        Pair(*(np.ascontiguousarray(part[inner]) for part in (p.onset, p.frame, p.truth)))
        for p in made
    ]


def time_engines(quick: bool) -> dict[str, float]:
    """Milliseconds of processor time per pair, the engines taking turns; medians."""
    times: dict[str, list[float]] = {name: [] for name in TIMED}
    for pair in pairs(quick):
        for turn in range(3 if quick else 6):
            for name in TIMED:
                if turn % 3 and name in ("opencv", "skimage"):
                    continue  # slow, and as steady
                started = time.process_time()
                ENGINES[name](pair.onset, pair.frame)
                times[name].append(1000 * (time.process_time() - started))
    return {name: float(np.median(values)) for name, values in times.items()}


@contextmanager
def traced() -> Iterator[dict[str, dict[tuple[int, ...], list[float]]]]:
    """Seconds of each call of the two kernels by the picture's shape, and the sweeps done."""
    found: dict[str, dict[tuple[int, ...], list[float]]] = {
        "warp": defaultdict(list),
        "relax": defaultdict(list),
        "sweeps": defaultdict(list),
    }
    linearise, relax = warping.linearise, relaxation.relax

    def timed_linearise(planes, onset, *others):  # type: ignore[no-untyped-def]
        started = time.process_time()
        linearise(planes, onset, *others)
        found["warp"][onset.shape].append(time.process_time() - started)

    def timed_relax(flow, dual, data, *others):  # type: ignore[no-untyped-def]
        started = time.process_time()
        sweeps = relax(flow, dual, data, *others)
        found["relax"][data.shape[1:]].append(time.process_time() - started)
        found["sweeps"][data.shape[1:]].append(sweeps)
        return sweeps

    with (
        patch.object(warping, "linearise", timed_linearise),
        patch.object(relaxation, "relax", timed_relax),
    ):
        yield found


def split(pair: Pair, profile: Profile) -> dict[str, float]:
    """Milliseconds of warps, sweeps, medians and the rest, and their number at full size."""
    pixels = pair.onset.size
    with traced() as found:
        started = time.process_time()
        compute_tvl1(pair.onset, [pair.frame], profile)
        total = time.process_time() - started
    row = dict.fromkeys(("warps", "sweeps", "medians", "n_warps", "n_sweeps", "n_medians"), 0.0)
    for (height, width), sweeps in found["sweeps"].items():
        share = height * width / pixels
        # one median of each component before every round of `inner` sweeps
        medians = 2 * sum(-(-int(number) // profile.inner) for number in sweeps)
        one = time_of_median(pair.truth[0], height, width)
        last = 2 if share == 1 else 0
        row["medians"] += 1000 * one * (medians + last)
        row["warps"] += 1000 * sum(found["warp"][height, width])
        row["sweeps"] += 1000 * (sum(found["relax"][height, width]) - one * medians)
        row["n_warps"] += share * len(sweeps)
        row["n_sweeps"] += share * sum(sweeps)
        row["n_medians"] += share * (medians + last)
    row["rest"] = 1000 * total - row["warps"] - row["sweeps"] - row["medians"]
    row["total"] = 1000 * total
    return row


def time_of_median(field: np.ndarray, height: int, width: int) -> float:
    """Seconds of one median over a field of that size."""
    part = np.ascontiguousarray(np.resize(field, (height + 1, width + 1)))
    scratch = np.empty((height + 4, width + 4), np.float32)
    return median_time(lambda: [relaxation.smooth(part, scratch) for _ in range(20)], 5) / 20


def report(quick: bool) -> dict[str, float]:
    """Print times, their split and the floor; return the ratios."""
    times = time_engines(quick)
    print("\nspeed: one pair of 224x224 px, one thread, medians of processor time")
    print(f"{'':14}{'ms':>8}{'vs opencv':>11}{'vs skimage':>12}")
    for name, own in times.items():
        against = f"{times['opencv'] / own:>11.1f}{times['skimage'] / own:>12.1f}"
        print(f"{name:14}{own:>8.2f}{against}")
    print_split(quick)
    return {
        f"{profile}_vs_{other}": round(times[other] / times[f"tvl1 {profile}"], 1)
        for profile in ("exact", "fast")
        for other in ("opencv", "skimage")
    }


def print_split(quick: bool) -> None:
    """Where the time goes, the operations and bytes, and the floor of this core."""
    samples = pairs(quick)
    pixels = samples[0].onset.size
    gflops, gbytes, roots = ceilings(pixels)
    print("\nwhere it goes: ms per pair (number, in passes over the whole picture)")
    for name, profile in PROFILES.items():
        rows = [split(pair, profile) for pair in samples for _ in range(3)]
        row = {key: float(np.median([one[key] for one in rows])) for key in rows[0]}
        parts = [f"{part} {row[part]:.2f} ({row[f'n_{part}']:.0f})" for part in COSTS]
        print(f"  {name}: {', '.join(parts)}, rest {row['rest']:.2f}, total {row['total']:.2f}")
        flop, moved = (
            pixels * sum(cost[k] * row[f"n_{part}"] for part, cost in COSTS.items()) / 1e9
            for k in range(2)
        )
        floor = 1000 * max(flop / gflops, moved / gbytes)
        print(
            f"    {flop:.2f} GFLOP and {moved:.2f} GB: {1000 * flop / row['total']:.0f} GFLOP/s; "
            f"the core's floor is {floor:.1f} ms, {row['total'] / floor:.1f} times less"
        )
        own = 1e6 * row["sweeps"] / row["n_sweeps"] / pixels
        arithmetic, memory = COSTS["sweeps"][0] / gflops, COSTS["sweeps"][1] / gbytes
        print(
            f"    a sweep takes {own:.2f} ns/px; its arithmetic {arithmetic:.2f}, its memory "
            f"{memory:.2f}, its roots and quotients {roots:.2f}"
        )
    print(f"  this core: {gflops:.0f} GFLOP/s, {gbytes:.0f} GB/s over the arrays of a sweep")
