"""Faults from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def in_the_way(path: Path) -> Iterator[None]:
    """A folder lies where a fold wants to write a file, and stops the fold there."""
    path.mkdir(parents=True)
    yield
    path.rmdir()
