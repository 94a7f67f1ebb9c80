"""A real scheduler of Dask and its workers on this machine, as a user starts them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
_START = "import sys; from dask.__main__ import main; main()"


class LocalDask:
    """A scheduler and workers without nannies: one that is killed stays away.

    Attributes
    ----------
    address : the scheduler's.
    workers : their processes, those that were killed too.
    """

    def __init__(
        self, folder: Path, *, options: Sequence[str], environment: dict[str, str]
    ) -> None:
        self.folder, self.workers = folder, list[subprocess.Popen[bytes]]()
        self._options, self._environment = options, environment
        self._file = folder / "scheduler.json"
        words = ["--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(self._file)]
        self.scheduler = self._start("scheduler", "scheduler", *words, "--no-dashboard")
        wait_until(lambda: self._file.is_file() and bool(self._file.read_text().strip()))
        self.address: str = json.loads(self._file.read_text())["address"]

    def add(
        self, *options: str, prelude: str = "", cwd: Path = ROOT, at_once: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start a worker of one thread, and wait until the scheduler knows it unless `at_once`.

        Parameters
        ----------
        prelude : Python that it runs before Dask.
        """
        name = f"worker-{len(self.workers)}"
        words = [self.address, "--nthreads", "1", "--no-nanny", "--name", name, *options]
        words += ["--local-directory", str(self.folder), "--no-dashboard"]
        worker = self._start(name, "worker", *words, prelude=prelude, cwd=cwd)
        self.workers.append(worker)
        if not at_once:
            log = self.folder / f"{name}.log"
            wait_until(lambda: "Registered to" in log.read_text())
        return worker

    def _start(
        self, name: str, *words: str, prelude: str = "", cwd: Path = ROOT
    ) -> subprocess.Popen[bytes]:
        # units are functions of test modules, which a process finds from the repository's root
        path = os.pathsep.join([str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-c", f"{prelude}\n{_START}", *words, *self._options],
                stdout=log,
                stderr=log,
                cwd=cwd,
                env=os.environ | {"PYTHONPATH": path} | self._environment,
            )

    def worker_of(self, unit: int) -> subprocess.Popen[bytes]:
        """The worker that has started a unit's process."""
        return next(worker for worker in self.workers if unit in children_of(worker.pid))

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextmanager
def local_dask(
    folder: Path,
    *,
    workers: int = 2,
    options: Sequence[str] = (),
    environment: dict[str, str] | None = None,
) -> Iterator[LocalDask]:
    """Start a scheduler and workers, and kill them at the end.

    Parameters
    ----------
    options, environment : of the scheduler and of every worker.
    """
    dask = LocalDask(folder, options=options, environment=environment or {})
    try:
        for number in range(workers):
            dask.add(at_once=number < workers - 1)
        wait_until(lambda: all("Registered" in p.read_text() for p in folder.glob("worker-*.log")))
        yield dask
    finally:
        dask.stop()


def wait_until(holds: Callable[[], object], *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    """Processes that a process has started and that still run."""
    threads = Path(f"/proc/{pid}/task")
    if not threads.is_dir():
        return []
    return [int(c) for t in threads.iterdir() for c in (t / "children").read_text().split()]


def kill_with_unit(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker. The process of its unit ends by itself."""
    children = children_of(worker.pid)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
