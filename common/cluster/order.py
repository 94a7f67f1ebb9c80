"""Order: what a worker is told about one unit."""

from __future__ import annotations

from dataclasses import dataclass

from raicl.common.cluster.pact import Pact

AGAIN = 2  # times that a unit is tried once more, after its process or its worker was lost
SAID = "said"


@dataclass(frozen=True, kw_only=True)
class Order:
    """One unit.

    Attributes
    ----------
    call : names the sequence of tasks that it is one of, in which processes keep what they load.
    index : place in that sequence.
    task : pickled by the caller.
    work : path of what is done with every task, pickled by the caller.
    work_digest : SHA-256 of that file.
    pact : what the worker must have in common with the caller.
    meeting : folder on the shared storage in which caller and workers leave notes.
    topic : where log lines go.
    minutes : time limit. None for none.
    environment : variables that its process gets from the caller.
    folder : working directory of the caller, and of the process where it exists.
    """

    call: str
    index: int
    task: bytes
    work: str
    work_digest: str
    pact: Pact
    meeting: str
    topic: str
    minutes: float | None
    environment: dict[str, str]
    folder: str
