"""READ FIRST: connect to a cluster, look at its workers, and clean up behind oneself."""

from __future__ import annotations

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raicl.common.cluster.pact import Pact, check_pact, make_pact, this_machine
from raicl.common.errors import InputError, RaiclError, SetupError
from raicl.common.files import write_atomic, writing
from raicl.common.terminal.console import say
from raicl.common.terminal.wording import counted

_CONNECT_SECONDS = 15.0
_WORKER_SECONDS = 300.0  # a batch system may start the first worker late


@dataclass(frozen=True)
class Machine:
    """Where a worker runs: the machine's name, and its units at a time."""

    host: str
    slots: int


@dataclass(frozen=True)
class Cluster:
    """Workers that have proved that they see the caller's files and have its versions.

    Attributes
    ----------
    client : Dask's connection.
    address : the scheduler's.
    pact : what workers that come later must prove too.
    meeting : a folder on the shared storage, there as long as the connection.
    topic : under which workers send log lines.
    machines : one per worker.
    """

    client: Any
    address: str
    pact: Pact
    meeting: Path
    topic: str
    machines: tuple[Machine, ...]

    @property
    def slots(self) -> int:
        """Units at a time."""
        return sum(machine.slots for machine in self.machines)

    @property
    def slots_of_a_machine(self) -> int:
        """The most units at a time on one machine, which share its memory."""
        return max(self._by_host().values())

    def _by_host(self) -> Counter[str]:
        slots: Counter[str] = Counter()
        for machine in self.machines:
            slots[machine.host] += machine.slots
        return slots


@contextmanager
def connected(
    address: str | None, *, beside: Path, files: Sequence[Path]
) -> Iterator[Cluster | None]:
    """Yield the workers of a scheduler, or None without an address.

    When the block ends, however it ends, the scheduler forgets every task and the workers stop what
    they are at.

    Parameters
    ----------
    address : see `checked_address`.
    beside : folder on the shared storage in which the output is written.
    files : files that every worker must see as they are here.

    Raises
    ------
    SetupError : dask is not installed, nobody answers, there is no worker, or versions differ.
    InputError : a worker does not see what is here, a file cannot be read or the folder be written.
    """
    if address is None:
        yield None
        return
    client = _connect(address)
    meeting = beside.absolute() / f".cluster-{secrets.token_hex(8)}"
    try:
        with writing(meeting):
            meeting.mkdir()
        yield _inspect(client, address, meeting, files)
    finally:
        client.close()
        shutil.rmtree(meeting, ignore_errors=True)


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise SetupError(
            f"dask cannot be imported: {error}", fix="pip install 'raicl[cluster]'"
        ) from error
    try:
        client: Any = Client  # it has no types
        return client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError) as error:
        raise SetupError(
            f"no scheduler of Dask answers: {str(error).splitlines()[0]}",
            where=address,
            fix="start dask scheduler there; tls:// needs the certificates in Dask's configuration",
        ) from error


def _inspect(client: Any, address: str, meeting: Path, files: Sequence[Path]) -> Cluster:
    """Look at every worker that is there."""
    token = meeting / "token"
    write_atomic(token, secrets.token_bytes(32))
    pact = make_pact([token, *files])
    if not client.ncores():
        say(f"waiting for a worker of {address}")
    try:
        client.wait_for_workers(1, timeout=_WORKER_SECONDS)
    except TimeoutError as error:
        raise SetupError(
            "the scheduler has no worker", where=address, fix=f"dask worker {address}"
        ) from error
    found = client.run(_introduce, pact, str(meeting), on_error="return")
    for worker, answer in found.items():
        _raise_problem(worker, answer)
        seen = meeting / answer[1]
        if not seen.is_file():
            raise InputError(
                "what a worker writes is not seen here",
                where=f"{seen} of {worker} ({answer[0].host})",
                fix="put the output on storage that all machines mount under the same path",
            )
    slots = client.ncores()
    machines = tuple(
        Machine(answer[0].host, slots.get(worker, 1)) for worker, answer in found.items()
    )
    topic = f"raicl-{meeting.name}"
    client.subscribe_topic(topic, lambda event: say(str(event[1])))
    hosts = len({machine.host for machine in machines})
    cluster = Cluster(client, address, pact, meeting, topic, machines)
    say(
        f"{address}: {counted(len(machines), 'worker')} on {counted(hosts, 'machine')}, "
        f"{counted(cluster.slots, 'unit')} at a time"
    )
    return cluster


def _raise_problem(worker: str, answer: Any) -> None:
    if isinstance(answer, RaiclError):
        raise answer
    if isinstance(answer, BaseException):
        raise SetupError(
            f"a worker does not run raicl: {type(answer).__name__}: {answer}".splitlines()[0],
            where=worker,
            fix="start the workers from the environment of this command, or a copy of it",
        ) from answer


def _introduce(pact: Pact, meeting: str) -> tuple[Machine, str]:
    """On a worker: prove what the pact asks for, and leave a file that the caller must see."""
    host = this_machine()
    check_pact(pact, f"process {os.getpid()} on {host}")
    seen = f"seen-{secrets.token_hex(8)}"
    (Path(meeting) / seen).touch()
    return Machine(host, 1), seen
