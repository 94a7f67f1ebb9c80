"""The library and the site that the viewer makes of a trained run and its cache."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from raicl.train.view.answer import Site, make_site
from raicl.train.view.library import Library
from raicl.train.view.run import RunSource
from raicl.train.view.server import Server
from raicl.train.view.source import CacheSource
from tests.train.runs import seal_again

TOKEN = "a-token_of-this-test"


@pytest.fixture(scope="session")
def of_cache(trained: Path) -> Library:
    return Library(CacheSource(trained / "flows.h5"))


@pytest.fixture(scope="session")
def of_run(trained: Path) -> Library:
    return Library(RunSource(trained / "run", []))


@pytest.fixture(scope="session")
def site(of_run: Library) -> Site:
    return make_site(of_run, TOKEN)


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """A copy of `trained` to be damaged."""
    shutil.copytree(trained, tmp_path / "copied")
    environment = tmp_path / "copied/run/env.json"
    text = environment.read_text().replace(str(trained), str(tmp_path / "copied"))
    environment.write_text(text)
    seal_again(tmp_path / "copied/run")
    return tmp_path / "copied"


@contextmanager
def serving(site: Site) -> Iterator[Server]:
    """Yield a server that answers until the block ends."""
    with Server(site, 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
