"""How each kind of file is read: by the functions and commands that a user's work depends on.

A reader gives what was read, as texts by name. It raises a `RaiclError` where it refuses a file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from raicl.common.cache.flows import Cache, open_cache
from raicl.common.errors import RaiclError
from raicl.common.terminal import umbrella
from raicl.train import cli
from tests.soak.material import train_arguments
from tests.train.commands import exit_code

Read = dict[str, str]


class RefusedError(RaiclError):
    """A command ended with a documented exit code."""


def read_cache(path: Path) -> Read:
    """Everything that a cache says."""
    cache = open_cache(path)
    found = {"manifest": cache.manifest.encode().decode(), "digest": cache.digest}
    for record in cache.records:
        found |= _read_clip(cache, record.id)
    return found


def _read_clip(cache: Cache, clip: str) -> Read:
    [record] = [record for record in cache.records if record.id == clip]
    shard = cache.read(record)
    values = {field.name: getattr(shard, field.name) for field in dataclasses.fields(shard)}
    return {f"{clip}, {name}": _text(value) for name, value in values.items()}


def _text(value: object) -> str:
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(value.tobytes()).hexdigest()
        return f"{value.dtype.str} {value.shape} {digest}"
    return repr(value)


def read_run(folder: Path) -> Read:
    """What the commands make of a finished run: a page, a comparison, and the run once more."""
    page = folder / "page.html"
    page.unlink(missing_ok=True)
    _raicl("report", "run", "--out", page.name, "--no-faces")
    _raicl("compare", "run", "other")
    _train("run")
    return _contents(folder, ["page.html", "run/predictions.csv", "run/results.json"])


def read_checkpoint(folder: Path) -> Read:
    """Where a run ends that goes on from its checkpoints."""
    _train("stopped", "--fold", "#0")
    fold = "stopped/folds/casme2/sub01"
    return _contents(folder, [f"{fold}/predictions.csv", f"{fold}/weights.safetensors"])


def _contents(folder: Path, names: list[str]) -> Read:
    return {name: (folder / name).read_bytes().decode(errors="surrogateescape") for name in names}


def _raicl(*words: str) -> None:
    _refuse(exit_code(umbrella.main, "raicl", *words))


def _train(run: str, *more: str) -> None:
    _refuse(exit_code(cli.main, "raicl-train", *train_arguments(run, more)))


def _refuse(code: int) -> None:
    if code == 1:
        raise AssertionError("exit code 1, which is a bug")
    if code:
        sys.stdout.flush()
        raise RefusedError(f"exit code {code}")


# what is read of the folder of the material, by target
READERS: dict[str, Callable[[Path], Read]] = {
    "index": lambda folder: read_cache(folder / "flows.h5"),
    "shards": lambda folder: read_cache(folder / "flows.h5"),
    "packed": lambda folder: read_cache(folder / "packed.h5"),
    "checkpoint": read_checkpoint,
    "run": read_run,
}
