from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from raicl.common.errors import UsageError
from raicl.common.instance import mirror
from raicl.common.settings import merge
from raicl.train.clips.folds import FoldError
from raicl.train.fold.inference import attend, predict
from raicl.train.fold.pooling import Verdict, combine_instances
from raicl.train.inputs.geometry import mirror_inputs
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.model.network import Classifier
from raicl.train.model.siamese import Siamese
from raicl.train.scores.predictions import Prediction
from raicl.train.settings import TrainSettings
from raicl.train.settings.train import InferName
from tests.train.conftest import MakeCache
from tests.train.harness import Data

WAYS: tuple[InferName, ...] = get_args(InferName)
SCALE = Scale(flow=0.3, strain=0.05, clip=10)


def rows(k: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    strength = torch.rand(k, generator=generator, dtype=torch.float64)
    return torch.randn(k, 3, generator=generator).softmax(-1), strength


def verdict(infer: InferName, order: list[int] | None = None) -> Verdict:
    probabilities, strength = rows()
    order = order or list(range(5))
    return combine_instances(probabilities[order], infer, strength[order])


@pytest.mark.parametrize("infer", ["middle", "mean", "weighted"])
def test_one_instance_speaks_for_itself(infer: InferName) -> None:
    probabilities, strength = rows(1)
    [values] = probabilities.tolist()
    alone = combine_instances(probabilities, infer, strength)
    assert alone.predicted == values.index(max(values))
    # a division by the only weight may round
    assert alone.probabilities == pytest.approx(values, abs=0 if infer != "weighted" else 1e-15)


def test_one_instance_has_the_only_vote() -> None:
    alone = combine_instances(torch.tensor([[0.2, 0.5, 0.3]]), "vote", torch.ones(1))
    assert alone == (1, (0, 1, 0))


@pytest.mark.parametrize("infer", ["mean", "vote", "weighted"])
def test_the_order_of_instances_does_not_matter(infer: InferName) -> None:
    expected = verdict(infer)
    for order in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        other = verdict(infer, order)
        assert other.predicted == expected.predicted
        assert other.probabilities == pytest.approx(expected.probabilities, abs=1e-15)


@pytest.mark.parametrize("infer", ["mean", "weighted"])
def test_equal_instances_say_together_what_each_says(infer: InferName) -> None:
    probabilities, strength = rows(1)
    many = combine_instances(probabilities.expand(16, 3), infer, torch.rand(16))
    one = combine_instances(probabilities, infer, strength)
    assert many.predicted == one.predicted
    assert many.probabilities == pytest.approx(one.probabilities, abs=1e-6)


def test_pooling_is_the_mean_the_weighted_mean_and_the_count_written_out() -> None:
    probabilities, strength = (x.double().numpy() for x in rows())
    np.testing.assert_allclose(verdict("mean").probabilities, probabilities.mean(0))
    weighted = np.average(probabilities, axis=0, weights=strength)
    np.testing.assert_allclose(verdict("weighted").probabilities, weighted)
    shares = np.bincount(probabilities.argmax(1), minlength=3) / 5
    np.testing.assert_allclose(verdict("vote").probabilities, shares)
    for infer in ("mean", "weighted", "vote"):
        assert verdict(infer).predicted == np.argmax(verdict(infer).probabilities)


def test_equal_votes_are_decided_by_the_mean() -> None:
    split = torch.tensor([[0.5, 0.4, 0.1], [0.0, 0.9, 0.1]])
    assert combine_instances(split, "vote", torch.ones(2)) == (1, (0.5, 0.5, 0))
    assert combine_instances(split.flip(0), "vote", torch.ones(2)).predicted == 1
    # two votes outweigh a surer third
    three = torch.tensor([[0.5, 0.4, 0.1], [0.5, 0.4, 0.1], [0.0, 1.0, 0.0]])
    assert combine_instances(three, "vote", torch.ones(3)).predicted == 0
    assert combine_instances(three, "mean", torch.ones(3)).predicted == 1


def test_instances_that_do_not_move_weigh_the_same() -> None:
    probabilities, _ = rows()
    still = combine_instances(probabilities, "weighted", torch.zeros(5))
    assert still == combine_instances(probabilities, "mean", torch.zeros(5))


@pytest.fixture
def instances(tmp_path: Path, make_cache: MakeCache) -> Instances:
    return Data.of_cache(make_cache(tmp_path / "flows.h5", n=[5, 1, 3])).instances


def model_of(settings: TrainSettings, **changed: object) -> Siamese:
    torch.manual_seed(0)
    model = Siamese(settings.model_copy(update=changed), 3)
    with torch.no_grad():
        for parameter in model.online.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
        for network in (model.online.network, model.target):
            assert network is not None
            network.classifier.fc.weight *= 0.02  # or every probability would be 0 or 1
    return model


def predictions(model: Siamese, instances: Instances, batch_size: int = 128) -> list[Prediction]:
    return predict(
        model,
        instances,
        SCALE,
        clips=list(instances.rows),
        subjects=dict.fromkeys(instances.rows, "casme2/sub01"),
        labels=dict.fromkeys(instances.rows, 0),
        batch_size=batch_size,
    )


def probabilities_of(classifier: Classifier, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return classifier.eval()(inputs).softmax(-1).double()


@pytest.mark.parametrize("infer", WAYS)
@pytest.mark.parametrize("flip_average", [False, True])
def test_every_clip_has_one_row_from_its_own_instances_whatever_the_batches(
    instances: Instances, small: TrainSettings, infer: InferName, flip_average: bool
) -> None:
    model = model_of(small, infer=infer, flip_average=flip_average)
    found = predictions(model, instances)
    assert [row.clip for row in found] == list(instances.rows)
    for row in found:
        tested = [instances.middle[row.clip]] if infer == "middle" else instances.rows[row.clip]
        inputs = apply_scale(instances.gather(torch.tensor(tested)), SCALE)
        classifier = model.online.network.classifier
        each = probabilities_of(classifier, inputs)
        if flip_average:
            each = (each + probabilities_of(classifier, mirror_inputs(inputs, "physical"))) / 2
        expected = combine_instances(
            each, infer, torch.from_numpy(instances.strength[list(tested)])
        )
        assert row.predicted == expected.predicted
        assert row.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    for row, other in zip(found, predictions(model, instances, batch_size=2), strict=True):
        assert row.predicted == other.predicted
        assert row.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_a_clip_with_a_single_instance_is_the_same_by_every_mean(
    instances: Instances, small: TrainSettings
) -> None:
    rows_ = [
        next(r for r in predictions(model_of(small, infer=infer), instances) if "EP02" in r.clip)
        for infer in ("middle", "mean", "weighted")
    ]
    for row in rows_[1:]:
        assert row.predicted == rows_[0].predicted
        assert row.probabilities == pytest.approx(rows_[0].probabilities, abs=1e-6)


def test_averaging_with_the_mirror_image_does_not_know_left_from_right(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, instances: Instances
) -> None:
    model = model_of(small, flip_average=True)
    before = predictions(model, instances)
    mirrored = make_cache(
        tmp_path / "mirrored.h5", n=[5, 1, 3], change=lambda _, values: mirror(values)
    )
    after = predictions(model, Data.of_cache(mirrored).instances)
    for one, other in zip(before, after, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    plain = predictions(model_of(small), instances)
    assert all(max(row.probabilities) < 0.95 for row in plain)
    assert plain[0].probabilities != pytest.approx(after[0].probabilities, abs=1e-5)


def test_the_target_is_tested_shown_and_saved_where_that_is_asked_for(
    small: TrainSettings, instances: Instances
) -> None:
    model = model_of(small, infer_network="target")
    assert model.target is not None
    model.update_target()
    found = predictions(model, instances)
    inputs = apply_scale(instances.gather(torch.tensor(list(instances.middle.values()))), SCALE)
    expected = probabilities_of(model.target.classifier, inputs)
    for row, values in zip(found, expected.tolist(), strict=True):
        assert row.probabilities == pytest.approx(values, abs=1e-5)
    online = predictions(model_of(small), instances)
    assert online[0].probabilities != pytest.approx(found[0].probabilities, abs=1e-5)
    saved = Classifier(small, 3)
    saved.load_state_dict(model.inference_state())
    torch.testing.assert_close(probabilities_of(saved, inputs), expected)
    seen = attend(model, instances, SCALE, found[0])
    maps = model.attention(inputs[:1])[0, found[0].predicted]
    torch.testing.assert_close(seen.class_map, maps.detach())


def test_a_target_that_does_not_exist_cannot_be_tested() -> None:
    with pytest.raises(UsageError, match="there is no target"):
        merge(TrainSettings, ("x", {"irc": False, "mrd": False, "infer_network": "target"}))


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_logit_that_is_not_finite_names_its_clips(
    small: TrainSettings, instances: Instances, value: float
) -> None:
    model = model_of(small, infer="mean", flip_average=True)
    with torch.no_grad():
        model.online.network.classifier.fc.bias[1] = value
    with pytest.raises(FoldError) as caught:
        predictions(model, instances)
    assert "casme2/sub01/EP01, casme2/sub01/EP02" in str(caught.value.where)
