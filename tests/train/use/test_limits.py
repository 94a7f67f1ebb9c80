"""Each number is flagged beyond its limit, and not on it."""

import dataclasses

import pytest

from raicl.common.implausible import REACH
from raicl.common.quality import SMALL_EYES, Quality
from raicl.train.use import limits
from raicl.train.use.limits import fixed_flags, stage_1_flags

CROP = 200
MOVED = limits.MOVED * CROP
GOOD = Quality(
    eye_distance=100.0,
    roll=2.0,
    turn=0.05,
    brightness=130.0,
    contrast=45.0,
    sharpness=0.2,
    head_motion=0.2,
    background_flow=0.1,
    repeated_frames=0.0,
    continuity=1.0,
    coarse_motion=0.3,
    onset_sharpness=1.0,
    combing=0.95,
    unexplained=0.0,
)


@pytest.mark.parametrize(
    ("number", "limit", "beyond", "flag"),
    [
        ("eye_distance", SMALL_EYES, -0.1, "face-small"),
        ("roll", limits.TILTED, 0.1, "face-tilted"),
        ("roll", -limits.TILTED, -0.1, "face-tilted"),
        ("turn", limits.PROFILE, 0.01, "profile"),
        ("turn", -limits.PROFILE, -0.01, "profile"),
        ("brightness", limits.DARK, -0.1, "dark"),
        ("brightness", limits.BRIGHT, 0.1, "bright"),
        ("contrast", limits.FLAT, -0.1, "low-contrast"),
        ("sharpness", limits.BLURRED, -0.001, "blurred"),
        ("head_motion", MOVED, 0.01, "head-moves"),
        ("background_flow", MOVED, 0.01, "background-moves"),
        ("repeated_frames", 0.0, 1.0, "still"),
        ("continuity", 0.3, -0.01, "cut"),
        ("coarse_motion", REACH * CROP, 0.01, "large-motion"),
        ("onset_sharpness", 0.8, -0.01, "onset-blurred"),
        ("combing", 1.25, 0.01, "interlaced"),
        ("unexplained", 0.03, 0.001, "covered"),
    ],
)
def test_a_number_is_flagged_on_one_side_of_its_limit(
    number: str, limit: float, beyond: float, flag: str
) -> None:
    assert fixed_flags(dataclasses.replace(GOOD, **{number: limit}), CROP) == []
    value = limit + beyond
    [found] = fixed_flags(dataclasses.replace(GOOD, **{number: value}), CROP)
    assert found.name == flag
    assert found.value is not None
    assert (found.value, found.limit) == pytest.approx((abs(value), abs(limit)))
    assert found.sentence[0].isupper()
    assert found.sentence.endswith(".")


def test_what_moves_is_measured_by_the_crop() -> None:
    moving = dataclasses.replace(GOOD, head_motion=1.5 * MOVED)
    assert fixed_flags(moving, CROP) != []
    assert fixed_flags(moving, 2 * CROP) == []


def test_a_number_that_is_not_known_gives_no_flag_and_none_at_all_gives_one() -> None:
    assert fixed_flags(Quality(), CROP) == []
    assert [flag.name for flag in fixed_flags(None, CROP)] == ["quality-unknown"]


def test_of_stage_1_only_what_matters_is_told() -> None:
    found = stage_1_flags(["apex-missing", "face-rotated", "short-clip"])
    assert [flag.name for flag in found] == ["face-rotated", "short-clip"]
