"""Unit: what a Dask worker does with an order. Its processes do the work, it watches over them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path

from raicl.common.cluster.order import AGAIN, SAID, Order
from raicl.common.cluster.pact import Pact, check_pact, this_machine
from raicl.common.worker_death import WorkerDeath

_POLL_SECONDS = 0.2
_here = threading.local()  # the process of this thread
_checked: list[Pact] = []  # the last one that held in this worker


class _Gone(Exception):
    """The process of a unit died."""


def run_unit(order: Order) -> tuple[int, bytes]:
    """Run a unit in a process of this thread and give its index and its pickled outcome.

    A unit whose process dies is tried again, twice at most. A worker may be lost with it, so the
    tries are counted on the shared storage.

    Raises
    ------
    InputError, SetupError : see `check_pact`; a worker may join after the caller has looked.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def unwanted() -> bool:
        """Whether nobody waits for this unit any more: interrupted, or lost with its caller."""
        state = worker.state.tasks.get(key)
        return state is None or state.state == "cancelled"

    def say(line: str) -> None:
        worker.log_event(order.topic, line)

    if order.pact not in _checked:
        check_pact(order.pact, f"{worker.address} ({this_machine()})")
        _checked[:] = [order.pact]
    while (attempt := _begin(order)) is not None:
        try:
            outcome = _process(order).run(order, say=say, unwanted=unwanted)
        except _Gone:
            continue
        attempt.unlink(missing_ok=True)  # the caller may have removed the whole folder
        return order.index, outcome
    return order.index, _DEATH


def _begin(order: Order) -> Path | None:
    """A file that stands for one try, kept if that is the last of the process or its worker."""
    for number in range(1 + AGAIN):
        path = Path(order.meeting) / f"{order.call}-{order.index}-{number}"
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    return None


_DEATH = pickle.dumps((True, WorkerDeath()))


class _Process:
    """A child process and the pipe to it."""

    def __init__(self, order: Order) -> None:
        self.call = order.call
        self._pipe, theirs = Pipe()
        number = theirs.fileno()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "raicl.common.cluster.child", str(number)],
            pass_fds=[number],
            stdin=subprocess.PIPE,
            env=os.environ | order.environment,
            cwd=order.folder if Path(order.folder).is_dir() else None,
        )
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it can be given a unit. One that had nothing to do for long has ended."""
        return self._child.poll() is None

    def run(
        self, order: Order, *, say: Callable[[str], None], unwanted: Callable[[], bool]
    ) -> bytes:
        """The pickled outcome of a unit; that of a death if it takes too long.

        Raises
        ------
        _Gone : the process died.
        """
        limit = float("inf") if order.minutes is None else 60 * order.minutes
        deadline = time.monotonic() + limit
        try:
            self._pipe.send(order)
            while True:
                if self._pipe.poll(_POLL_SECONDS):
                    kind, value = self._pipe.recv()
                    if kind != SAID:
                        return bytes(value)
                    say(value)
                if time.monotonic() > deadline or unwanted():
                    self.stop()
                    return _DEATH
        except (EOFError, OSError) as error:
            self.stop()
            raise _Gone from error

    def stop(self) -> None:
        """End it at once."""
        self._child.kill()
        self._child.wait()
        self._pipe.close()
        if self._child.stdin is not None:
            self._child.stdin.close()


def _process(order: Order) -> _Process:
    """The process of this thread. It serves one call, for which it keeps what it has loaded."""
    there: _Process | None = getattr(_here, "process", None)
    if there is not None and there.alive and there.call == order.call:
        return there
    if there is not None:
        there.stop()
    fresh = _here.process = _Process(order)
    return fresh
