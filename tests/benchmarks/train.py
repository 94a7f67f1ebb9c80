"""Training beside the bare step, and beside what one would write with a DataLoader over h5py.

``make bench-train``, or ``python -m tests.benchmarks.train --preset tiny``. Loops that train the
same network take turns, each in a process of its own: the step alone on a batch that never changes,
which is the ceiling; an epoch as `raicl.train.fold.fit` does it; a Dataset that opens the cache's
files, under a DataLoader; and the bare step by other settings. The last line is JSON. On a busy
machine give ``--by processor --threads 1``.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch

from raicl.common.settings import merge
from raicl.train.ablation.cost import count_cost
from raicl.train.settings import TrainSettings, preset_layers
from tests.benchmarks.training_loops import CLASSES, Loop, Runner, best_product
from tests.train.caches import write_cache

BARE, OURS = "bare step", "our epoch"
STEPS: dict[str, dict[str, Any]] = {
    "fused Adam": {"adam": "fused"},
    "compiled backbones": {"compile": "kernels"},
    "bfloat16 backbones": {"precision": "bfloat16"},
}
Times = dict[str, list[float]]  # seconds of every round


def main() -> None:
    """Print a table for each device, and one line of JSON."""
    options = _options()
    settings = merge(TrainSettings, *preset_layers(options.preset))
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    found: dict[str, Any] = {"preset": options.preset, "by": options.by}
    with TemporaryDirectory() as folder:
        # whole batches, so that every loop takes the same steps
        clips = -(-options.steps * settings.batch_size // settings.pairs)
        flows = write_cache(
            Path(folder) / "flows.h5", subjects=1, clips=clips, n=16, size=settings.size
        )
        for device in devices:
            loops = contestants(Loop(flows, settings, device, **_shared(options)), options.workers)
            found[device] = contest(loops, options.rounds)
    print(json.dumps(found | {key: found[devices[-1]][key] for key in HEADLINE}))


HEADLINE = ("share_of_bare_step", "vs_dataloader")


def contestants(plain: Loop, workers: list[int]) -> dict[str, Loop]:
    """The loops by name, in the order of their turns."""
    loops = {BARE: plain, OURS: plain._replace(kind="ours")}
    for n in workers:
        # nobody who writes this asks glibc to keep memory
        user = plain._replace(kind="user", workers=n, keep=False)
        loops[f"DataLoader, {n} workers"] = user
        if n == min(workers):
            loops["the same, our layout"] = user._replace(layout=torch.channels_last)
    for name, changed in STEPS.items():
        loops[name] = plain._replace(settings=plain.settings.model_copy(update=changed))
    if plain.device == "cpu":
        loops["memory returned"] = plain._replace(keep=False)
    return loops


def contest(loops: dict[str, Loop], rounds: int) -> dict[str, float]:
    """Let the loops take turns, and print what came of it."""
    plain = loops[BARE]
    with ExitStack() as stack:
        runners = {name: stack.enter_context(Runner(loop)) for name, loop in loops.items()}
        times = take_turns(runners, rounds)
        peaks = {name: runner.peak() for name, runner in runners.items()}
        product = best_product(plain)
    pairs = plain.steps * plain.settings.batch_size
    flops = count_cost(plain.settings, len(CLASSES)).pair_flops
    print(f"{plain.device} by {plain.by}: medians of {rounds} rounds of {pairs} pairs")
    heads = ("pairs/s", "of bare", "TFLOP/s", "of matmul", "peak MB")
    print(f"{'':22}" + "".join(f"{head:>11}" for head in heads))
    for name in loops:
        speed = pairs / median(times[name])
        reached = speed * flops / 1e12
        print(
            f"{name:22}{speed:>11.1f}{ratio(times, BARE, name):>11.3f}{reached:>11.4f}"
            f"{reached / product:>11.2f}{peaks[name]:>11.0f}"
        )
    print(f"a float32 matrix product reaches {product:.4f} TFLOP/s")
    loaders = {name: ratio(times, name, OURS) for name in loops if loops[name].kind == "user"}
    written = [value for name, value in loaders.items() if name.startswith("DataLoader")]
    others = [name for name in loops if loops[name].kind == "bare" and name != BARE]
    return {
        "pairs_per_second": pairs / median(times[OURS]),
        "share_of_bare_step": ratio(times, BARE, OURS),
        "vs_dataloader": min(written),  # beside the faster of them
        "matmul_tflops": product,
        **{f"ours over {name}": value for name, value in loaders.items()},
        **{f"{name} over bare step": ratio(times, BARE, name) for name in others},
    }


def take_turns(runners: dict[str, Runner], rounds: int) -> Times:
    """Seconds of each loop in every round, after one round that does not count."""
    times: Times = {name: [] for name in runners}
    for turn in range(rounds + 1):
        for name, runner in runners.items():
            seconds = runner.run()
            if turn:
                times[name].append(seconds)
    return times


def ratio(times: Times, name: str, other: str) -> float:
    """Median over the rounds of the time of `name` over that of `other` in the same round."""
    return median(one / two for one, two in zip(times[name], times[other], strict=True))


def _shared(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("by", "threads", "steps")}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=8, help="of a loop in a round")
    parser.add_argument("--threads", type=int, help="torch's choice by default")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="of DataLoaders")
    parser.add_argument("--by", choices=["clock", "processor"], default="clock")
    return parser.parse_args()


if __name__ == "__main__":
    main()
