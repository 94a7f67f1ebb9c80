"""Instances of other settings are refused, other versions are told, and the frame is the same."""

import dataclasses
from pathlib import Path

import pytest

from raicl.common.cache.flows import StoredClip, open_cache, write_index
from raicl.common.errors import InputError
from raicl.common.settings import SettingValue
from raicl.train.settings import TrainSettings
from raicl.train.use.comparable import (
    refuse_other_instances,
    sampled_as_trained,
    version_flags,
)
from raicl.train.use.model import Known, Model
from raicl.train.use.ranges import Ranges
from tests.train.caches import claim_every_frame
from tests.train.conftest import MakeCache

MADE: dict[str, SettingValue] = {"flow": "tvl1", "opencv": "5.0", "sampling": "all", "n_frames": 16}


def model(settings: TrainSettings, **changed: SettingValue) -> Model:
    return Model(
        name="model",
        kind="model",
        digest="",
        networks=(),
        classes=("a", "b"),
        crop=33,
        settings=settings,
        preparation=MADE | changed,
        ranges=Ranges(),
        known=Known(),
    )


@pytest.fixture
def stored(tmp_path: Path, make_cache: MakeCache) -> StoredClip:
    """A clip of 21 frames, all of which its cache holds."""
    path = make_cache(tmp_path / "flows.h5", subjects=1, n=20, settings=dict(MADE))
    claim_every_frame(path)
    write_index(path, open_cache(path).records, size=33, settings=MADE)
    cache = open_cache(path)
    return StoredClip(cache, cache.records[0])


def test_what_makes_another_quantity_is_refused(stored: StoredClip, small: TrainSettings) -> None:
    refuse_other_instances(stored.cache, model(small))
    with pytest.raises(InputError, match="flow: 'tvl1' and 'dis'"):
        refuse_other_instances(stored.cache, model(small, flow="dis"))
    with pytest.raises(InputError, match="margin: None and 8"):
        refuse_other_instances(stored.cache, model(small, margin=8))


def test_other_versions_are_told(stored: StoredClip, small: TrainSettings) -> None:
    other = model(small, opencv="4.10", sampling="middle")
    refuse_other_instances(stored.cache, other)
    [flag] = version_flags(stored.cache, other)
    assert "opencv: '5.0' and '4.10'" in flag.sentence
    assert version_flags(stored.cache, model(small)) == []


def test_the_frame_that_is_tested_is_that_of_the_model(
    stored: StoredClip, small: TrainSettings
) -> None:
    as_is = sampled_as_trained(stored, model(small))
    assert as_is is stored.record
    later = sampled_as_trained(stored, model(small, sampling="middle", middle_at=0.75))
    assert later.frames[later.middle] - later.clip.onset == 15
    mean = small.model_copy(update={"infer": "mean"})
    few = sampled_as_trained(stored, model(mean, sampling="middle", n_frames=4))
    assert len(few.train_rows) == 4


def test_a_middle_needs_no_more_than_the_middle(stored: StoredClip, small: TrainSettings) -> None:
    part = dataclasses.replace(stored.record, n_frames=99)  # so its other frames are not held
    asked = model(small, sampling="middle", n_frames=4)
    assert sampled_as_trained(StoredClip(stored.cache, part), asked) is part
    mean = small.model_copy(update={"infer": "mean"})
    with pytest.raises(InputError, match="needs frames the cache does not hold"):
        sampled_as_trained(
            StoredClip(stored.cache, part), model(mean, sampling="middle", n_frames=4)
        )
