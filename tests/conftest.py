"""What holds for every test."""

import fcntl
import os
from collections.abc import Iterator

import pytest

from raicl.common.terminal import console
from raicl.preprocess.flow.engine import warm_up
from raicl.preprocess.settings import PrepSettings
from tests.dask_cluster import LocalDask, local_dask


@pytest.fixture(scope="session", autouse=True)
def compiled_in_turn(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of several processes of tests one compiles the flow engine: numba's cache has no lock."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    with (tmp_path_factory.getbasetemp().parent / "compiling").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        warm_up(PrepSettings())


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    """A command that a test runs here with ``--quiet`` does not silence the next test."""
    before = console.configured()
    yield
    console.configure(quiet=before["quiet"])


@pytest.fixture(scope="session")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDask]:
    """A scheduler and two workers. A test that kills one adds another."""
    with local_dask(tmp_path_factory.mktemp("dask")) as running:
        yield running
