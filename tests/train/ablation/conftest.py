"""A grid of three rows on three subjects, and `raicl` as a function."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from raicl.common.terminal.umbrella import main
from raicl.train.settings import TrainSettings

MakeCache = Callable[..., Path]
Words = list[object]
Raicl = Callable[[Words], "Answer"]

GRID = """
reference = "whole"
claims = [{ lower = "plain", higher = "whole" }, { alike = ["whole", "apex"] }]
[rows.plain]
note = "cross-entropy alone"
settings = { irc = false, mrd = false }
[rows.whole]
[rows.apex]
settings = { sampling = "apex" }
"""


@pytest.fixture
def study(tmp_path: Path, make_cache: MakeCache, small: TrainSettings) -> Words:
    """The words of a command on three subjects, and where it puts its runs: ``tmp_path/study``."""
    grid, base = tmp_path / "mine.toml", tmp_path / "base.toml"
    grid.write_text(GRID)
    values = small.model_copy(update={"threads": 1}).model_dump(mode="json", exclude_none=True)
    del values["seed"], values["irc"], values["mrd"]  # the rows' own
    base.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    flows = make_cache(tmp_path / "flows.h5")
    options = ["--grid", grid, "--config", base, "--dir", tmp_path / "study"]
    return ["ablate", flows, *options, "--seeds", "0,1"]


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def raicl(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Raicl]:
    """Run `raicl` in this process: torch is loaded once."""
    handler, threads = signal.getsignal(signal.SIGTERM), torch.get_num_threads()

    def run(words: Words) -> Answer:
        monkeypatch.setattr(sys, "argv", ["raicl", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        assert isinstance(stop.value.code, int)
        return Answer(stop.value.code, *capfd.readouterr())

    yield run
    signal.signal(signal.SIGTERM, handler)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
