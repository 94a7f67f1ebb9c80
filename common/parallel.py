"""Run independent tasks by joblib, here or on a cluster; a dead worker costs only one task."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import parent_process, set_forkserver_preload
from threading import Thread
from typing import Generic, TypeVar

from raicl.common.cluster.client import Cluster
from raicl.common.cluster.dispatch import run_on
from raicl.common.ended_early import results_of
from raicl.common.errors import UsageError
from raicl.common.worker_death import WorkerDeath

_PER_CORE, _LEAST_BOUND = 4, 64  # processes, of up to 500 MB each
_WATCH_SECONDS = 0.2

Task = TypeVar("Task")
Result = TypeVar("Result")


def resolve_jobs(jobs: int | None, *, apart: bool = False) -> int:
    """Number of processes: None means one per physical core, -1 one per logical core.

    Parameters
    ----------
    apart : None means at least two: a single job runs in this process, which its crash would end.

    Raises
    ------
    UsageError : zero, below -1, or so many that their memory alone would stop the machine.
    """
    from joblib import cpu_count

    if jobs is None or jobs == -1:
        count = int(cpu_count(only_physical_cores=jobs is None))
        return max(2, count) if apart and jobs is None else count
    if jobs < 1:
        raise UsageError(f"--jobs {jobs}", fix="give -1 or a positive number")
    cores = int(cpu_count())
    most = max(_LEAST_BOUND, _PER_CORE * cores)
    if jobs > most:
        raise UsageError(
            f"--jobs {jobs} on {cores} cores, where at most {most} are started",
            fix="give -1 for one process per core",
        )
    return jobs


def run_all(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    jobs: int,
    minutes: float | None = None,
    cluster: Cluster | None = None,
    preload: str | None = None,
) -> Generator[tuple[int, Result | WorkerDeath[Task]], None, None]:
    """Yield (index of the task, its result) in the order of completion.

    When a worker dies (out of memory, a crash in native code), the tasks that may have been
    running are run again one at a time. A task that kills its worker again yields `WorkerDeath`,
    and the others continue. Workers end soon after this process, even if it is killed, and at once
    when the iterator is closed before its end.

    Parameters
    ----------
    minutes : time limit for one task. A worker that exceeds it is stopped, as if it had died.
        Tasks that run in this process have no limit.
    cluster : where the tasks run, see `run_on`. None for this machine, `jobs` at a time.
    preload : a module that imports what every worker needs, and computes nothing: on Linux it is
        imported once, by a server that workers are forked from, whose memory they share.
    """
    if cluster is not None:
        yield from run_on(cluster, work, tasks, minutes)
        return
    work = _Timed(work, minutes)
    waiting = list(range(len(tasks)))
    if jobs == 1:
        for index in waiting:
            yield index, work(tasks[index])
        return
    while waiting:
        try:
            with closing(_run_parallel(work, tasks, list(waiting), jobs, preload)) as finished:
                for index, result in finished:
                    waiting.remove(index)
                    yield index, result
        except _worker_deaths():
            suspects = waiting[: 2 * jobs]  # joblib has dispatched no more than these
        else:
            return
        for suspect in suspects:
            try:
                [(index, result)] = _run_parallel(work, tasks, [suspect], 2, preload)
            except _worker_deaths():
                yield suspect, WorkerDeath()
            else:
                yield index, result
            waiting.remove(suspect)


def stop_workers() -> None:
    """End the pool's processes at once. They stay for the next tasks otherwise."""
    from joblib.externals.loky import get_reusable_executor

    # asked for with other arguments than joblib's, its pool is killed and an empty one is given
    get_reusable_executor(kill_workers=True).shutdown(wait=True, kill_workers=True)


def _run_parallel(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    indices: list[int],
    jobs: int,
    preload: str | None,
) -> Generator[tuple[int, Result], None, None]:
    from joblib import Parallel, delayed

    # joblib replaces a worker that has grown by 300 MB, as one does whose second unit is larger
    # than its first, and warns of it; where warnings are errors, that would end the pool's thread
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    parallel = Parallel(
        n_jobs=min(jobs, max(2, len(indices))),
        batch_size=1,
        pre_dispatch="2*n_jobs",
        return_as="generator_unordered",
    )
    me = os.getpid()
    with _forked(preload):
        found = parallel(delayed(_numbered)(work, index, tasks[index], me) for index in indices)
    yield from results_of(found)


@contextmanager
def _forked(preload: str | None) -> Iterator[None]:
    """Let a pool that is made meanwhile fork its workers from a server that has this module."""
    from joblib.externals.loky.backend.context import set_start_method

    if preload is None or sys.platform != "linux":
        yield
        return
    set_forkserver_preload([preload])  # of the first pool: a process has one server
    set_start_method("forkserver", force=True)
    try:
        yield
    finally:
        set_start_method(None, force=True)


@dataclass(frozen=True)
class _Timed(Generic[Task, Result]):
    """Work that ends its process if it takes too long, even inside native code."""

    work: Callable[[Task], Result]
    minutes: float | None

    def __call__(self, task: Task) -> Result:
        if self.minutes is None or parent_process() is None:
            return self.work(task)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the default action ends the process
        signal.setitimer(signal.ITIMER_REAL, 60 * self.minutes)
        try:
            return self.work(task)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _numbered(
    work: Callable[[Task], Result], index: int, task: Task, caller: int
) -> tuple[int, Result]:
    _leave_with(caller)
    return index, work(task)


@cache
def _leave_with(caller: int) -> None:
    """End this worker soon after its caller, which frees its memory and its locks.

    A worker that crashes is told of in a line. Its trace, which joblib lets it print, is shown in
    debug mode only.
    """
    if not os.environ.get("RAICL_DEBUG"):
        faulthandler.disable()
    Thread(target=_leave_after, args=(caller,), daemon=True).start()


def _leave_after(caller: int) -> None:
    above = os.getppid()  # the caller, or the server that ends with it
    while os.getppid() == above and _lives(caller):
        time.sleep(_WATCH_SECONDS)
    os._exit(1)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _worker_deaths() -> tuple[type[BaseException], ...]:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    return (BrokenProcessPool,)
