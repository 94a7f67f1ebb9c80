"""A fold that goes on where it was interrupted, under every alternative of the method."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache
from tests.train.harness import Data


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
    make_cache: MakeCache,
    small: TrainSettings,
    changed: Mapping[str, object],
) -> None:
    """And what every alternative computes is finite and is not what the default computes."""
    data = Data.of_cache(make_cache(tmp_path / "flows.h5", n=4))
    labels = {clip: min(index % 4, 2) for index, clip in enumerate(data.labels)}

    def weights(folder: str, given: Mapping[str, object]) -> dict[str, Tensor]:
        settings = small.model_copy(update={"epochs": 3, **given})
        model, _ = data.fit(data.folds[0], settings, tmp_path / folder, labels=labels)
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
