"""Every command that the README, the tutorial and the how-to pages show runs.

Each page has a folder of its own. Its hidden setup makes there what its reader already has.
The environment makes instances and networks small; the commands are those of the page.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import RLock

import pytest

from tests.docs.pages import Page, run_pages

SMALL = {
    "RAICL_FLOW": "dis",
    "RAICL_SIZE": "33",
    "RAICL_EPOCHS": "1",
    "RAICL_PAIRS": "2",
    "RAICL_BATCH_SIZE": "8",
    "RAICL_WIDTH": "4",
    "RAICL_DIM": "16",
    "RAICL_DECODER_HEADS": "2",
    "RAICL_DECODER_HIDDEN": "16",
    "RAICL_DENSE_HIDDEN": "16",
    "RAICL_PROJECTOR_HIDDEN": "16",
    "RAICL_THREADS": "1",
}
# ten seconds and more each
SLOW = {
    "casme2",
    "compare-networks",
    "export-a-model",
    "fit-a-model",
    "judge-a-result",
    "other-databases",
    "own-clips",
    "own-videos",
    "predict",
    "prepare-a-cache",
    "reading-a-report",
    "samm",
    "several-databases",
    "several-machines",
    "smic",
    "study",
}
NOT_RUN = ("make ", "pip ")  # they install


def run(commands: str, folder: Path, environment: dict[str, str]) -> None:
    """Run commands as a reader's shell does, and stop at the first that fails."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAICL_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=inherited | SMALL | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


class Setups:
    """Folders in which setups have run, each once for all pages that begin alike."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made: dict[tuple[object, ...], Path] = {}
        self.lock = RLock()

    def folder(self, commands: tuple[str, ...], environment: dict[str, str]) -> Path:
        key = (*commands, *sorted(environment.items()))
        with self.lock:
            if key not in self.made:
                before = self.folder(commands[:-1], environment) if commands else None
                place = self.root / str(len(self.made))
                if before is None:
                    place.mkdir()
                else:
                    shutil.copytree(before, place)
                    run(commands[-1], place, environment)
                self.made[key] = place
            return self.made[key]


def run_page(page: Page, setups: Setups, folder: Path) -> None:
    shutil.copytree(setups.folder(page.setup, page.environment), folder)
    for block in map(runnable, page.blocks("sh")):
        run(block, folder, page.environment)


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Page, Future[None]]]:
    """The pages that are tested, two at a time, because most commands keep one core busy."""
    root = tmp_path_factory.mktemp("pages")
    setups = Setups(tmp_path_factory.mktemp("setups"))
    own = [item for item in request.session.items if item.path == request.path]
    pages = [item.callspec.params["page"] for item in own if hasattr(item, "callspec")]
    with ThreadPoolExecutor(2) as pool:
        folders = ((page, root / str(number)) for number, page in enumerate(pages))
        yield {page: pool.submit(run_page, page, setups, folder) for page, folder in folders}
        pool.shutdown(cancel_futures=True)


def runnable(block: str) -> str:
    return "\n".join(line for line in block.splitlines() if not line.startswith(NOT_RUN))


def params() -> list[object]:
    return [
        pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.path.stem in SLOW else [])
        for page in run_pages()
    ]


@pytest.mark.parametrize("page", params())
def test_every_command_of_a_page_runs(page: Page, runs: dict[Page, Future[None]]) -> None:
    runs[page].result()


def test_the_two_lines_that_the_readme_begins_with_are_among_them() -> None:
    [readme] = [page for page in run_pages() if page.name == "README.md"]
    lines = [line for block in readme.blocks("sh") for line in block.splitlines()]
    assert "raicl-prep casme2 --out flows.h5" in lines
    assert "raicl-train flows.h5 --fold all" in lines


def test_a_command_that_fails_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"none\.h5"):
        run("raicl inspect none.h5\ntrue", tmp_path, {})


def test_what_is_marked_slow_is_a_page() -> None:
    assert {page.path.stem for page in run_pages()} > SLOW
