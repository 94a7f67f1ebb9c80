"""Flips: damage one place of a file, let a process of its own read it, and judge what it saw."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from tests.soak.damage import Damage, draw
from tests.soak.material import files_of
from tests.soak.tally import CRASH, HANG, Tally

ROOT = Path(__file__).parents[2]
SHARES = {"index": 0.2, "shards": 0.3, "packed": 0.3, "checkpoint": 0.1, "run": 0.1}
_START_SECONDS = 300.0


class Reader:
    """A process that reads damaged copies of the material. It is started anew when it is lost.

    Attributes
    ----------
    module : where its ``READERS`` are.
    seconds : how long a damage may take; longer counts as a hang.
    """

    def __init__(
        self,
        target: str,
        material: Path,
        work: Path,
        *,
        module: str = "tests.soak.readers",
        seconds: float = 60.0,
    ) -> None:
        self.target, self.material, self.work = target, material, work
        self.module, self.seconds = module, seconds
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop()

    def judge(self, damage: Damage) -> tuple[str, str]:
        """The outcome of a damage, and in words what was seen."""
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(damage)) + "\n")
        process.stdin.flush()
        answer = self._answer(process, self.seconds)
        if answer is None:
            lost = process.poll()
            self._stop()
            if lost is None:
                return HANG, f"more than {self.seconds:g} s"
            return CRASH, f"the process ended with {lost}"
        outcome, text = json.loads(answer)
        return outcome, text

    def _start(self) -> subprocess.Popen[str]:
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        places = [self.material.resolve(), self.work.resolve()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.child", self.module, self.target, *map(str, places)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        if self._answer(self._process, _START_SECONDS) != "ready\n":
            self._stop()
            raise RuntimeError(f"the files of {self.target} cannot be read undamaged")
        return self._process

    def _answer(self, process: subprocess.Popen[str], seconds: float) -> str | None:
        """A line; None if the process is lost or too slow. It writes one line for each it reads."""
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        line = process.stdout.readline() if ready else ""
        if not line and ready:
            process.wait()
        return line or None

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                assert stream is not None
                stream.close()
            self._process = None


def flip_all(
    target: str, numbers: Iterable[int], *, seed: int, material: Path, work: Path
) -> Tally:
    """Try the cases of a target with these numbers."""
    tally, files = Tally(target), files_of(material, target)
    with Reader(target, material, work / target) as reader:
        for number in numbers:
            damage = draw(f"{seed}/{target}/{number}", material, files)
            outcome, text = reader.judge(damage)
            tally.add(outcome, f"{target}:{number} ({damage})", text)
    return tally
