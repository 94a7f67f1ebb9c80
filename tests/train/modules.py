"""Networks in files outside of the package, which is what a user writes."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raicl.train.model.networks import own

WriteModule = Callable[..., Path]

# two convolutions, each of which halves an odd side symmetrically: 33 px → 9 x 9
PLAIN = """
from torch import nn


def small(size, channels=10):
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, channels, 3, stride=2, padding=1),
        nn.ReLU(),
    )
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteModule]:
    """Write a module into the current folder: ``module(text, name="mine") -> path``.

    What this process remembers of such modules is forgotten at every call and at the end.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names: set[str] = set()

    def forget() -> None:
        own.find_source.cache_clear()
        own._measure.cache_clear()
        for name in names:
            sys.modules.pop(name, None)

    def write(text: str = PLAIN, name: str = "mine") -> Path:
        forget()
        names.add(name)
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return path

    yield write
    forget()
