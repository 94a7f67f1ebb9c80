import numpy as np
import torch
from torch import Tensor

from raicl.train.inputs.augmentation import augment, erase, shift
from raicl.train.settings import TrainSettings


def batch(n: int = 6, size: int = 33) -> Tensor:
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(0))


def test_nothing_is_drawn_or_copied_where_nothing_is_asked_for(small: TrainSettings) -> None:
    rng, untouched = np.random.default_rng(0), np.random.default_rng(0)
    online, target = batch(), batch()
    assert augment(online, target, small, rng) == (online, target)
    assert rng.random() == untouched.random()


def test_a_shift_moves_every_value_by_its_offset_and_rest_follows() -> None:
    offsets = np.array([[2, -3], [0, 0], [-4, 1]])
    before = batch(3)
    after = shift(before, offsets)
    for image, (right, down) in enumerate(offsets.tolist()):
        for y in range(33):
            for x in range(33):
                inside = 0 <= y - down < 33 and 0 <= x - right < 33
                from_there = before[image, :, y - down, x - right] if inside else torch.zeros(3)
                assert torch.equal(after[image, :, y, x], from_there)


def test_both_instances_of_a_pair_are_shifted_alike_and_pairs_differ(small: TrainSettings) -> None:
    settings = small.model_copy(update={"shift": 4})
    same = batch(1).expand(32, -1, -1, -1)
    online, target = augment(same, same, settings, np.random.default_rng(0))
    assert torch.equal(online, target)
    assert len(online.unique(dim=0)) > 16
    reach = (same[0] != 0).sum()
    assert ((online != 0).sum((1, 2, 3)) >= reach * (29 / 33) ** 2).all()  # 4 px at most


def test_a_share_of_the_pairs_is_mirrored_with_its_flow_and_both_of_a_pair_alike(
    small: TrainSettings,
) -> None:
    settings = small.model_copy(update={"mirror": 0.25})
    online, target = batch(2000, 5), batch(2000, 5) + 1
    for flip, sign in (("physical", -1), ("tensor", 1)):
        rng, asked = np.random.default_rng(0), settings.model_copy(update={"flip": flip})
        got, other = augment(online, target, asked, rng)
        mirrored = online.flip(-1) * torch.tensor([sign, 1, 1])[:, None, None]
        changed = (got != online).flatten(1).any(1)
        assert torch.equal(got[changed], mirrored[changed])
        assert torch.equal(changed, (other != target).flatten(1).any(1))
        assert 0.2 < changed.float().mean() < 0.3  # 5 standard errors


def erased_part(before: Tensor, after: Tensor) -> tuple[int, int, int]:
    """Pixels, height and width of what is 0 in every channel, and nothing else is changed."""
    gone = (after == 0).all(0)
    assert torch.equal(after[:, ~gone], before[:, ~gone])
    rows, columns = gone.any(1).sum(), gone.any(0).sum()
    assert gone.sum() == rows * columns  # a rectangle
    return int(gone.sum()), int(rows), int(columns)


def test_erasing_sets_a_rectangle_of_two_to_25_per_cent_to_rest() -> None:
    before = batch(200, 65)
    after = erase(before, 1.0, np.random.default_rng(0))
    parts = [erased_part(x, y) for x, y in zip(before, after, strict=True)]
    shares = [pixels / 65**2 for pixels, _, _ in parts]
    # sides are rounded to whole px
    assert 0.015 < min(shares) < 0.04
    assert 0.23 < max(shares) < 0.27
    assert min(high / wide for _, high, wide in parts) < 0.4
    assert max(high / wide for _, high, wide in parts) > 2.5


def test_erasing_takes_its_share_of_the_online_instances_and_no_target(
    small: TrainSettings,
) -> None:
    settings = small.model_copy(update={"erasing": 0.3})
    before, other = batch(400), batch(400)
    online, target = augment(before, other, settings, np.random.default_rng(0))
    assert torch.equal(target, other)
    changed = int((online != before).flatten(1).any(1).sum())
    assert abs(changed - 120) < 46  # five standard deviations of a binomial
    assert torch.equal(before, batch(400))
    assert torch.equal(erase(before, 0.0, np.random.default_rng(0)), before)
