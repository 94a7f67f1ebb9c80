"""Child: the process in which the units of one worker thread run, one after another.

``python -m raicl.common.cluster.child N`` answers on file descriptor N. It ends when its standard
input does, so that it never outlives its worker, and when it has had nothing to do for a while.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from raicl.common.cluster.order import SAID, Order
from raicl.common.errors import InputError
from raicl.common.files import sha256_bytes
from raicl.common.terminal import console

_IDLE_SECONDS = 30.0


def main() -> None:
    """Answer each order with its outcome, after the lines that it says."""
    Thread(target=_leave_with_worker, daemon=True).start()
    pipe: Connection[Any, Any] = Connection(int(sys.argv[1]))
    sending = Lock()  # a unit may say something from any of its threads

    def send(kind: str, value: str | bytes) -> None:
        with sending:
            pipe.send((kind, value))

    console.redirect(lambda text: send(SAID, text))
    loaded: dict[str, Any] = {}
    while pipe.poll(_IDLE_SECONDS):
        send("done", _outcome(pipe.recv(), loaded))


def _outcome(order: Order, loaded: dict[str, Any]) -> bytes:
    """The pickled result of a unit or its error, with which of the two it is."""
    try:
        work = loaded.get(order.work) or _load(order)
        loaded.clear()
        loaded[order.work] = work
        return pickle.dumps((True, work(pickle.loads(order.task))))
    except Exception as error:  # it is raised where the result is waited for
        error.add_note(f"in a worker:\n{traceback.format_exc()}")
        try:
            return pickle.dumps((False, error))
        except Exception:  # some errors of libraries cannot travel
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))


def _load(order: Order) -> Any:
    """What is done with every task. It lies on the shared storage, and is what the caller wrote."""
    content = Path(order.work).read_bytes()
    if sha256_bytes(content) != order.work_digest:
        raise InputError("a worker sees another file there", where=order.work)
    return pickle.loads(content)


def _leave_with_worker() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
