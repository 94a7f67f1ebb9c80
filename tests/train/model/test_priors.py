from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from raicl.common.cache.flows import open_cache
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.inputs.epoch import balanced_clips, draw_epoch
from raicl.train.inputs.instances import load_instances
from raicl.train.model.losses import effective_weights, log_prior, loss_cls
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings
from raicl.train.settings.train import ImbalanceName

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


def test_a_balanced_epoch_has_as_many_clips_of_each_class_and_about_its_length() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], RARE)).tolist()
    chosen = balanced_clips(labels, np.random.default_rng(0))
    counts = Counter(labels[clip] for clip in chosen)
    assert counts == {0: 148, 1: 148, 2: 148}  # of 442 a third, rounded up
    times = Counter(chosen.tolist())
    assert {times[clip] for clip in range(442) if labels[clip] == 0} == {0, 1}
    assert {times[clip] for clip in range(442) if labels[clip] == 2} == {1, 2}
    other = balanced_clips(labels, np.random.default_rng(1))
    assert (chosen != other).any()


def test_the_pairs_of_a_balanced_epoch_keep_the_clip_of_their_rows(small: TrainSettings) -> None:
    rows = [range(3 * clip, 3 * clip + 3) for clip in range(8)]
    truth = [0, 0, 1, 0, 0, 2, 0, 0]
    settings = small.model_copy(update={"imbalance": "balanced-sampler"})
    pairs = draw_epoch(rows, truth, np.ones(24), settings, np.random.default_rng(0))
    np.testing.assert_array_equal(pairs[:, 1] // 3, pairs[:, 0])
    np.testing.assert_array_equal(pairs[:, 2] // 3, pairs[:, 0])
    counts = Counter(truth[clip] for clip in pairs[:, 0])
    assert counts == {0: 3 * settings.pairs, 1: 3 * settings.pairs, 2: 3 * settings.pairs}


def test_an_absent_class_gets_no_share_of_a_balanced_epoch() -> None:
    chosen = balanced_clips([0, 0, 0, 2], np.random.default_rng(0))
    assert Counter([0, 0, 0, 2][clip] for clip in chosen) == {0: 2, 2: 2}


class Fitted:
    """A fold of clips, of which the training clips have the given labels in turn."""

    def __init__(self, path: Path) -> None:
        cache = open_cache(path)
        sources = [(cache, record) for record in cache.records]
        cpu = torch.device("cpu")
        self.instances = load_instances(sources, size=33, device=cpu, where="device")
        self.fold = leave_one_subject_out([record.clip for record in cache.records])[0]

    def weights(
        self, folder: Path, settings: TrainSettings, labels: tuple[int, ...]
    ) -> dict[str, Tensor]:
        folder.mkdir()
        clips = [*self.fold.train, *self.fold.test]
        model, _ = fit_fold(
            self.fold,
            self.instances,
            {clip: labels[index % len(labels)] for index, clip in enumerate(clips)},
            settings,
            n_classes=3,
            device=torch.device("cpu"),
            output=Output(folder=folder, say=print),
        )
        return model.inference_state()


@pytest.mark.parametrize("name", CHOICES)
def test_a_fold_learns_otherwise_exactly_where_its_training_clips_are_not_balanced(
    tmp_path: Path, make_cache: Callable[..., Path], small: TrainSettings, name: str
) -> None:
    data = Fitted(make_cache(tmp_path / "flows.h5", n=2))
    chosen = small.model_copy(update={"imbalance": name})
    for case, labels in (("equal", (0, 1, 2)), ("rare", (0, 0, 0, 0, 1, 2))):
        plain = data.weights(tmp_path / f"{case}-none", small, labels)
        ours = data.weights(tmp_path / case, chosen, labels)
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
