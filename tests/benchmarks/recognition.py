"""What an engine's flow is worth to the network: the same database prepared by each of them.

Run: ``python -m tests.benchmarks.recognition --database demo/database --seeds 0,1,2``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from raicl.common.parallel import resolve_jobs
from raicl.common.settings import merge
from raicl.common.terminal import console
from raicl.data.database import read_database
from raicl.data.protocols.protocol import load_protocol
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.clips.compose import compose
from raicl.train.run.device import configure_torch
from raicl.train.settings import TrainSettings, load_preset
from tests.benchmarks.learning import linear_inputs, linear_scores, network_scores

ENGINES = {
    "tvl1 exact": {},
    "tvl1 fast": {"flow_profile": "fast"},
    "tvl1 exact, no head": {"head_motion": "remove"},
    "opencv": {"flow": "opencv"},
    "opencv fast": {"flow": "opencv", "flow_profile": "fast"},
    "dis": {"flow": "dis"},
}


def main() -> None:
    """Print one row per engine: time to prepare, linear baseline, the network by seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path, required=True, help="a synthetic database")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--engines", default=";".join(ENGINES), help="separated by semicolons")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    seeds = [int(number) for number in options.seeds.split(",")]
    changes = dict(item.split("=", 1) for item in options.set)
    console.configure(quiet=True)
    columns = "".join(f"{f'seed {seed}':>9}" for seed in seeds)
    print(f"{'UF1, leaving one out':24}{'prep s':>8}{'linear':>8}{columns}{'mean':>8}", flush=True)
    found: dict[str, list[float]] = {}
    with TemporaryDirectory() as name:
        for engine in options.engines.split(";"):
            folder = Path(name) / engine.replace(" ", "-").replace(",", "")
            folder.mkdir()
            flows = folder / "flows.h5"
            database = read_database("synthetic", root=options.database)
            started = time.perf_counter()
            prepare(database, flows, PrepSettings(**ENGINES[engine]), jobs=resolve_jobs(None))
            seconds = time.perf_counter() - started
            composite = compose([flows], load_protocol("cde"))
            linear = linear_scores(composite, linear_inputs(composite))["uf1"]
            print(f"{engine:24}{seconds:>8.1f}{linear:>8.3f}", end="", flush=True)
            found[engine] = []
            for seed in seeds:
                layers = (("preset", load_preset(options.preset)), ("--set", changes))
                settings = merge(TrainSettings, *layers, ("seed", {"seed": seed}))
                configure_torch(settings)
                results = network_scores(composite, settings, folder / f"run-{seed}")
                found[engine].append(results.uf1)
                print(f"{found[engine][-1]:>9.3f}", end="", flush=True)
            print(f"{sum(found[engine]) / len(seeds):>8.3f}", flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
