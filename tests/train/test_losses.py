import math

import pytest
import torch
from torch.nn import functional as F

from raicl.train.losses import loss_acl, loss_align, loss_c, loss_cls


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
