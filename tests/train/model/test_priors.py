from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from raicl.train.inputs.epoch import balanced_clips
from raicl.train.model.losses import effective_weights, log_prior, loss_cls
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings
from raicl.train.settings.train import ImbalanceName
from tests.train.conftest import MakeCache
from tests.train.harness import Data

CHOICES = [name for name in get_args(ImbalanceName) if name != "none"]
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
RARE = (250, 109, 83)  # the composite's negative, positive, surprise
BETA = 0.999


def batch() -> Tensor:
    return torch.randn(6, 3, 33, 33, generator=torch.Generator().manual_seed(1))


def build(settings: TrainSettings, counts: tuple[int, ...], **changed: object) -> Siamese:
    torch.manual_seed(0)
    plain = {"irc": False, "mrd": False, **changed}
    return Siamese(settings.model_copy(update=plain), 3, counts)


def test_the_prior_is_relative_to_equal_classes() -> None:
    shares = np.array(RARE) / sum(RARE)
    np.testing.assert_allclose(log_prior(RARE).numpy(), np.log(shares * 3), rtol=1e-6)
    assert log_prior((7, 7, 7)).tolist() == [0, 0, 0]
    assert log_prior((22,) * 7).tolist() == [0] * 7


def test_an_absent_class_counts_as_one_clip() -> None:
    assert torch.equal(log_prior((10, 0)), log_prior((10, 1)))
    assert torch.isfinite(effective_weights((10, 0), BETA)).all()


def test_weights_are_those_of_effective_numbers_and_one_for_the_average() -> None:
    weights = effective_weights(RARE, BETA)
    effective = [(1 - BETA**n) / (1 - BETA) for n in RARE]
    for i, j in ((0, 1), (0, 2)):
        assert float(weights[i] / weights[j]) == pytest.approx(effective[j] / effective[i])
    assert effective_weights((31,) * 7, BETA).tolist() == [1] * 7
    assert effective_weights((100, 200, 300), BETA)[1] == 1
    # the two ends of β: none, and inverse frequency
    assert effective_weights(RARE, 0.0).tolist() == [1, 1, 1]
    near_one = effective_weights(RARE, 1 - 1e-9)
    assert float(near_one[1] / near_one[0]) == pytest.approx(250 / 109, rel=1e-5)


def test_weighted_classification_is_the_weighted_mean_written_out() -> None:
    logits, weights = torch.randn(6, 3), torch.tensor([0.5, 1.0, 2.0])
    each = F.cross_entropy(logits, LABELS, reduction="none")
    expected = (weights[LABELS] * each).sum() / weights[LABELS].sum()
    torch.testing.assert_close(loss_cls(logits, LABELS, weights), expected)


def test_logit_adjustment_trains_with_the_log_prior_and_tests_without(
    small: TrainSettings,
) -> None:
    model = build(small, RARE, imbalance="logit-adjustment")
    result = model.losses(batch(), batch(), LABELS)
    prior = torch.tensor(RARE) / sum(RARE)
    expected = F.cross_entropy(result.logits + prior.log(), LABELS)
    torch.testing.assert_close(result.terms["cls"], expected.detach())
    plain = build(small, RARE).eval()
    plain.load_state_dict(model.state_dict())
    assert torch.equal(model.eval().classify(batch()), plain.classify(batch()))


def test_effective_numbers_weigh_the_loss_and_nothing_else(small: TrainSettings) -> None:
    result = build(small, RARE, imbalance="effective-number").losses(batch(), batch(), LABELS)
    expected = F.cross_entropy(result.logits, LABELS, effective_weights(RARE, BETA))
    torch.testing.assert_close(result.terms["cls"], expected.detach())


def test_prior_correction_trains_plainly_and_divides_by_the_prior_at_test(
    small: TrainSettings,
) -> None:
    plain, corrected = (build(small, RARE, imbalance=name) for name in ("none", "prior-correction"))
    terms = [model.losses(batch(), batch(), LABELS).terms["cls"] for model in (plain, corrected)]
    assert torch.equal(*terms)
    before, after = (model.eval().classify(batch()).softmax(-1) for model in (plain, corrected))
    expected = before / torch.tensor(RARE)
    torch.testing.assert_close(after, expected / expected.sum(-1, keepdim=True))


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("clips", [1, 10, 147])
def test_with_equal_classes_every_choice_is_plain_bit_for_bit(
    small: TrainSettings, name: str, clips: int
) -> None:
    ours, plain = (
        build(small, (clips,) * 3, imbalance=choice, cls_target=True) for choice in (name, "none")
    )
    for model in (ours, plain):
        torch.autograd.backward(model.losses(batch(), batch().flip(-1), LABELS).total)
    for a, b in zip(ours.online.parameters(), plain.online.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert torch.equal(a.grad, b.grad)
    assert torch.equal(ours.eval().classify(batch()), plain.eval().classify(batch()))
    rng, untouched = np.random.default_rng(0), np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], clips)
    np.testing.assert_array_equal(balanced_clips(labels.tolist(), rng), np.arange(3 * clips))
    assert rng.random() == untouched.random()


def weights_of(
    data: Data, folder: Path, settings: TrainSettings, labels: tuple[int, ...]
) -> dict[str, Tensor]:
    """Of the first fold, whose training clips have the given labels in turn."""
    fold = data.folds[0]
    clips = [*fold.train, *fold.test]
    given = {clip: labels[index % len(labels)] for index, clip in enumerate(clips)}
    return data.fit(fold, settings, folder, labels=given)[0].inference_state()


@pytest.mark.parametrize("name", CHOICES)
def test_a_fold_learns_otherwise_exactly_where_its_training_clips_are_not_balanced(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, name: str
) -> None:
    data = Data.of_cache(make_cache(tmp_path / "flows.h5", n=2))
    chosen = small.model_copy(update={"imbalance": name})
    for case, labels in (("equal", (0, 1, 2)), ("rare", (0, 0, 0, 0, 1, 2))):
        plain = weights_of(data, tmp_path / f"{case}-none", small, labels)
        ours = weights_of(data, tmp_path / case, chosen, labels)
        same = all(torch.equal(ours[key], value) for key, value in plain.items())
        assert same == (case == "equal" or name == "prior-correction")


def test_logit_adjustment_moves_the_decision_to_the_rare_class() -> None:
    """Of a score that says nothing the adjusted optimum is equal classes, not the prior."""
    logits = torch.zeros(3, requires_grad=True)
    labels = torch.tensor([0] * 8 + [1] * 4 + [2] * 2)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        loss = loss_cls(logits.expand(14, 3) + log_prior((8, 4, 2)), labels)
        torch.autograd.backward(loss)
        optimizer.step()
    torch.testing.assert_close(
        logits.detach().softmax(-1), torch.full((3,), 1 / 3), atol=1e-3, rtol=0
    )
