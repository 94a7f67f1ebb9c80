import base64

import numpy as np

from raicl.train.report.curves import charts, course

LOGS = {
    "d/a": [{"epoch": 1, "loss": 2.0, "usage": None}, {"epoch": 2, "loss": 1.0, "usage": 4.0}],
    "d/b": [{"epoch": 1, "loss": 4.0, "usage": None}, {"epoch": 2, "loss": 1.5, "usage": None}],
}


def test_a_course_is_the_mean_of_the_folds_between_the_extreme_ones() -> None:
    found = course(LOGS, "loss")
    assert found is not None
    np.testing.assert_array_equal(found.epochs, [1, 2])
    np.testing.assert_allclose(found.mean, [3.0, 1.25])
    np.testing.assert_allclose(found.low, [2.0, 1.0])
    np.testing.assert_allclose(found.high, [4.0, 1.5])


def test_a_value_that_is_missing_in_a_fold_or_epoch_is_not_taken_for_0() -> None:
    found = course(LOGS, "usage")
    assert found is not None
    assert (found.epochs.tolist(), found.mean.tolist()) == ([2], [4.0])
    assert course(LOGS, "acl") is None


def test_only_what_was_logged_is_drawn_in_two_schemes_and_said_in_words() -> None:
    shown = charts(LOGS)
    assert [chart.title for chart in shown] == ["Losses", "Region usage"]
    assert shown[0].alt == ("Losses over epochs 1 to 2, mean over 2 folds: total from 3 to 1.25.")
    assert shown[0].last == {"total": 1.25}
    light, dark = shown[0].pictures["light"], shown[0].pictures["dark"]
    assert light != dark
    assert base64.b64decode(light.partition(",")[2]).startswith(b"<?xml")


def test_a_run_without_a_log_has_no_chart() -> None:
    assert charts({}) == []
