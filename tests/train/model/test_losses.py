import math
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from raicl.train.model.losses import (
    label_maps,
    loss_acl,
    loss_align,
    loss_balance,
    loss_c,
    loss_cls,
    loss_decorrelation,
    ramp_up,
)


def test_attention_loss_is_the_mean_of_squares_written_out() -> None:
    generator = torch.Generator().manual_seed(0)
    maps, target = torch.randn(2, 3, 4, 5, generator=generator), torch.randn(2, 3, 4, 5)
    total = 0.0
    for image in range(2):
        for label in range(3):
            for row in range(4):
                for column in range(5):
                    place = image, label, row, column
                    total += float(maps[place] - target[place]) ** 2
    assert float(loss_acl(maps, target)) == pytest.approx(total / (2 * 3 * 4 * 5), rel=1e-6)


def test_attention_loss_scales_with_the_square_of_the_maps() -> None:
    maps, target = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    assert float(loss_acl(3 * maps, 3 * target)) == pytest.approx(
        9 * float(loss_acl(maps, target)), rel=1e-5
    )


def test_alignment_of_uniform_assignments_is_the_log_of_the_number_of_regions() -> None:
    target = torch.randn(2, 8, 3, 3).softmax(1)
    assert float(loss_align(torch.zeros(2, 8, 3, 3), target)) == pytest.approx(math.log(8), 1e-6)


def test_alignment_is_never_below_the_entropy_of_its_target() -> None:
    scores, target = torch.randn(4, 8, 3, 3), torch.randn(4, 8, 3, 3)
    entropy = float(-(target.softmax(1) * target.log_softmax(1)).sum(1).mean())
    assert float(loss_align(scores, target.softmax(1))) > entropy
    assert float(loss_align(target, target.softmax(1))) == pytest.approx(entropy, rel=1e-6)


def test_region_loss_is_zero_for_equal_directions_and_two_for_opposite_ones() -> None:
    z = torch.randn(4, 8, 16)
    assert float(loss_c(z, 3 * z)) == pytest.approx(0, abs=1e-6)
    assert float(loss_c(z, -z)) == pytest.approx(2, abs=1e-6)


def test_permuting_queries_leaves_the_region_losses_unchanged() -> None:
    order = torch.randperm(8)
    scores, target = torch.randn(2, 8, 3, 3), torch.randn(2, 8, 3, 3).softmax(1)
    z, target_z = torch.randn(2, 8, 16), torch.randn(2, 8, 16)
    torch.testing.assert_close(
        loss_align(scores[:, order], target[:, order]), loss_align(scores, target)
    )
    torch.testing.assert_close(loss_c(z[:, order], target_z[:, order]), loss_c(z, target_z))


def test_no_loss_sends_a_gradient_to_its_target() -> None:
    for loss, shape in ((loss_acl, (2, 3, 4, 4)), (loss_align, (2, 3, 4, 4)), (loss_c, (2, 3, 4))):
        online = torch.rand(shape, requires_grad=True)
        target = torch.rand(shape, requires_grad=True)
        loss(online, target).backward()
        assert online.grad is not None, loss
        assert online.grad.abs().sum() > 0, loss
        assert target.grad is None, loss


def test_classification_loss_is_the_negative_log_probability_of_the_label() -> None:
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 2, 0])
    expected = -F.softmax(logits, 1)[torch.arange(5), labels].log().mean()
    torch.testing.assert_close(loss_cls(logits, labels), expected)


def two_maps() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    maps, target = torch.randn(2, 2, 3, 4, 5, generator=generator)
    return maps, target


def test_attention_loss_as_printed_is_the_sum_of_norms_written_out() -> None:
    maps, target = two_maps()
    total = 0.0
    for image in range(2):
        for label in range(3):
            squares = 0.0
            for row in range(4):
                for column in range(5):
                    place = image, label, row, column
                    squares += float(maps[place] - target[place]) ** 2
            total += math.sqrt(squares)
    expected = total / (3 * 4 * 5) / 2  # by L h w, then the mean over the batch
    assert float(loss_acl(maps, target, "l2")) == pytest.approx(expected, rel=1e-6)


def test_attention_loss_as_printed_scales_with_the_maps_and_has_a_slope_where_they_agree() -> None:
    maps, target = two_maps()
    once = float(loss_acl(maps, target, "l2"))
    assert float(loss_acl(3 * maps, 3 * target, "l2")) == pytest.approx(3 * once, rel=1e-5)
    same = maps.clone().requires_grad_()
    loss_acl(same, maps, "l2").backward()
    assert same.grad is not None
    assert torch.isfinite(same.grad).all()


def test_attention_loss_by_shape_is_the_correlation_written_out() -> None:
    maps, target = two_maps()
    correlations = [
        float(np.corrcoef(maps[image, label].flatten(), target[image, label].flatten())[0, 1])
        for image in range(2)
        for label in range(3)
    ]
    expected = 1 - float(np.mean(correlations))
    assert float(loss_acl(maps, target, "cosine")) == pytest.approx(expected, rel=1e-5)


def test_attention_loss_by_shape_knows_neither_size_nor_level() -> None:
    maps, target = two_maps()
    once = float(loss_acl(maps, target, "cosine"))
    assert float(loss_acl(0.01 * maps + 3, target, "cosine")) == pytest.approx(once, abs=1e-4)
    assert float(loss_acl(2 * maps + 1, maps, "cosine")) == pytest.approx(0, abs=1e-6)
    assert float(loss_acl(-maps, maps, "cosine")) == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("distance", ["l2", "cosine"])
def test_no_distance_sends_a_gradient_to_its_target(distance: Literal["l2", "cosine"]) -> None:
    maps, target = (each.requires_grad_() for each in two_maps())
    loss_acl(maps, target, distance).backward()
    assert maps.grad is not None
    assert maps.grad.abs().sum() > 0
    assert target.grad is None


def test_the_map_of_the_label_is_picked_for_every_image() -> None:
    maps, labels = torch.randn(4, 3, 2, 5), torch.tensor([2, 0, 1, 2])
    picked = label_maps(maps, labels)
    assert picked.shape == (4, 1, 2, 5)
    for image, label in enumerate(labels.tolist()):
        assert torch.equal(picked[image, 0], maps[image, label])


def test_decorrelation_is_the_mean_of_squared_cosines_written_out() -> None:
    queries = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    squares = [
        F.cosine_similarity(image[m], image[n], dim=0) ** 2
        for image in queries
        for m in range(4)
        for n in range(4)
        if m != n
    ]
    torch.testing.assert_close(loss_decorrelation(queries), torch.stack(squares).mean())
    assert float(loss_decorrelation(torch.ones(2, 8, 5))) == pytest.approx(1, rel=1e-6)
    assert float(loss_decorrelation(torch.eye(4)[None])) == 0
    assert float(loss_decorrelation(torch.ones(2, 1, 5))) == 0  # one region has no other


def test_balance_is_zero_for_equal_use_and_the_log_of_their_number_for_one_region() -> None:
    assert float(loss_balance(torch.full((2, 8, 3, 3), 1 / 8))) == pytest.approx(0, abs=1e-6)
    # equal use by whole pixels, too: it is the mean that counts
    whole = torch.eye(8)[torch.arange(16) % 8].T.reshape(1, 8, 4, 4)
    assert float(loss_balance(whole)) == pytest.approx(0, abs=1e-6)
    collapsed = torch.zeros(2, 8, 3, 3)
    collapsed[:, 5] = 1
    assert float(loss_balance(collapsed)) == pytest.approx(math.log(8), rel=1e-6)


def test_balance_of_a_collapsed_assignment_has_a_finite_gradient_away_from_it() -> None:
    scores = torch.zeros(1, 8, 2, 2)
    scores[:, 0] = 5
    scores.requires_grad_()
    loss_balance(scores.softmax(1)).backward()
    assert scores.grad is not None
    assert (scores.grad[:, 0] > 0).all()
    assert (scores.grad[:, 1:] < 0).all()
    hard = torch.zeros(1, 8, 2, 2)
    hard[:, 0] = 500  # the other shares are exactly zero
    hard.requires_grad_()
    loss_balance(hard.softmax(1)).backward()
    assert hard.grad is not None
    assert torch.isfinite(hard.grad).all()


def test_weights_rise_linearly_over_the_first_epochs() -> None:
    assert [ramp_up(epoch, 4) for epoch in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    assert [ramp_up(epoch, 0) for epoch in range(2)] == [1, 1]
