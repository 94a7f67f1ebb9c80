"""Dispatch: send tasks to a cluster by joblib's backend for Dask, and collect their results."""

from __future__ import annotations

import os
import pickle
import secrets
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from raicl.common.cluster.client import Cluster
from raicl.common.cluster.order import AGAIN, Order
from raicl.common.cluster.unit import run_unit
from raicl.common.ended_early import results_of
from raicl.common.errors import SetupError
from raicl.common.files import sha256_bytes, write_atomic
from raicl.common.worker_death import WorkerDeath

Task = TypeVar("Task")
Result = TypeVar("Result")
_PASSED_ON = ("GOMP_SPINCOUNT",)  # variables that a library reads when it is loaded


def run_on(
    cluster: Cluster,
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    minutes: float | None,
) -> Iterator[tuple[int, Result | WorkerDeath[Task]]]:
    """Yield (index of the task, its result) in the order of completion.

    A task whose process or worker is lost is run again, twice at most, and then yields
    `WorkerDeath`. `work` and what it holds travel through the shared storage, once.

    Parameters
    ----------
    minutes : time limit for one task.

    Raises
    ------
    SetupError : the scheduler is gone, or a worker that came later has other versions.
    InputError : a worker that came later does not see the files.
    """
    call = secrets.token_hex(8)
    content = pickle.dumps(work)
    digest = sha256_bytes(content)
    path = cluster.meeting / f"{call}.work"
    write_atomic(path, content)

    def order(index: int) -> Order:
        return Order(
            call=call,
            index=index,
            task=pickle.dumps(tasks[index]),
            work=str(path),
            work_digest=digest,
            pact=cluster.pact,
            meeting=str(cluster.meeting),
            topic=cluster.topic,
            minutes=minutes,
            environment={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            folder=str(Path.cwd()),
        )

    waiting = dict.fromkeys(range(len(tasks)))
    in_vain = 0  # how often nothing came back before a task was given up
    while waiting and in_vain <= AGAIN:
        before = len(waiting)
        try:
            with closing(_dispatch(cluster, [order(index) for index in waiting])) as found:
                for index, outcome in found:
                    fine, value = pickle.loads(outcome)
                    if not fine:
                        raise value
                    del waiting[index]
                    yield index, value
        except _losses():  # of a scheduler that gives a task up before a worker does
            in_vain = in_vain + 1 if len(waiting) == before else 0
    for index in waiting:
        yield index, WorkerDeath()


def _dispatch(
    cluster: Cluster, orders: Sequence[Order]
) -> Generator[tuple[int, bytes], None, None]:
    from distributed import CancelledError
    from joblib import Parallel, delayed

    parallel = Parallel(
        backend=_backend()(client=cluster.client),
        batch_size=1,
        pre_dispatch="all",  # for workers that come later
        return_as="generator_unordered",
    )
    found = parallel(delayed(run_unit)(order) for order in orders)
    try:
        yield from results_of(found)
    except CancelledError as error:
        raise SetupError(
            "the scheduler is gone",
            where=cluster.address,
            fix="start it again; the same command continues where this one stopped",
        ) from error


def _losses() -> tuple[type[BaseException], ...]:
    from distributed import KilledWorker

    return (KilledWorker,)


def _backend() -> Any:
    """Joblib's backend for Dask, with two things that it lacks.

    It would run everything in this process if there is one worker, and would wait forever for a
    task that Dask itself gives up.
    """
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, int(super().effective_n_jobs(n_jobs)))

        def submit(self, func: Any, callback: Callable[[object], None]) -> Any:
            future = super().submit(func, callback)

            def pass_on(done: Any) -> None:
                if done.exception() is not None:
                    callback(done.exception())

            future.add_done_callback(pass_on)
            return future

        def retrieve_result_callback(self, out: object) -> object:
            if isinstance(out, BaseException):
                raise out
            return super().retrieve_result_callback(out)

    return Backend
