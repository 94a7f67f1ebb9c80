"""Commands as functions: in this process, where torch is loaded once."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import torch


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@contextmanager
def put_back() -> Iterator[None]:
    """What a command sets for its whole process is as it was when the block ends."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(False)
        torch.utils.deterministic.fill_uninitialized_memory = True


def exit_code(main: Callable[[], object], *words: object) -> int:
    """Run an entry point with `words` as its command line, its own name first."""
    with pytest.MonkeyPatch.context() as patch, put_back():
        patch.setattr(sys, "argv", [str(word) for word in words])
        with pytest.raises(SystemExit) as stop:
            main()
    assert isinstance(stop.value.code, int)
    return stop.value.code
