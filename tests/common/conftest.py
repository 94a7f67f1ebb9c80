"""A small cache with real shards, made through the public writing functions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from raicl.common.cache.flows import shards_folder, write_index
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard, write_shard
from raicl.common.clip import Clip


def make_shard(seed: int, *, n: int = 3, size: int = 16) -> Shard:
    rng = np.random.default_rng(seed)
    return Shard(
        instances=rng.normal(size=(n, 3, size, size)).astype(np.float16),
        frames=np.arange(5, 5 + n, dtype=np.int32),
        frame_digests=rng.integers(0, 256, (n, 32), dtype=np.uint8),
        onset_face=rng.integers(0, 256, (size, size), dtype=np.uint8),
        transform=rng.normal(size=(2, 3)),
        flags=("face-padded",) if seed else (),
        fingerprint=f"{seed:064x}",
        base=f"{seed + 1000:064x}",
    )


def write_flows(path: Path, clips: Sequence[Clip]) -> Path:
    """A cache of these clips, with three instances of noise each."""
    shards_folder(path).mkdir()
    records = []
    for seed, clip in enumerate(clips):
        shard = make_shard(seed)
        name = f"{shard.base[-24:]}-{shard.fingerprint[-24:]}.h5"
        write_shard(shards_folder(path) / name, shard)
        records.append(
            ClipRecord(
                clip=clip, frames=(5, 6, 7), middle=1, n_frames=6, shard=name, digest=shard.digest
            )
        )
    write_index(
        path,
        records,
        size=16,
        settings={"engine": "opencv"},
        skipped=[{"id": "casme2/sub09/EP02", "reason": "folder without a row"}],
        failures=[{"id": "casme2/sub09/EP03", "reason": "no face"}],
    )
    return path


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    clips = [
        Clip(
            dataset="casme2",
            subject=f"sub{seed // 2:02d}",
            name=f"EP{seed}",
            emotion="happiness",
            onset=4,
            offset=9,
            apex=6 if seed else None,
            fps=200.0,
            sheet="2014",
        )
        for seed in range(4)
    ]
    return write_flows(tmp_path / "flows.h5", clips)
