import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from raicl.common.cache.flows import open_cache
from raicl.train.clips.folds import Fold, leave_one_subject_out
from raicl.train.fold.fit import Output, fit_fold, make_schedule
from raicl.train.fold.inference import attend, predict
from raicl.train.inputs.epoch import mini_batches
from raicl.train.inputs.instances import Instances, load_instances
from raicl.train.scores.metrics import confusion_matrix, uar
from raicl.train.scores.predictions import Prediction
from raicl.train.settings import TrainSettings

MakeCache = Callable[..., Path]
CPU = torch.device("cpu")


class Data:
    """A cache in memory with its folds and true labels."""

    def __init__(self, path: Path) -> None:
        cache = open_cache(path)
        sources = [(cache, record) for record in cache.records]
        self.instances: Instances = load_instances(sources, size=33, device=CPU, where="device")
        self.folds = leave_one_subject_out([record.clip for record in cache.records])
        emotions = ("disgust", "happiness", "surprise")
        self.labels = {record.id: emotions.index(record.clip.emotion) for record in cache.records}

    def held_out(
        self, fold: Fold, labels: Mapping[str, int], settings: TrainSettings, folder: Path
    ) -> list[Prediction]:
        folder.mkdir(parents=True)
        model, scale = fit_fold(
            fold,
            self.instances,
            labels,
            settings,
            n_classes=3,
            device=CPU,
            output=Output(folder=folder, say=print),
        )
        return predict(
            model,
            self.instances,
            scale,
            clips=fold.test,
            subjects=dict.fromkeys(fold.test, fold.name),
            labels=labels,
        )

    def pooled_uar(self, labels: Mapping[str, int], settings: TrainSettings, folder: Path) -> float:
        rows = [
            row
            for fold in self.folds
            for row in self.held_out(fold, labels, settings, folder / fold.name)
        ]
        table = confusion_matrix([r.truth for r in rows], [r.predicted for r in rows], 3)
        return float(uar(table))


@pytest.mark.parametrize(("pairs", "sizes"), [(8, [4, 4]), (9, [4, 4]), (10, [4, 4, 2]), (1, [])])
def test_a_last_batch_of_one_pair_is_dropped(pairs: int, sizes: list[int]) -> None:
    drawn = np.arange(3 * pairs).reshape(pairs, 3)
    batches = mini_batches(drawn, 4)
    assert [len(clip) for clip, _, _ in batches] == sizes
    if batches:
        together = torch.stack([torch.cat(column) for column in zip(*batches, strict=True)], 1)
        assert together.tolist() == drawn[: sum(sizes)].tolist()


def test_a_symmetric_batch_holds_every_pair_both_ways() -> None:
    drawn = np.arange(27).reshape(9, 3)
    batches = mini_batches(drawn, 4, symmetric=True)
    assert [len(clip) for clip, _, _ in batches] == [8, 8]  # a single pair is still dropped
    for clip, online, target in batches:
        assert torch.equal(clip[:4], clip[4:])
        assert torch.equal(online[:4], target[4:])
        assert torch.equal(target[:4], online[4:])


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
    data = Data(make_cache(tmp_path / "flows.h5", subjects=3, clips=4))
    train = data.folds[0].train
    assert len(train) == 8
    by_heart = Fold(index=0, name="training", train=train, test=train)
    settings = small.model_copy(update={"epochs": 6, "pairs": 16})
    rows = data.held_out(by_heart, data.labels, settings, tmp_path / "fold")
    assert [row.predicted for row in rows] == [data.labels[clip] for clip in train]


def test_motion_is_learnt_across_subjects_and_shuffled_labels_are_not(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    data = Data(make_cache(tmp_path / "flows.h5", subjects=3, clips=6))
    settings = small.model_copy(update={"epochs": 5})
    assert data.pooled_uar(data.labels, settings, tmp_path / "true") > 0.9
    values = np.random.default_rng(0).permutation(list(data.labels.values())).tolist()
    shuffled = dict(zip(data.labels, values, strict=True))
    assert data.pooled_uar(shuffled, settings, tmp_path / "shuffled") < 0.6


def test_a_clip_is_classified_alike_alone_and_among_others(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    data = Data(make_cache(tmp_path / "flows.h5"))
    fold = data.folds[1]
    model, scale = fit_fold(
        fold,
        data.instances,
        data.labels,
        small,
        n_classes=3,
        device=CPU,
        output=Output(folder=tmp_path, say=print),
    )
    common = {"subjects": dict.fromkeys(fold.test, fold.name), "labels": data.labels}
    together = predict(model, data.instances, scale, clips=fold.test, **common)  # type: ignore[arg-type]
    for row in together:
        [alone] = predict(model, data.instances, scale, clips=[row.clip], **common)  # type: ignore[arg-type]
        assert alone.predicted == row.predicted
        assert alone.probabilities == pytest.approx(row.probabilities, abs=1e-6)
        assert sum(row.probabilities) == pytest.approx(1, abs=1e-6)
        seen = attend(model, data.instances, scale, row)
        middle = data.instances.gather(torch.tensor([data.instances.middle[row.clip]]))
        assert torch.equal(seen.instance, middle[0])
        assert seen.assignment is not None
        torch.testing.assert_close(seen.assignment.sum(0), torch.ones(seen.class_map.shape))
