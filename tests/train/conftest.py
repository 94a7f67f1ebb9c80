"""What most tests of stage 2 are given: caches, a network that fits, the commands."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from raicl.common.terminal import umbrella
from raicl.train import cli
from raicl.train.run.key import to_toml
from raicl.train.settings import TrainSettings
from tests.train.caches import unite, write_cache
from tests.train.commands import Answer, exit_code
from tests.train.small import SMALL

MakeCache = Callable[..., Path]
UniteCaches = Callable[[Sequence[Path], Path], Path]
Command = Callable[..., int]
Raicl = Callable[..., Answer]


@pytest.fixture(autouse=True, scope="session")
def single_thread() -> None:
    """Networks this small only wait for a second thread, for seconds on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture
def make_cache() -> MakeCache:
    """`write_cache`: ``make_cache(path, subjects=3, clips=3, n=6, size=33, ...) -> path``."""
    return write_cache


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """Nine clips of three subjects, 33 px."""
    return write_cache(tmp_path / "flows.h5")


@pytest.fixture
def unite_caches() -> UniteCaches:
    """`unite`: ``unite_caches(paths, out) -> out``."""
    return unite


@pytest.fixture(scope="session")
def small() -> TrainSettings:
    """The whole method on a network of a few thousand parameters, 33 px input, 3 x 3 maps."""
    return SMALL


@pytest.fixture(scope="session")
def command() -> Command:
    """Run `raicl-train` in this process: ``command(flows, "--fold", "#0") -> exit code``."""
    return lambda *words: exit_code(cli.main, "raicl-train", *words)


@pytest.fixture(scope="session")
def leaks() -> Command:
    """Run `raicl leaks` in this process: ``leaks(flows) -> exit code``."""
    return lambda *words: exit_code(umbrella.main, "raicl", "leaks", *words)


@pytest.fixture
def raicl(capfd: pytest.CaptureFixture[str]) -> Raicl:
    """Run `raicl` in this process: ``raicl("compare", run, run) -> Answer``."""

    def run(*words: object) -> Answer:
        capfd.readouterr()
        code = exit_code(umbrella.main, "raicl", *words)
        return Answer(code, *capfd.readouterr())

    return run


@pytest.fixture
def config(tmp_path: Path, small: TrainSettings) -> Path:
    """The file of `small`, on one thread."""
    path = tmp_path / "small.toml"
    path.write_text(to_toml(small.model_copy(update={"threads": 1})))
    return path


@pytest.fixture
def options(tmp_path: Path, config: Path) -> list[object]:
    """The rest of a command line: `config`, ``tmp_path/run`` and no pictures."""
    return ["--config", config, "--run-dir", tmp_path / "run", "--no-pictures"]


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory, small: TrainSettings, command: Command
) -> Path:
    """A folder with a cache and a run of two of its three folds, with pictures."""
    place = tmp_path_factory.mktemp("trained")
    flows, config = write_cache(place / "flows.h5"), place / "small.toml"
    config.write_text(to_toml(small.model_copy(update={"threads": 1})))
    assert command(flows, "--config", config, "--run-dir", place / "run", "--fold", "0-1") == 0
    return place
