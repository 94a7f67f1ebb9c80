"""A process that reads damaged files: ``python -m tests.soak.child MODULE TARGET MATERIAL WORK``.

It answers every line of its input, a damage, by a line: the outcome and what was seen. A crash or
an endless loop costs the process alone, and its parent counts it.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from raicl.common.errors import RaiclError
from tests.peak import begin_peak, memory_mb
from tests.soak.damage import Damage
from tests.soak.tally import HARMLESS, MEMORY, SILENT, TOLD, TRACE

_MEMORY_MB = 200


def attempt(read: Callable[[Path], dict[str, str]], work: Path, truth: dict[str, str]) -> list[str]:
    """Read a damaged folder: the outcome, and in words what was seen."""
    try:
        found = read(work)
    except RaiclError as error:
        return [TOLD, str(error)]
    except Exception as error:  # what a reader must never let through
        return [TRACE, f"{type(error).__name__}: {error}".splitlines()[0]]
    different = [name for name in truth if found.get(name) != truth[name]]
    if different or found.keys() != truth.keys():
        name = different[0] if different else "other names"
        return [SILENT, _difference(name, truth.get(name, ""), found.get(name, ""))]
    return [HARMLESS, ""]


def _difference(name: str, before: str, now: str) -> str:
    """The first place where two texts differ."""
    pairs = zip(before, now, strict=False)
    place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(before), len(now)))
    start = max(0, place - 30)
    return f"{name}: {before[start : place + 30]!r} became {now[start : place + 30]!r}"


def main() -> None:
    """Answer until the input ends."""
    module, target, material, place = sys.argv[1:]
    read = importlib.import_module(module).READERS[target]
    answers = os.fdopen(os.dup(1), "w")
    # what commands print stays out of the answers
    printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open until the process ends)
    os.dup2(printed.fileno(), 1)
    os.dup2(printed.fileno(), 2)
    work = Path(place)
    _restore(Path(material), work)
    os.chdir(work)
    truth = read(work)
    _restore(Path(material), work)
    if read(work) != truth:  # also warms up what loads on first use
        raise AssertionError(f"{target} reads otherwise each time")
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        _restore(Path(material), work)
        Damage(**json.loads(line)).apply(work)
        printed.seek(0)
        printed.truncate()
        before = begin_peak()
        answer = attempt(read, work, truth)
        printed.seek(0)
        said = printed.read()
        if answer[0] in (TOLD, HARMLESS) and "Traceback" in said:
            answer = [TRACE, said.strip().splitlines()[-1]]
        elif answer[0] == TRACE:
            answer[1] = " ".join([answer[1], *said.strip().splitlines()[:1]])
        elif (more := memory_mb("VmHWM") - before) > _MEMORY_MB:
            answer = [MEMORY, f"{more:.0f} MB more"]
        print(json.dumps(answer), file=answers, flush=True)


def _restore(material: Path, work: Path) -> None:
    """Make `work` a copy of `material`, without writing what is the same already."""
    wanted = {path.relative_to(material) for path in material.rglob("*") if path.is_file()}
    for path in sorted(work.rglob("*"), reverse=True):
        name = path.relative_to(work)
        if path.is_file() and name not in wanted:
            path.unlink()
        elif path.is_dir() and not (material / name).is_dir():
            path.rmdir()
    for name in wanted:
        source, copy = material / name, work / name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


if __name__ == "__main__":
    main()
