from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from raicl.common.cache.flows import open_cache
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.inputs.augmentation import augment, erase, shift
from raicl.train.inputs.instances import load_instances
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


@pytest.mark.parametrize(
    "changed",
    [
        {"erasing": 0.5, "shift": 3},
        {"pairing": "iid"},
        {"pairing": "strong-teacher"},
        {"pairing": "symmetric"},
        {"lambda_ramp": 3},
        {"momentum_schedule": "cosine"},
        {"lr_schedule": "cosine", "fc_bias": False},
        {"clip_gradient": 0.1},
        {"cam_target": "online"},
        {"pooled": "features"},
        {"target_bn": "eman", "balance": "sinkhorn", "unflip": "late", "query_mode": "batch-mean"},
        {"acl": "cosine", "acl_classes": "gt", "detach": False, "cls_target": True},
        {"acl": "l2", "scale": "minmax255", "flip": "tensor"},
        {"scale": "sample-maxabs", "imbalance": "balanced-sampler"},
    ],
)
def test_an_interrupted_fold_ends_as_an_unbroken_one(
    tmp_path: Path,
    make_cache: Callable[..., Path],
    small: TrainSettings,
    changed: Mapping[str, object],
) -> None:
    """And what every alternative computes is finite and is not what the default computes."""
    cache = open_cache(make_cache(tmp_path / "flows.h5", n=4))
    sources = [(cache, record) for record in cache.records]
    cpu = torch.device("cpu")
    instances = load_instances(sources, size=33, device=cpu, where="device")
    [fold, *_] = leave_one_subject_out([record.clip for record in cache.records])
    labels = {record.id: min(index % 4, 2) for index, record in enumerate(cache.records)}

    def weights(folder: str, given: Mapping[str, object]) -> dict[str, Tensor]:
        (tmp_path / folder).mkdir(exist_ok=True)
        settings = small.model_copy(update={"epochs": 3, **given})
        model, _ = fit_fold(
            fold,
            instances,
            labels,
            settings,
            n_classes=3,
            device=cpu,
            output=Output(folder=tmp_path / folder, say=print),
        )
        return model.state_dict()

    whole = weights("fold", changed)
    (tmp_path / "fold" / "state-0003.json").unlink()  # as if killed before it was written
    torch.manual_seed(99)  # another process would have another state
    resumed = weights("fold", changed)
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name
        assert torch.isfinite(value).all(), name
    default = weights("default", {})
    name = "online.network.classifier.backbone.conv1.weight"
    if changed == {"momentum_schedule": "cosine"}:  # three epochs are too few to reach the others
        name = "target.classifier.backbone.conv1.weight"
    assert not torch.allclose(whole[name], default[name], atol=1e-6)
