"""Speed, accuracy and steadiness of stage 1's flow, beside what one would use instead.

One program, one run; figures are medians on the machine that it names, and the last line is JSON.
Run: ``make bench-flow`` (ten minutes), or ``python -m tests.benchmarks.flow --quick``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from tests.benchmarks.flow import (
    accuracy,
    clips,
    engines,
    machine,
    parity,
    reading,
    speed,
    stage,
    still,
)

PARTS = {
    "speed": lambda folder, quick: speed.report(quick),
    "parity": lambda folder, quick: parity.report(quick),
    "accuracy": lambda folder, quick: accuracy.report(quick),
    "still": lambda folder, quick: still.report(quick),
    "clips": clips.report,
    "stage": stage.report,
    "reading": reading.report,
}


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few pictures, in two minutes")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := set(names) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    cv2.setNumThreads(1)
    print(machine.describe(), flush=True)
    engines.warm_up()
    found: dict[str, float] = {}
    with TemporaryDirectory() as name:
        for part in names:
            found |= PARTS[part](Path(name), options.quick)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
