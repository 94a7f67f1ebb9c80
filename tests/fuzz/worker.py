"""A process that fuzzes one target by atheris: ``python -m tests.fuzz.worker TARGET ...``.

Findings are printed as lines ``finding: ...`` and kept in the folder of findings, and it goes on.
What follows the names are options of libFuzzer, among them folders of contents to begin with.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]

with atheris.instrument_imports(include=["raicl"]):
    from tests.fuzz.judge import judge
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until the time is over."""
    name, findings = sys.argv[1], Path(sys.argv[2])
    target, folder = TARGETS[name], Path(tempfile.mkdtemp(prefix="raicl-fuzz-"))
    seen: set[str] = set()

    def try_one(content: bytes) -> None:
        found = judge(target, content, folder)
        place = found.rpartition(" at ")[2]
        if found and place not in seen:
            seen.add(place)
            kept = findings / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
            kept.write_bytes(content)
            print(f"finding: {name}: {found} ({kept})", flush=True)

    atheris.Setup([sys.argv[0], *sys.argv[3:]], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
