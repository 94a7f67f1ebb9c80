"""Weak and strong motion apart: quartiles of all clips, their scores, files without motion."""

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from raicl.common.errors import InputError
from raicl.train.scores.predictions import Prediction, read_predictions, write_predictions
from raicl.train.scores.strata import motion_strata, strata_lines
from tests.train.runs import CLASSES


def predictions(n: int = 83, seed: int = 0) -> list[Prediction]:
    rng = np.random.default_rng(seed)
    return [
        Prediction(
            clip=f"casme2/sub{index % 7}/EP{index}",
            subject=f"casme2/sub{index % 7}",
            truth=int(rng.integers(3)),
            predicted=int(rng.integers(3)),
            probabilities=(0.5, 0.25, 0.25),
            motion_px=round(float(rng.gamma(2, 0.1)), 6),
        )
        for index in range(n)
    ]


def test_the_strata_are_the_quartiles_and_their_scores_those_of_scikit_learn() -> None:
    rows = predictions()
    found = motion_strata(rows, CLASSES)
    assert list(found) == ["weakest", "weak", "strong", "strongest"]
    ascending = sorted(rows, key=lambda row: row.motion_px)
    # 83 clips: the borders are the 21st, the middle and the 63rd with half of each neighbour
    cuts = [0, 21, 42, 62, 83]
    for stratum, start, end in zip(found.values(), cuts[:-1], cuts[1:], strict=True):
        part = ascending[start:end]
        truth, given = [row.truth for row in part], [row.predicted for row in part]
        options = {"labels": [0, 1, 2], "average": "macro", "zero_division": 0}
        assert stratum.clips == end - start
        assert stratum.motion_px == (part[0].motion_px, part[-1].motion_px)
        assert stratum.uf1 == pytest.approx(f1_score(truth, given, **options))
        assert stratum.uar == pytest.approx(recall_score(truth, given, **options))
        assert stratum.accuracy == pytest.approx(np.mean(np.equal(truth, given)))
        assert list(stratum.classes.values()) == [truth.count(c) for c in range(3)]


def test_neither_labels_nor_the_order_of_rows_move_a_border() -> None:
    rows = predictions()
    expected = motion_strata(rows, CLASSES)
    random.Random(1).shuffle(rows)
    assert motion_strata(rows, CLASSES) == expected
    others = [dataclasses.replace(row, truth=0, predicted=1) for row in rows]
    for name, row in motion_strata(others, CLASSES).items():
        assert (row.clips, row.motion_px) == (
            expected[name].clips,
            expected[name].motion_px,
        )


def test_equal_motions_are_never_parted_and_an_empty_stratum_has_no_scores() -> None:
    still = [dataclasses.replace(row, motion_px=0.0) for row in predictions(9)]
    found = motion_strata(still, CLASSES)
    assert [row.clips for row in found.values()] == [9, 0, 0, 0]
    assert found["strong"].uf1 is None
    assert found["strong"].motion_px is None
    assert [line.split()[0] for line in strata_lines(found)[2:]] == ["weakest"]


def test_motion_survives_the_file_with_six_digits(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    rows = predictions(12)
    write_predictions(path, rows, CLASSES)
    header = path.read_text().splitlines()[0]
    assert header == "clip,subject,truth,predicted,motion_px,p_negative,p_positive,p_surprise"
    assert read_predictions(path) == (rows, CLASSES)
    first = path.read_bytes()
    exact = [dataclasses.replace(row, motion_px=row.motion_px + 1e-9) for row in rows]
    write_predictions(path, exact, CLASSES)
    assert path.read_bytes() == first


def test_without_a_unit_there_are_no_motions_and_no_strata(tmp_path: Path) -> None:
    rows = [dataclasses.replace(row, motion_px=None) for row in predictions(9)]
    assert motion_strata(rows, CLASSES) == {}
    assert strata_lines({}) == []
    path = tmp_path / "predictions.csv"
    write_predictions(path, rows, CLASSES)
    assert read_predictions(path)[0][0].motion_px is None


@pytest.mark.parametrize("cells", ["", ",,0,1", ",nan,0,1", ",-1,0,1", ",much,0,1"])
def test_a_motion_that_is_none_is_refused(tmp_path: Path, cells: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(f"clip,subject,truth,predicted,motion_px,p_a,p_b\nd/s/c,d/s,a,b{cells}\n")
    with pytest.raises(InputError, match="not a readable file of predictions"):
        read_predictions(path)
