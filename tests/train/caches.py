"""Caches of analytic instances, written through the public functions."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.flows import open_cache, shards_folder, write_index
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard, write_shard
from raicl.common.clip import Clip, Split
from raicl.common.instance import strain

# where each emotion moves: (x, y) in [0, 1] and the direction (u, v)
MOTIONS = {
    "disgust": [((0.50, 0.35), (0.0, 1.0))],
    "happiness": [((0.25, 0.75), (-1.0, -1.0)), ((0.75, 0.75), (1.0, -1.0))],
    "surprise": [((0.25, 0.20), (0.0, -1.0)), ((0.75, 0.20), (0.0, -1.0))],
}
# what the other databases call them
_SAME = {"anger": "disgust", "negative": "disgust", "positive": "happiness", "others": "disgust"}


def bump_instances(
    emotion: str, *, n: int, size: int, amplitude: float, noise: float, rng: np.random.Generator
) -> NDArray[np.float16]:
    """(N, 3, S, S): Gaussian bumps whose strength (px) rises and falls over the instances."""
    y, x = np.mgrid[:size, :size] / (size - 1)
    flow = np.zeros((n, 2, size, size), np.float32)
    strength = amplitude * np.sin(np.pi * np.linspace(0.25, 0.75, n))
    for (cx, cy), direction in MOTIONS[_SAME.get(emotion, emotion)]:
        bump = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 0.1**2))
        flow += np.einsum("n,c,yx->ncyx", strength, np.array(direction), bump)
    flow += rng.normal(scale=noise, size=flow.shape)
    return np.concatenate([flow, strain(flow)[:, None]], 1).astype(np.float16)


def write_cache(
    path: Path,
    *,
    subjects: int = 3,
    clips: int = 3,
    n: int | Sequence[int] = 6,
    size: int = 33,
    dataset: str = "casme2",
    emotions: Sequence[str] = tuple(MOTIONS),
    amplitude: float = 1.0,
    noise: float = 0.05,
    seed: int = 0,
    splits: Sequence[Split] = ("",),
    change: Callable[[str, NDArray[np.float16]], NDArray[np.float16]] | None = None,
    settings: dict[str, Any] | None = None,
) -> Path:
    """Write a cache whose clips take their emotion in turn.

    Parameters
    ----------
    n : instances per clip, or one number for each clip of the database in turn.
    splits : of each subject's clips in turn.
    change : replaces a clip's instances, given its id and the analytic ones.
    """
    shards_folder(path).mkdir()
    records = []
    for index in range(subjects * clips):
        # one generator per clip: changing one clip leaves the others as they are
        rng = np.random.default_rng([seed, index])
        count = n if isinstance(n, int) else n[index % len(n)]
        clip = Clip(
            dataset=dataset,
            subject=f"sub{index // clips + 1:02d}",
            name=f"EP{index % clips + 1:02d}",
            emotion=emotions[index % clips % len(emotions)],
            onset=10,
            offset=11 + count,
            apex=11 + count // 2,
            fps=200.0,
            sheet="test",
            split=splits[index % clips % len(splits)],
        )
        strength = amplitude * rng.uniform(0.8, 1.2)
        instances = bump_instances(
            clip.emotion, n=count, size=size, amplitude=strength, noise=noise, rng=rng
        )
        if change is not None:
            instances = change(clip.id, instances)
        shard = Shard(
            instances=instances,
            frames=np.arange(11, 11 + count, dtype=np.int32),
            frame_digests=rng.integers(0, 256, (count, 32), dtype=np.uint8),
            onset_face=rng.integers(0, 256, (size, size), dtype=np.uint8),
            transform=np.eye(2, 3),
            flags=(),
            fingerprint=f"{index:064x}",
            base=hashlib.sha256(f"{dataset} {index}".encode()).hexdigest(),
        )
        name = f"{shard.base[-24:]}-{shard.fingerprint[-24:]}.h5"
        write_shard(shards_folder(path) / name, shard)
        records.append(
            ClipRecord(
                clip=clip,
                frames=tuple(shard.frames.tolist()),
                middle=count // 2,
                n_frames=count + 2,
                shard=name,
                digest=shard.digest,
            )
        )
    write_index(path, records, size=size, settings=settings or {"engine": "analytic"})
    return path


def unite(paths: Sequence[Path], out: Path) -> Path:
    """One cache with the clips of several, as `raicl-prep cde` writes it."""
    shards_folder(out).mkdir()
    caches = [open_cache(path) for path in paths]
    for path in paths:
        for shard in shards_folder(path).iterdir():
            (shards_folder(out) / shard.name).write_bytes(shard.read_bytes())
    records = [record for cache in caches for record in cache.records]
    write_index(out, records, size=caches[0].size, settings=caches[0].settings)
    return out


def claim_every_frame(path: Path) -> None:
    """Let the index say that the cache holds every frame of its clips, from onset to offset."""
    cache = open_cache(path)
    records = [
        dataclasses.replace(
            record,
            n_frames=len(record.frames) + 1,
            clip=dataclasses.replace(record.clip, offset=record.frames[-1]),
        )
        for record in cache.records
    ]
    settings = {"sampling": "all", "n_frames": 16}
    write_index(path, records, size=cache.size, settings=settings)
