"""Commands whose writes, syncs and renames fail below Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Answer(NamedTuple):
    code: int
    said: str


class Faulty:
    """Runs commands with faults, each in a fork of a process that has loaded what they need."""

    def __init__(self, library: Path, modules: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote", *modules],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | {"LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"},
        )

    def run(self, *words: object, folder: Path, fault: str = "", **variables: str) -> Answer:
        """Run a command in a folder.

        Parameters
        ----------
        fault : such as ``write:3:28``, the third write below `folder` fails with errno 28.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        variables = {"FAULT": fault, "FAULT_BELOW": str(folder.resolve()), **variables}
        asked = {"words": list(map(str, words)), "folder": str(folder), "variables": variables}
        self.process.stdin.write(json.dumps(asked) + "\n")
        return Answer(**json.loads(self.process.stdout.readline()))

    def calls(self, *words: object, folder: Path) -> list[str]:
        """Every write, fsync and rename of a command that ends well, as ``write:3``."""
        log = folder.parent / "calls"
        log.unlink(missing_ok=True)
        answer = self.run(*words, folder=folder, FAULT_COUNT=str(log))
        assert answer.code == 0, answer.said
        seen: dict[str, int] = {}
        found = []
        for name in log.read_text().split():
            seen[name] = seen.get(name, 0) + 1
            found.append(f"{name}:{seen[name]}")
        return found

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of faults, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("faults below Python need Linux and a C compiler")
    path = tmp_path_factory.mktemp("faulty") / "faulty.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", path, HERE / "faulty.c", "-ldl"]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def faulty(library: Path) -> Iterator[Callable[..., Faulty]]:
    """``faulty("raicl.preprocess.process")`` starts a process that has loaded these modules."""
    with ExitStack() as running:

        def start(*modules: str) -> Faulty:
            found = Faulty(library, modules)
            running.callback(found.close)
            return found

        yield start
