"""The order of the gallery: who is far from the others on the bad side, and who is flagged."""

import numpy as np
import pytest

from raicl.common.quality import UNITS
from raicl.data.gallery.numbers import MEASURES, concerns, deviations


def test_every_number_of_a_clip_is_one_to_sort_by() -> None:
    assert [*UNITS, "flow", "strain"] == list(MEASURES)
    assert all(MEASURES[name].unit == unit for name, unit in UNITS.items())


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("eye_distance", 30.0, 150.0),
        ("sharpness", 0.0, 180.0),
        ("head_motion", 180.0, 0.0),
        ("roll", -178.0, 2.0),
        ("roll", 178.0, -2.0),
    ],
)
def test_only_the_bad_side_of_the_median_counts(name: str, bad: float, good: float) -> None:
    far = deviations(name, [90.0, 90.0, 90.0, bad, good])
    assert far[3] > 0
    assert far[:3] == [0.0, 0.0, 0.0]
    assert far[4] == 0.0


def test_both_ends_of_the_brightness_are_bad() -> None:
    far = deviations("brightness", [120.0, 120.0, 120.0, 20.0, 220.0])
    assert far == [0.0, 0.0, 0.0, 20.0, 20.0]  # of 5 grey levels, the least spread


def test_the_unit_does_not_matter_and_what_is_unknown_is_not_far() -> None:
    values = np.random.default_rng(0).normal(90, 10, 30).tolist()
    far = deviations("eye_distance", values)
    np.testing.assert_allclose(deviations("eye_distance", [7 * v for v in values]), far)
    inside = [value for value in far if value < 1]  # 84 % of a normal distribution, with noise
    assert 0.7 < len(inside) / len(far) < 0.95
    assert deviations("eye_distance", [*values, 1e9])[:30] == pytest.approx(far, abs=0.3)
    assert deviations("eye_distance", [*values, None]) == [*far, 0.0]
    assert deviations("eye_distance", [None, None]) == [0.0, 0.0]
    assert deviations("eye_distance", [90.0, 90.0]) == [0.0, 0.0]


def test_a_rare_flag_weighs_more_than_one_that_half_the_clips_have() -> None:
    flags = [("a",), ("a",), ("a", "rare"), ("a", "b"), ("a", "b"), ("a", "b"), ("a", "b"), ("a",)]
    found = concerns([{"flow": 1.0}] * len(flags), flags)
    assert [clip.score for clip in found] == [0, 0, 3, 1, 1, 1, 1, 0]  # -log2 of 1/8 and of 1/2
    assert {clip.furthest for clip in found} == {""}


def test_the_furthest_number_is_named() -> None:
    usual = [{"roll": 1.0, "flow": 1.0}] * 20
    found = concerns([*usual, {"roll": -170.0, "flow": 1.1}], [()] * 21)
    assert found[-1].furthest == "roll"
    assert found[-1].deviations == pytest.approx(169)  # degrees, the least spread being one
    assert found[-1].score == found[-1].deviations
    assert found[0] == (0.0, "", 0.0)
