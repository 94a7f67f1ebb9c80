"""`raicl-train` as a function, and what it is given."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from raicl.common.terminal import umbrella
from raicl.train.cli import main
from raicl.train.run.fingerprint import to_toml
from raicl.train.settings import TrainSettings

MakeCache = Callable[..., Path]
Command = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run `raicl-train` in this process and give its exit code."""
    handler = signal.getsignal(signal.SIGTERM)
    threads = torch.get_num_threads()

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["raicl-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        assert isinstance(stop.value.code, int)
        return stop.value.code

    yield run
    signal.signal(signal.SIGTERM, handler)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def leaks(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `raicl leaks` in this process and give its exit code."""

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["raicl", "leaks", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            umbrella.main()
        assert isinstance(stop.value.code, int)
        return stop.value.code

    return run


@pytest.fixture
def flows(tmp_path: Path, make_cache: MakeCache) -> Path:
    return make_cache(tmp_path / "flows.h5")


@pytest.fixture
def config(tmp_path: Path, small: TrainSettings) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(to_toml(small.model_copy(update={"threads": 1})))
    return path


@pytest.fixture
def options(tmp_path: Path, config: Path) -> list[object]:
    return ["--config", config, "--run-dir", tmp_path / "run", "--no-pictures"]
