"""A cache, a finished run on it, and the model of the same settings that names it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from raicl.common.terminal import umbrella
from raicl.train.run.key import to_toml
from raicl.train.settings import TrainSettings
from tests.train.caches import write_cache
from tests.train.commands import Answer, exit_code
from tests.train.conftest import Command, Raicl

Fit = Callable[..., Answer]
OF_ALL = ["--config", "small.toml", "--out", "model"]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, small: TrainSettings, command: Command) -> Path:
    """The folder that `place` is a copy of."""
    folder = tmp_path_factory.mktemp("made")
    write_cache(folder / "flows.h5")
    (folder / "small.toml").write_text(to_toml(small.model_copy(update={"threads": 1})))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        common = ["flows.h5", "--config", "small.toml"]
        assert command(*common, "--run-dir", "run", "--no-pictures") == 0
        words = ["fit", *common, "--scores", "run", "--out", "model"]
        assert exit_code(umbrella.main, "raicl", *words) == 0
    return folder


@pytest.fixture
def place(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: ``flows.h5``, ``small.toml``, ``run`` and ``model``."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fit(raicl: Raicl) -> Fit:
    """Run `raicl fit flows.h5` in this process: ``fit("--out", "model") -> Answer``."""
    return lambda *words: raicl("fit", "flows.h5", *words)
