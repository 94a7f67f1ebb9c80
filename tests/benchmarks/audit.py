"""How long the audit of a database of CAS(ME)^3's size takes, and how much memory.

Writes 860 clips of 94 people, more than 25,000 frames without bytes, in each of the two releases,
and measures ``raicl-prep casme3 --dry-run`` as a whole process. Run: ``make bench-audit``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
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


def measure(root: Path) -> Cost:
    """Audit a CAS(ME)^3; its exit code must be 0."""
    command = [Path(sys.executable).parent / "raicl-prep", "casme3", "--root", root, "--dry-run"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        output = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    assert process.returncode == 0, output
    unit = 2**10 if sys.platform == "linux" else 1  # of ru_maxrss, in bytes
    spent = usage.ru_utime + usage.ru_stime
    return Cost(seconds, spent, usage.ru_maxrss * unit / 1e6, output)


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
