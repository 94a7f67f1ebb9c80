"""The calibration of a fold: made of training subjects that a second network has not seen."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from raicl.train.clips.folds import Fold
from raicl.train.clips.inner import inner_fold
from raicl.train.fold.calibration import Calibration, calibrate
from raicl.train.fold.fit import Output
from raicl.train.fold.inference import classify
from raicl.train.fold.pooling import pool
from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache
from tests.train.harness import CPU, Data

SUBJECTS = 4


@pytest.fixture
def settings(small: TrainSettings) -> TrainSettings:
    return small.model_copy(update={"calibration": "inner"})


@pytest.fixture
def data(tmp_path: Path, make_cache: MakeCache) -> Data:
    return Data.of_cache(make_cache(tmp_path / "flows.h5", subjects=SUBJECTS, noise=0.4))


def calibrated(
    data: Data,
    fold: Fold,
    settings: TrainSettings,
    folder: Path,
    labels: dict[str, int] | None = None,
) -> Calibration:
    """The calibration of a fold, or what is made of it where it goes on in `folder`."""
    folder.mkdir(exist_ok=True)
    found = calibrate(
        fold,
        data.instances,
        labels or data.labels,
        {clip: clip.rpartition("/")[0] for clip in data.labels},
        settings,
        n_classes=3,
        device=CPU,
        output=Output(folder=folder, say=print),
    )
    assert found is not None
    return found


def test_it_is_the_best_for_logits_of_a_network_that_has_not_seen_the_subjects(
    tmp_path: Path, data: Data, settings: TrainSettings
) -> None:
    """The whole of it by hand: split, train, classify, and SciPy's minimum."""
    fold = data.folds[1]
    found = calibrated(data, fold, settings, tmp_path / "fold")
    owner = {clip: clip.rpartition("/")[0] for clip in data.labels}
    inner = inner_fold(fold, owner, data.labels, seed=settings.seed + fold.index)
    assert found.subjects == tuple(dict.fromkeys(owner[clip] for clip in inner.test))
    assert (fold.name not in found.subjects, found.clips) == (True, len(inner.test))
    model, scale = data.fit(inner, settings, tmp_path / "by-hand")
    shares = classify(model, data.instances, scale, clips=inner.test)
    logits = np.log([verdict.probabilities for verdict in shares.values()])
    truth = [data.labels[clip] for clip in inner.test]

    def cost(x: float) -> float:
        right = softmax(logits / np.exp(x), 1)[range(len(truth)), truth]
        return float(-np.log(right).mean() + x**2 / (2 * len(truth)))

    best = minimize_scalar(cost, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    assert found.temperature == pytest.approx(np.exp(best.x), rel=1e-3)
    assert found.nll_before == pytest.approx(cost(0), rel=1e-4)
    assert found.nll_after == pytest.approx(best.fun - best.x**2 / (2 * len(truth)), rel=1e-3)


def test_the_tested_subject_has_no_part_in_it(
    tmp_path: Path, data: Data, settings: TrainSettings, make_cache: MakeCache
) -> None:
    fold = data.folds[0]
    before = calibrated(data, fold, settings, tmp_path / "fold")

    def change_tested(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
        return -3 * instances if clip.startswith(fold.name) else instances

    (tmp_path / "other").mkdir()
    path = tmp_path / "other/flows.h5"
    changed = make_cache(path, subjects=SUBJECTS, noise=0.4, change=change_tested)
    other = Data.of_cache(changed)
    row = torch.tensor([data.instances.middle[fold.test[0]]])
    assert not torch.equal(other.instances.gather(row), data.instances.gather(row))
    labels = data.labels | {clip: 2 - data.labels[clip] for clip in fold.test}
    assert calibrated(other, fold, settings, tmp_path / "again", labels) == before


def test_the_labels_of_the_held_out_training_subjects_have(
    tmp_path: Path, data: Data, settings: TrainSettings
) -> None:
    fold = data.folds[0]
    before = calibrated(data, fold, settings, tmp_path / "fold")
    held = [clip for clip in fold.train if clip.rpartition("/")[0] in before.subjects]
    labels = data.labels | {clip: (data.labels[clip] + 1) % 3 for clip in held}
    after = calibrated(data, fold, settings, tmp_path / "again", labels)
    assert after.subjects == before.subjects
    assert after.temperature != before.temperature


def test_an_interrupted_one_goes_on_to_the_same_temperature(
    tmp_path: Path, data: Data, settings: TrainSettings
) -> None:
    fold = data.folds[2]
    whole = calibrated(data, fold, settings, tmp_path / "whole")
    first = settings.model_copy(update={"epochs": 1})  # as if stopped after one of two epochs
    stopped = calibrated(data, fold, first, tmp_path / "broken")
    assert stopped != whole
    assert calibrated(data, fold, settings, tmp_path / "broken") == whole


def test_without_the_setting_nothing_is_trained(
    tmp_path: Path, data: Data, small: TrainSettings
) -> None:
    found = calibrate(
        data.folds[0],
        data.instances,
        {},
        {},
        small,
        n_classes=3,
        device=CPU,
        output=Output(folder=tmp_path / "missing", say=print),
    )
    assert found is None


def test_a_temperature_changes_probabilities_and_no_class() -> None:
    generator = torch.Generator().manual_seed(0)
    changed = 0
    for _ in range(500):
        logits = 4 * torch.randn(5, 2, 3, generator=generator)
        strength = torch.rand(5, generator=generator)
        plain = pool(logits, "mean", strength)
        hot = pool(logits, "mean", strength, 3.0)
        assert hot.predicted == plain.predicted
        assert sum(hot.probabilities) == pytest.approx(1)
        expected = (logits.double() / 3).softmax(-1).mean((0, 1)).tolist()
        assert hot.probabilities == pytest.approx(expected, abs=1e-6)
        changed += int(np.argmax(hot.probabilities)) != hot.predicted
    assert changed > 0  # of averages the largest can be another one, which is why it is not used
    assert pool(logits, "mean", strength, 1.0) == plain
