"""The temperature, against SciPy's minimum of scikit-learn's loss and against known ones."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import log_loss as sklearn_loss

from raicl.train.fold.pooling import instance_weights, pool
from raicl.train.fold.temperature import HIGHEST, LOWEST, Outputs, fit_temperature, log_loss


def single(logits: np.ndarray, labels: np.ndarray) -> Outputs:
    """One row for each clip."""
    n = len(labels)
    return Outputs(logits, np.arange(n), np.ones(n), labels)


def drawn(n: int, temperature: float, *, seed: int = 0, classes: int = 3) -> Outputs:
    """Logits whose labels were drawn from softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(n, classes))
    chances = softmax(logits / temperature, 1).cumsum(1)
    labels = (rng.random((n, 1)) > chances[:, :-1]).sum(1)
    return single(logits, labels)


@pytest.mark.parametrize("n", [4, 30, 400])
@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_it_is_the_minimum_that_scipy_finds(n: int, true: float) -> None:
    outputs = drawn(n, true, seed=n)

    def cost(x: float) -> float:
        shares = softmax(outputs.logits / np.exp(x), 1)
        return float(sklearn_loss(outputs.labels, shares, labels=[0, 1, 2]) + x**2 / (2 * n))

    # unimodal: the loss is convex in 1 / T and the prior is strong where it is flat
    found = minimize_scalar(cost, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    assert fit_temperature(outputs) == pytest.approx(np.exp(found.x), rel=1e-4)
    assert log_loss(outputs, 2.0) == pytest.approx(
        sklearn_loss(outputs.labels, softmax(outputs.logits / 2, 1), labels=[0, 1, 2])
    )


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
def test_the_temperature_that_labels_were_drawn_with_is_found(true: float) -> None:
    outputs = drawn(5_000, true)
    assert fit_temperature(outputs) == pytest.approx(true, rel=0.06)
    hotter = outputs._replace(logits=2 * outputs.logits)
    assert fit_temperature(hotter) == pytest.approx(2 * fit_temperature(outputs), rel=0.005)


def test_a_few_right_answers_do_not_make_it_sure_of_everything() -> None:
    logits = np.array([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 2.0]])
    sure = fit_temperature(single(logits, np.array([0, 1, 2])))
    unsure = fit_temperature(single(logits, np.array([1, 2, 0])))
    assert LOWEST < 0.3 < sure < 1 < unsure < 8 < HIGHEST
    alike = fit_temperature(single(np.zeros((3, 3)), np.array([0, 1, 2])))
    assert alike == pytest.approx(1, abs=1e-4)  # logits without information stay as they are


@pytest.mark.parametrize("infer", ["mean", "weighted"])
def test_several_instances_and_views_are_pooled_as_when_they_are_tested(infer: str) -> None:
    generator = torch.Generator().manual_seed(1)
    labels = [0, 2, 1, 1, 0]
    clips = [4 * torch.randn(k, 2, 3, generator=generator) for k in (1, 3, 2, 6, 2)]
    strength = [torch.rand(len(clip), generator=generator) for clip in clips]
    weights = [(instance_weights(infer, s)[:, None] / 2).expand(-1, 2).flatten() for s in strength]
    outputs = Outputs(
        logits=torch.cat([clip.flatten(0, 1) for clip in clips]).double().numpy(),
        clips=np.repeat(np.arange(5), [2 * len(clip) for clip in clips]),
        weights=torch.cat(weights).numpy(),
        labels=np.array(labels),
    )
    for temperature in (0.3, 1.0, 4.0):
        tested = [
            pool(clip, infer, s, temperature).probabilities
            for clip, s in zip(clips, strength, strict=True)
        ]
        expected = -np.mean([np.log(p[label]) for p, label in zip(tested, labels, strict=True)])
        assert log_loss(outputs, temperature) == pytest.approx(expected, rel=1e-4)


def test_logits_far_apart_neither_overflow_nor_become_infinite() -> None:
    outputs = single(np.array([[1e4, -1e4], [-1e4, 1e4]]), np.array([0, 0]))
    assert np.isfinite(log_loss(outputs, LOWEST))
    assert fit_temperature(outputs) == pytest.approx(HIGHEST)
