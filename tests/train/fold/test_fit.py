import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from raicl.train.clips.folds import Fold
from raicl.train.fold.fit import make_schedule
from raicl.train.fold.inference import attend
from raicl.train.scores.metrics import confusion_matrix, uar
from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache
from tests.train.harness import Data


def pooled_uar(
    data: Data, labels: Mapping[str, int], settings: TrainSettings, folder: Path
) -> float:
    rows = [
        row
        for fold in data.folds
        for row in data.predict(
            data.fit(fold, settings, folder / fold.name, labels=labels), fold.test, labels=labels
        )
    ]
    table = confusion_matrix([r.truth for r in rows], [r.predicted for r in rows], 3)
    return float(uar(table))


def test_the_learning_rate_falls_by_gamma_or_along_a_cosine_to_zero(small: TrainSettings) -> None:
    def rates(**changed: object) -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
        settings = small.model_copy(update={"epochs": 4, **changed})
        schedule, seen = make_schedule(optimizer, settings), []
        for _ in range(settings.epochs):
            seen += schedule.get_last_lr()
            optimizer.step()
            schedule.step()
        return seen

    assert rates(gamma=0.5) == pytest.approx([0.2, 0.1, 0.05, 0.025])
    expected = [0.1 * (1 + math.cos(math.pi * epoch / 4)) for epoch in range(4)]
    assert rates(lr_schedule="cosine") == pytest.approx(expected)


def test_eight_clips_are_learnt_by_heart(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    data = Data.of_cache(make_cache(tmp_path / "flows.h5", subjects=3, clips=4))
    train = data.folds[0].train
    assert len(train) == 8
    by_heart = Fold(index=0, name="training", train=train, test=train)
    settings = small.model_copy(update={"epochs": 6, "pairs": 16})
    rows = data.predict(data.fit(by_heart, settings, tmp_path / "fold"), train)
    assert [row.predicted for row in rows] == [data.labels[clip] for clip in train]


def test_motion_is_learnt_across_subjects_and_shuffled_labels_are_not(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    data = Data.of_cache(make_cache(tmp_path / "flows.h5", subjects=3, clips=6))
    settings = small.model_copy(update={"epochs": 5})
    assert pooled_uar(data, data.labels, settings, tmp_path / "true") > 0.9
    values = np.random.default_rng(0).permutation(list(data.labels.values())).tolist()
    shuffled = dict(zip(data.labels, values, strict=True))
    assert pooled_uar(data, shuffled, settings, tmp_path / "shuffled") < 0.6


def test_a_clip_is_classified_alike_alone_and_among_others(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    data = Data.of_cache(make_cache(tmp_path / "flows.h5"))
    fold = data.folds[1]
    model, scale = fitted = data.fit(fold, small, tmp_path)
    for row in data.predict(fitted, fold.test):
        [alone] = data.predict(fitted, [row.clip])
        assert alone.predicted == row.predicted
        assert alone.probabilities == pytest.approx(row.probabilities, abs=1e-6)
        assert sum(row.probabilities) == pytest.approx(1, abs=1e-6)
        seen = attend(model, data.instances, scale, row)
        middle = data.instances.gather(torch.tensor([data.instances.middle[row.clip]]))
        assert torch.equal(seen.instance, middle[0])
        assert seen.assignment is not None
        torch.testing.assert_close(seen.assignment.sum(0), torch.ones(seen.class_map.shape))
