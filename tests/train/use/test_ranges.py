"""A clip is compared with those of the training, on both sides of every end."""

from collections.abc import Sequence

import pytest

from raicl.train.fitted.records import FrameRate, Quantity, Statistics
from raicl.train.fitted.statistics import SHARES
from raicl.train.scores.predictions import Prediction
from raicl.train.use.ranges import (
    FAR_RATE,
    Ranges,
    ranges_of,
    ranges_of_run,
    rate_flags,
    untrained_flags,
    widened,
)

NUMBERS = {  # whether less and more than in training is told
    "motion_mean_px": (True, True),
    "motion_p99_px": (True, True),
    "length_s": (True, True),
    "eye_distance": (True, False),
    "roll": (True, True),
    "turn": (True, True),
    "brightness": (True, True),
    "contrast": (True, True),
    "sharpness": (True, True),
    "head_motion": (False, True),
    "background_flow": (False, True),
}
ENDS = (100.0, 200.0)  # so wide that half of the width is more than any least
RANGES = Ranges(ends=dict.fromkeys(NUMBERS, ENDS))


def names(value: float, number: str) -> list[str]:
    return [flag.name for flag in untrained_flags({number: value}, None, RANGES)]


@pytest.mark.parametrize("number", NUMBERS)
def test_an_end_is_told_only_where_beyond_it_is_unlike_the_training(number: str) -> None:
    low, high = 50.0, 250.0
    assert names(low, number) == names(high, number) == names(150.0, number) == []
    less, more = NUMBERS[number]
    assert bool(names(low - 0.001, number)) == less
    assert bool(names(high + 0.001, number)) == more


def test_a_flag_says_value_limit_and_side() -> None:
    [flag] = untrained_flags({"brightness": 40.0}, None, RANGES)
    assert (flag.name, flag.value, flag.limit) == ("brightness-untrained", 40, 50)
    assert flag.sentence == "The face has grey level 40, less than in training (50)."


def test_people_who_are_all_alike_do_not_make_everybody_unusual() -> None:
    assert widened(120, 120, least=20) == (100, 140)
    assert widened(100, 200, least=20) == (50, 250)


def test_what_is_not_known_is_not_compared() -> None:
    assert untrained_flags({"brightness": None, "other": 1.0}, None, RANGES) == []
    assert untrained_flags({"brightness": 1.0}, 30.0, Ranges()) == []


@pytest.mark.parametrize(
    ("rate", "flagged"),
    [
        (200.0, False),
        (200 * FAR_RATE, False),
        (200 * FAR_RATE + 0.1, True),
        (30 / FAR_RATE, False),
        (30 / FAR_RATE - 0.1, True),
        (70.0, True),
    ],
)
def test_a_rate_is_compared_with_the_nearest_of_the_training(rate: float, flagged: bool) -> None:
    found = rate_flags(rate, (30.0, 200.0))
    assert [flag.name for flag in found] == (["frame-rate-untrained"] if flagged else [])


def test_the_limit_of_a_rate_lies_between_it_and_the_nearest() -> None:
    [flag] = rate_flags(100.0, (30.0, 200.0))
    assert flag.limit == 160
    assert flag.sentence.endswith("The nearest rate of the training is 200.")
    [unknown] = rate_flags(None, (200.0,))
    assert unknown.name == "frame-rate-unknown"


def quantity(quantiles: Sequence[float] | None) -> Quantity:
    kept = None if quantiles is None else tuple(quantiles)
    return Quantity(unit="px", meaning="", clips=9, unknown=0, quantiles=kept)


def test_the_ends_are_quantiles_of_the_training() -> None:
    statistics = Statistics(
        clips=9,
        crop=225,
        shares=SHARES,
        quantities={"roll": quantity(range(9)), "brightness": quantity(None)},
        frame_rates=(FrameRate(fps=30.0, clips=4), FrameRate(fps=None, clips=5)),
    )
    found = ranges_of(statistics)
    assert (dict(found.ends), found.rates) == ({"roll": (1, 7)}, (30,))


def test_a_run_knows_how_much_its_clips_move() -> None:
    rows = [
        Prediction(
            clip=str(n), subject="s", truth=0, predicted=0, probabilities=(1, 0), motion_px=n / 100
        )
        for n in range(101)
    ]
    assert ranges_of_run(rows).ends["motion_mean_px"] == pytest.approx((0.01, 0.99))
