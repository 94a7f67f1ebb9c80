"""What `--oracle` computes of a fold, and who reads the labels of those tested."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch

from raicl.train.fold.inference import classify
from raicl.train.fold.oracle import best_epoch, pool_oracle, watch
from raicl.train.settings import TrainSettings
from tests.train.harness import Data
from tests.train.runs import CLASSES, predictions_of


def test_the_best_epoch_is_the_first_of_equal_ones() -> None:
    truth = {"a": 0, "b": 1}
    wrong, half, right = {"a": 1, "b": 0}, {"a": 0, "b": 0}, {"a": 0, "b": 1}
    assert best_epoch([wrong, half, right, right], truth) == 3
    assert best_epoch([half, wrong, half], truth) == 1


def test_each_subject_is_scored_at_its_own_best_epoch_and_pooled() -> None:
    rows = predictions_of({"d/1": (0, 1), "d/2": (2, 2)}, wrong=["d/1/EP01", "d/2/EP01"])
    one = [{"d/1/EP01": 0, "d/1/EP02": 1}, {"d/1/EP01": 1, "d/1/EP02": 1}]
    two = [{"d/2/EP01": 0, "d/2/EP02": 1}, {"d/2/EP01": 0, "d/2/EP02": 2}]
    found = pool_oracle({"d/1": one, "d/2": two}, rows, CLASSES)
    assert found.epochs == {"d/1": 1, "d/2": 2}
    # pooled: 0→0, 1→1, 2→0, 2→2
    assert found.accuracy == 3 / 4
    assert found.uar == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert found.uf1 == pytest.approx((2 / 3 + 1 + 2 / 3) / 3)


class Poisoned(Mapping[str, int]):
    """Labels of which those of some clips may not be asked for."""

    def __init__(self, labels: Mapping[str, int], clips: tuple[str, ...]) -> None:
        self.labels, self.clips = labels, clips

    def __getitem__(self, clip: str) -> int:
        assert clip not in self.clips, f"the label of {clip} was read"
        return self.labels[clip]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all labels were read")

    def __len__(self) -> int:
        raise AssertionError("all labels were counted")


@pytest.mark.parametrize("imbalance", ["none", "balanced-sampler", "prior-correction"])
def test_no_label_of_a_tested_clip_is_read_before_it_is_predicted(
    tmp_path: Path, flows: Path, small: TrainSettings, imbalance: str
) -> None:
    settings = small.model_copy(update={"imbalance": imbalance})
    data = Data.of_cache(flows)
    fold, truth = data.folds[1], data.labels
    other = {**truth, **{clip: (truth[clip] + 1) % 3 for clip in fold.test}}
    found = []
    for name, labels in (("poisoned", Poisoned(truth, fold.test)), ("other", other)):
        folder = tmp_path / name
        observe = watch(folder, data.instances, fold.test)
        model, scale = data.fit(fold, settings, folder, labels=labels, observe=observe)
        verdicts = classify(model, data.instances, scale, clips=fold.test)
        weights = {key: value.clone() for key, value in model.state_dict().items()}
        found.append((weights, verdicts, (folder / "oracle.jsonl").read_bytes()))
    (weights, *rest), (others, *again) = found
    assert rest == again
    assert all(torch.equal(weights[key], others[key]) for key in weights)
    with pytest.raises(AssertionError, match="was read"):  # the poison works
        data.predict((model, scale), fold.test, labels=Poisoned(truth, fold.test))
