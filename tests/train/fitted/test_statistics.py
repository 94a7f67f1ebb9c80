"""What a model was fitted on, in numbers whose truth is known."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.cache.shards import write_shard
from raicl.common.clip import Clip
from raicl.common.quality import Quality
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.folds import every_clip
from raicl.train.clips.plan import assemble
from raicl.train.fitted.records import Statistics
from raicl.train.fitted.statistics import SHARES, measure
from raicl.train.settings import TrainSettings
from tests.train.caches import claim_every_frame
from tests.train.conftest import MakeCache


def measured(path: Path, settings: TrainSettings) -> Statistics:
    composite = assemble([path], load_protocol("cde"), settings)
    return measure(composite, every_clip(composite).train, settings)


def change_clips(path: Path, **changed: list[Any]) -> None:
    """Change annotations in the index, one value for each clip in turn."""
    cache = open_cache(path)
    records = []
    for n, record in enumerate(cache.records):
        values = {name: given[n % len(given)] for name, given in changed.items()}
        clip: Clip = dataclasses.replace(record.clip, **values)
        records.append(dataclasses.replace(record, clip=clip))
    write_index(path, records, size=cache.size, settings=cache.settings)


def uniform(clip: str, instances: Any) -> Any:
    """|flow| of 5 px at clip EP01 and of 10 px at others, the same in every pixel."""
    instances[:, 0], instances[:, 1] = (3, -4) if clip.endswith("EP01") else (-6, 8)
    return instances


def test_motion_is_measured_in_px_of_the_crop(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    path = make_cache(tmp_path / "flows.h5", size=40, change=uniform)
    found = measured(path, small)  # the network's input is 33 px
    assert (found.clips, found.crop, found.shares) == (9, 40, SHARES)
    for name in ("mean", "p50", "p90", "p99"):
        quantity = found.quantities[f"motion_{name}_px"]
        assert (quantity.unit, quantity.clips, quantity.unknown) == ("px", 9, 0)
        assert quantity.quantiles is not None
        assert quantity.quantiles[0] == 5
        assert quantity.quantiles[4:] == (10,) * 5  # two thirds of the clips


def test_the_middle_instance_is_measured_and_no_other(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    def still(clip: str, instances: Any) -> Any:
        instances[np.arange(len(instances)) != 3] *= 100
        return instances

    plain = measured(make_cache(tmp_path / "a.h5"), small)
    others = measured(make_cache(tmp_path / "b.h5", change=still), small)
    assert others.quantities["motion_mean_px"] == plain.quantities["motion_mean_px"]


def test_percentiles_are_those_of_the_pixels(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    def ramp(clip: str, instances: Any) -> Any:
        instances[:, 0] = np.linspace(0, 2, 33)  # along each row
        instances[:, 1] = 0
        return instances

    found = measured(make_cache(tmp_path / "flows.h5", change=ramp), small).quantities
    for name, expected in (("mean", 1), ("p50", 1), ("p90", 1.8), ("p99", 2)):
        quantiles = found[f"motion_{name}_px"].quantiles
        assert quantiles == pytest.approx([expected] * 9, abs=0.04)


def test_lengths_rates_and_what_is_not_known(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    path = make_cache(tmp_path / "flows.h5", n=[6, 8, 10])
    change_clips(path, fps=[200.0, 100.0, None])
    found = measured(path, small)
    assert [(row.fps, row.clips) for row in found.frame_rates] == [(100, 3), (200, 3), (None, 3)]
    rate, seconds = found.quantities["frame_rate_hz"], found.quantities["length_s"]
    assert (rate.clips, rate.unknown, seconds.clips, seconds.unknown) == (6, 3, 6, 3)
    assert rate.quantiles is not None
    assert (rate.quantiles[0], rate.quantiles[4], rate.quantiles[-1]) == (100, 150, 200)
    assert seconds.quantiles is not None
    assert (seconds.quantiles[0], seconds.quantiles[-1]) == pytest.approx((7 / 200, 9 / 100))
    frames = found.quantities["length_frames"].quantiles
    assert frames is not None
    assert (frames[0], frames[4], frames[-1]) == (8, 10, 12)
    change_clips(path, fps=[None])
    unknown = measured(path, small).quantities["frame_rate_hz"]
    assert (unknown.clips, unknown.unknown, unknown.quantiles) == (0, 9, None)


def test_a_slower_camera_is_counted_as_what_it_is(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    path = make_cache(tmp_path / "flows.h5", n=20)
    claim_every_frame(path)
    slow = small.model_copy(update={"sampling": "middle", "frame_rate": 50.0, "n_frames": 4})
    found = measured(path, slow)
    assert [(row.fps, row.clips) for row in found.frame_rates] == [(50, 9)]
    cache = open_cache(path)
    write_index(path, cache.records, size=33, settings={**cache.settings, "frame_rate": 25.0})
    assert measured(path, small).frame_rates[0].fps == 25


def test_what_the_cache_keeps_of_a_face_is_counted(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    path = make_cache(tmp_path / "flows.h5")
    assert measured(path, small).quantities["eye_distance"].unknown == 9
    cache = open_cache(path)
    kept = [Quality(eye_distance=40.0 + n, roll=-5.0) for n in range(5)] + [None] * 4
    records = [
        dataclasses.replace(record, quality=quality)
        for record, quality in zip(cache.records, kept, strict=True)
    ]
    for old, new in zip(cache.records, records, strict=True):
        shard = dataclasses.replace(cache.read(old), quality=new.quality)
        write_shard(cache.shard_path(old), shard)
    write_index(path, records, size=cache.size, settings=cache.settings)
    found = measured(path, small).quantities
    # from repeated_frames on they tell whether a clip is plausible, by limits of their own
    numbers = [field.name for field in dataclasses.fields(Quality)]
    assert set(numbers[: numbers.index("repeated_frames")]) < found.keys()
    eyes, roll, light = (found[name] for name in ("eye_distance", "roll", "brightness"))
    assert (eyes.unit, eyes.clips, eyes.unknown) == ("px of the frame", 5, 4)
    assert eyes.quantiles is not None
    assert (eyes.quantiles[0], eyes.quantiles[4], eyes.quantiles[-1]) == (40, 42, 44)
    assert roll.quantiles == (-5,) * 9
    assert (light.clips, light.unknown, light.quantiles) == (0, 9, None)


def test_the_file_says_what_was_measured(place: Path, small: TrainSettings) -> None:
    found = measured(place / "flows.h5", small)
    path = place / "model/statistics.json"
    assert Statistics.model_validate(json.loads(path.read_text())) == found
