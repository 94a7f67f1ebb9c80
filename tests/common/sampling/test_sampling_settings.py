"""What a sampling can be, which settings it refuses, and what a cache records of it."""

from typing import Any

import pytest

from raicl.common.errors import UsageError
from raicl.common.sampling.frames import SamplingName
from raicl.common.sampling.sample import SamplingSettings, describe_sampling
from raicl.common.settings import merge
from raicl.preprocess.settings import PrepSettings


def settings(**values: Any) -> SamplingSettings:
    return merge(SamplingSettings, ("test", values))


@pytest.mark.parametrize(
    ("sampling", "values", "fine"),
    [
        ("middle", {"window": "frames:8"}, True),
        ("all", {"window": "frames:8"}, False),
        ("all", {}, True),
        ("apex", {"middle_at": 0.3}, False),
        ("apex-centred", {"middle_at": 0.3}, True),
        ("middle", {"middle_at": 0.3, "tested_frame": "trained"}, True),
        ("apex", {"tested_frame": "trained"}, False),
        ("apex", {}, True),
    ],
)
def test_a_setting_that_a_sampling_does_not_look_at_is_refused(
    sampling: SamplingName, values: dict[str, Any], fine: bool
) -> None:
    def merged() -> PrepSettings:
        return merge(PrepSettings, ("test", {"sampling": sampling, **values}))

    if fine:
        assert merged().sampling == sampling
    else:
        [name] = values
        with pytest.raises(UsageError, match=name):
            merged()


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"n_frames": 0}, True),
        ({"n_frames": 1}, False),
        ({"n_frames": 4096}, False),
        ({"n_frames": 4097}, True),
        ({"sampling_seed": 0}, False),
        ({"sampling_seed": -1}, True),
        ({"middle_at": 0}, False),
        ({"middle_at": 1}, False),
    ],
)
def test_the_ends_of_what_a_sampling_can_be(values: dict[str, Any], refused: bool) -> None:
    if refused:
        with pytest.raises(UsageError, match=next(iter(values))):
            settings(**values)
    else:
        assert settings(**values).model_dump().items() >= values.items()


def test_a_cache_records_what_has_an_effect_and_nothing_else() -> None:
    plain = {"sampling": "middle", "n_frames": 16}
    assert describe_sampling("middle", settings()) == plain
    assert describe_sampling("middle", settings(sampling_seed=7)) == plain
    assert describe_sampling("random", settings(n_frames=3)) == {
        "sampling": "random",
        "n_frames": 3,
        "sampling_seed": 0,
    }
    changed = {"window": "frames:9", "middle_at": 0.25, "tested_frame": "trained"}
    changed["frame_rate"] = 100.0
    assert describe_sampling("middle", settings(**changed)) == plain | changed
