"""A cache whose clips are of every kind that the gallery tells apart."""

from dataclasses import replace
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.cache.shards import read_shard, write_shard
from raicl.common.clip import Clip
from raicl.common.quality import Quality
from tests.common.conftest import write_flows

HOSTILE = "<img src=x onerror=alert(1)>\"&amp;'</style><script>alert(2)</script>"
USUAL = Quality(
    eye_distance=90.0, roll=1.0, brightness=120.0, contrast=40.0, sharpness=0.2, head_motion=0.3
)
QUALITIES = (
    USUAL,
    replace(USUAL, roll=-170.0),
    replace(USUAL, eye_distance=31.25, background_flow=0.5),
    None,
    replace(USUAL, roll=-1.5, brightness=118.0),
    replace(USUAL, roll=0.5, head_motion=0.25),
)


def clips_of(name: str = "EP2") -> list[Clip]:
    emotions = ("happiness", "disgust", "surprise", "others", "happiness", "fear")
    return [
        Clip(
            dataset="casme2",
            subject=f"sub{index // 2 + 1:02d}",
            name=name if index == 2 else f"EP{index}",
            emotion=emotion,
            onset=4,
            offset=9,
            apex=6 if index else None,
            sheet="2014",
            flags=("face-small",) if index == 2 else (),
        )
        for index, emotion in enumerate(emotions)
    ]


def write_measured(path: Path, clips: list[Clip]) -> Path:
    """A cache of six clips with the numbers of `QUALITIES`."""
    cache = open_cache(write_flows(path, clips))
    records = []
    for record, quality in zip(cache.records, QUALITIES, strict=True):
        shard = read_shard(cache.shard_path(record))
        write_shard(cache.shard_path(record), replace(shard, quality=quality))
        records.append(replace(record, quality=quality))
    manifest = cache.manifest
    write_index(
        path,
        records,
        size=cache.size,
        settings=cache.settings,
        skipped=manifest.skipped,
        failures=manifest.failures,
    )
    return path


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of `write_measured`; nobody changes it."""
    return write_measured(tmp_path_factory.mktemp("measured") / "flows.h5", clips_of())
