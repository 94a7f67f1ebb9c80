"""The target's assignment, plain and balanced."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from raicl.train.model.assignment import TargetAssignment, sinkhorn
from raicl.train.model.regions import Regions
from raicl.train.settings import TrainSettings


def preferring(strength: float, shift: float = 0) -> Regions:
    """Scores (16, 8, 7, 7) in which region 0 is preferred everywhere."""
    scores = shift + torch.randn(16, 8, 7, 7, generator=torch.Generator().manual_seed(0))
    scores[:, 0] += strength
    nothing = torch.zeros(16, 8, 4)
    return Regions(nothing, scores, scores.softmax(1), nothing)


def test_without_balance_it_is_the_softmax() -> None:
    regions = preferring(3)
    for balance in ("none", "entropy"):
        plain = TargetAssignment(TrainSettings(balance=balance))
        assert torch.equal(plain(regions), regions.scores.softmax(1))
        assert plain.state_dict() == {}


def test_a_centre_that_has_settled_takes_a_preference_away() -> None:
    centring = TargetAssignment(TrainSettings(balance="centring"))
    regions = preferring(3)
    assert float(centring(regions)[:, 0].mean()) > 0.6  # it starts without knowing any
    for _ in range(100):
        centring(regions)
    mean = regions.scores.mean((0, 2, 3))
    torch.testing.assert_close(centring.centre, mean, rtol=0, atol=1e-3)
    found = centring(regions)
    torch.testing.assert_close(found.sum(1), torch.ones(16, 7, 7))
    assert (found.mean((0, 2, 3)) * 8 - 1).abs().max() < 0.1


def test_the_centre_follows_by_a_tenth_in_training_and_stays_at_test() -> None:
    centring = TargetAssignment(TrainSettings(balance="centring"))
    regions = preferring(1)
    centring(regions)
    torch.testing.assert_close(centring.centre, 0.1 * regions.scores.mean((0, 2, 3)))
    before = centring.centre.clone()
    centring.eval()(preferring(1, shift=5))
    assert torch.equal(centring.centre, before)
    assert set(centring.state_dict()) == {"centre"}  # a run that resumes goes on from it


@pytest.mark.parametrize(
    ("temperature", "preference", "tolerance"),
    # the colder, the slower: at the target's .04 a few per cent are left, which more rounds remove
    [(0.1, 0.2, 0.01), (0.04, 0.1, 0.05)],
)
def test_sinkhorn_gives_pixels_one_and_regions_equal_masses_after_three_rounds(
    temperature: float, preference: float, tolerance: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    unit = F.normalize(torch.randn(8, 256, generator=generator), dim=-1)
    pixels = F.normalize(torch.randn(16 * 49, 256, generator=generator), dim=-1)
    # one region is preferred everywhere: unbalanced, it takes most of the face
    cosines = pixels @ unit.T + preference * torch.eye(8)[0]
    scores = (cosines / temperature).T.reshape(8, 16, 7, 7).transpose(0, 1)
    unbalanced = scores.softmax(1).mean((0, 2, 3))
    assert unbalanced.max() > 3 / 8
    balanced = sinkhorn(scores)
    torch.testing.assert_close(balanced.sum(1), torch.ones(16, 7, 7))
    masses = balanced.mean((0, 2, 3))
    assert (masses * 8 - 1).abs().max() < tolerance
    assert (sinkhorn(scores, 9).mean((0, 2, 3)) * 8 - 1).abs().max() < 1e-3
    assert not balanced.requires_grad


def test_sinkhorn_is_the_alternating_division_written_out() -> None:
    scores = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(1)).double()
    table = scores.transpose(0, 1).flatten(1).T.exp().numpy()  # pixels x regions
    table /= table.sum(1, keepdims=True)
    for _ in range(3):
        table /= table.sum(0, keepdims=True)
        table /= table.sum(1, keepdims=True)
    ours = sinkhorn(scores).transpose(0, 1).flatten(1).T.numpy()
    np.testing.assert_allclose(ours, table, rtol=1e-12)


def test_sinkhorn_leaves_a_balanced_assignment_as_it_is() -> None:
    scores = torch.eye(4)[torch.arange(16) % 4].T.reshape(1, 4, 4, 4) * 3
    torch.testing.assert_close(sinkhorn(scores), scores.softmax(1))
