"""What joblib returns, which may be given up before its end without a word of joblib's own."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")


def results_of(found: Generator[Result, None, None]) -> Generator[Result, None, None]:
    """Yield what joblib's generator yields. Closing this one ends the tasks that still run.

    joblib warns then of results that nobody waits for: the reason is told by whoever closes it.
    """
    try:
        for one in found:  # noqa: UP028 (yield from would close it outside of what follows)
            yield one
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.close()
