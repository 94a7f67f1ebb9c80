"""What is damaged: a cache, the same packed, a finished run and one that was stopped."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raicl.common.cache.flows import open_cache, shards_folder, write_index
from raicl.common.cache.packing import pack
from raicl.common.cache.shards import write_shard
from raicl.common.quality import Quality
from raicl.train.run.key import to_toml
from tests.train.caches import write_cache
from tests.train.run.faults import in_the_way
from tests.train.small import SMALL

TRAIN = [sys.executable, "-c", "from raicl.train.cli import main; main()"]
FOUR_EPOCHS = SMALL.model_copy(update={"epochs": 4})
_QUALITY = Quality(eye_distance=88.5, roll=-2.25, turn=0.0625, sharpness=0.5, head_motion=0.125)


def write_material(folder: Path) -> None:
    """Write everything into a new folder."""
    folder.mkdir()
    _write_small_cache(folder / "flows.h5")
    pack(open_cache(folder / "flows.h5"), folder / "packed.h5")
    write_cache(folder / "many.h5")
    (folder / "small.toml").write_text(to_toml(FOUR_EPOCHS), encoding="utf-8")
    for run in ("run", "other"):
        _train(folder, run, ["--seed", "0" if run == "run" else "1"])
    _train(folder, "stopped", ["--fold", "#1"])  # a run is begun in a folder of its own
    fold = folder / "stopped/folds/casme2/sub01"
    with in_the_way(fold / "done.json"):
        _train(folder, "stopped", ["--fold", "#0"], code=3)


def train_arguments(run: str, more: Sequence[str] = ()) -> list[str]:
    """Arguments of `raicl-train` for a run of the material, whose folder it runs in."""
    return ["many.h5", "--config", "small.toml", "--no-pictures", "--run-dir", run, *more]


def files_of(folder: Path, target: str) -> list[Path]:
    """The files of the material that belong to a target, in a fixed order."""
    if target in ("index", "packed"):
        return [folder / ("flows.h5" if target == "index" else "packed.h5")]
    place = {"shards": "flows.h5.shards", "checkpoint": "stopped", "run": "run"}[target]
    name = "state-*" if target == "checkpoint" else "*"
    found = sorted(path for path in (folder / place).rglob(name) if path.is_file())
    return [path for path in found if path.name not in ("lock", "run.log") and path.stat().st_size]


def _train(folder: Path, run: str, more: Sequence[str], code: int = 0) -> None:
    command = [*TRAIN, *train_arguments(run, more)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")


def _write_small_cache(path: Path) -> None:
    """Small arrays, so that most bytes are of HDF5 itself; everything optional is there."""
    write_cache(path, subjects=3, clips=1, n=2, size=9)
    cache = open_cache(path)
    records = []
    for record in cache.records:
        shard = dataclasses.replace(
            cache.read(record),
            head_motion=np.tile(np.eye(2, 3), (2, 1, 1)),
            landmarks=np.arange(136, dtype=np.float32).reshape(68, 2),
            quality=_QUALITY,
            flags=("face-padded",),
        )
        write_shard(shards_folder(path) / record.shard, shard)
        records.append(dataclasses.replace(record, digest=shard.digest, quality=shard.quality))
    write_index(path, records, size=cache.size, settings={"engine": "analytic"})
