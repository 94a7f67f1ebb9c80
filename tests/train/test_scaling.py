from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.flows import open_cache
from raicl.train.instances import Instances, load_instances
from raicl.train.scaling import Scale, apply_scale, fit_scale
from raicl.train.settings import TrainSettings


def load(path: Path) -> Instances:
    cache = open_cache(path)
    return load_instances(
        [(cache, record) for record in cache.records],
        size=33,
        device=torch.device("cpu"),
        where="device",
    )


def training_rows(instances: Instances) -> list[range]:
    """All clips but those of the first subject."""
    return [rows for clip, rows in instances.rows.items() if "/sub01/" not in clip]


def test_scale_is_the_standard_deviation_of_the_training_clips_each_weighing_the_same(
    tmp_path: Path, make_cache: Any, small: TrainSettings
) -> None:
    instances = load(make_cache(tmp_path / "flows.h5", n=[6, 2, 3]))
    rows = training_rows(instances)
    scale = fit_scale(instances, rows, small)
    # every clip repeated until each gives six instances, the least common multiple
    repeated = [row for clip in rows for row in clip for _ in range(6 // len(clip))]
    assert len(repeated) == 6 * len(rows)
    values = instances.gather(torch.tensor(repeated)).numpy()
    assert scale.flow == pytest.approx(values[:, :2].std(dtype=np.float64), rel=1e-9)
    assert scale.strain == pytest.approx(values[:, 2].std(dtype=np.float64), rel=1e-9)
    assert scale.clip == small.scale_clip


def test_a_changed_test_clip_changes_nothing_and_a_training_clip_does(
    tmp_path: Path, make_cache: Any, small: TrainSettings
) -> None:
    def scale_with(name: str, changed: str) -> Scale:
        def double(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
            return 2 * instances if clip == changed else instances

        instances = load(make_cache(tmp_path / name, change=double))
        return fit_scale(instances, training_rows(instances), small)

    before = scale_with("a.h5", "none")
    assert scale_with("b.h5", "casme2/sub01/EP01") == before
    assert scale_with("c.h5", "casme2/sub02/EP01") != before


def test_rest_stays_rest_and_signs_and_directions_stay() -> None:
    scale = Scale(flow=0.5, strain=0.02, clip=10)
    batch = torch.randn(4, 3, 9, 9)
    scaled = apply_scale(batch, scale)
    assert (apply_scale(torch.zeros(1, 3, 9, 9), scale) == 0).all()
    assert torch.equal(scaled[:, :2].sign(), batch[:, :2].sign())
    torch.testing.assert_close(scaled[:, 0] / scaled[:, 1], batch[:, 0] / batch[:, 1])


def test_scaling_is_linear_up_to_its_limit() -> None:
    scale = Scale(flow=0.5, strain=0.02, clip=10)
    batch = torch.full((1, 3, 2, 2), 0.01)
    torch.testing.assert_close(apply_scale(3 * batch, scale), 3 * apply_scale(batch, scale))
    assert apply_scale(torch.full((1, 3, 2, 2), -1e4), scale).unique().tolist() == [-10]


def test_scaling_leaves_its_argument_alone() -> None:
    batch = torch.full((1, 3, 2, 2), 100.0)
    apply_scale(batch, Scale(flow=0.5, strain=0.02, clip=10))
    assert batch.unique().tolist() == [100]


def test_instances_without_motion_are_refused(
    tmp_path: Path, make_cache: Any, small: TrainSettings
) -> None:
    instances = load(make_cache(tmp_path / "flows.h5", change=lambda _, values: 0 * values))
    with pytest.raises(InputError, match="no motion in 6 training clips"):
        fit_scale(instances, training_rows(instances), small)
