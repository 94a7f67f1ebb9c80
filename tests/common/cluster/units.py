"""Units that a worker is sent. Each notes on disk that it began, so that a test sees how often."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.terminal.console import say


@dataclass(frozen=True)
class Noting:
    """The square of a number; numbers that do something else are named.

    Attributes
    ----------
    fatal : kills its process.
    slow : takes a minute, but only while the file ``wait`` is there.
    wrong : cannot be used.
    """

    folder: Path
    fatal: int = -1
    slow: int = -1
    wrong: int = -1

    def __call__(self, number: int) -> int:
        with (self.folder / "begun").open("a") as stream:
            stream.write(f"{number} {os.getpid()}\n")
        say(f"unit {number}")
        if number == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == self.wrong:
            raise InputError(f"unit {number} is wrong", where="here", fix="leave it")
        deadline = time.monotonic() + 60
        while number == self.slow and self.wait.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        return number * number

    @property
    def wait(self) -> Path:
        return self.folder / "wait"

    def times(self, number: int) -> int:
        """How often a unit was begun."""
        return len(self.processes(number))

    def processes(self, number: int) -> list[int]:
        """The processes in which a unit was begun."""
        path = self.folder / "begun"
        lines = path.read_text().splitlines() if path.exists() else []
        return [int(line.split()[1]) for line in lines if line.split()[0] == str(number)]
