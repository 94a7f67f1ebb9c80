"""How long the audit of a database of CAS(ME)^3's size takes, and how much memory.

Writes 860 clips of 94 people, more than 25,000 frames without bytes, in each of the two releases,
and measures ``raicl-prep casme3 --dry-run`` as a whole process. Run: ``make bench-audit``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from raicl.data.miniature.casme3 import RELEASES, sized_rows, write_casme3


class Cost(NamedTuple):
    """Of one process: by the wall's clock and the processor's, and its largest memory."""

    seconds: float
    processor_seconds: float
    megabytes: float
    output: str


def write_sized(folder: Path, release: str) -> int:
    """Write the tree; returns the number of its frames."""
    rows = sized_rows(release)
    tree = write_casme3(folder, release, rows=rows, flaws=False, empty=True)
    return sum(1 for _ in tree.rglob("*.jpg"))


# A process starts with the largest memory of the one that started it, so a small one must.
_STARTER = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=2)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
unit = 2**10 if sys.platform == "linux" else 1  # of ru_maxrss, in bytes
print(os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime,
      usage.ru_maxrss * unit / 1e6)
"""


def measure(root: Path) -> Cost:
    """Audit a CAS(ME)^3; its exit code must be 0."""
    command = [Path(sys.executable).parent / "raicl-prep", "casme3", "--root", root, "--dry-run"]
    answer = subprocess.run(
        [sys.executable, "-c", _STARTER, *command], capture_output=True, text=True, check=True
    )
    code, *cost = map(float, answer.stdout.split())
    assert code == 0, answer.stderr
    return Cost(*cost, answer.stderr)


def main() -> None:
    """Print a row per release."""
    print(f"{'release':8} {'frames':>7} {'seconds':>8} {'processor s':>12} {'peak MB':>8}")
    for release in RELEASES:
        with TemporaryDirectory() as folder:
            frames = write_sized(Path(folder), release)
            costs = sorted(measure(Path(folder)) for _ in range(3))
            cost = costs[1]  # the median
        print(
            f"{release:8} {frames:7} {cost.seconds:8.2f} {cost.processor_seconds:12.2f} "
            f"{cost.megabytes:8.0f}"
        )


if __name__ == "__main__":
    main()
