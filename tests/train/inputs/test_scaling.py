import json
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.train.inputs.geometry import mirror_inputs, mirror_instances
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import Scale, apply_scale, fit_scale
from raicl.train.settings import TrainSettings
from raicl.train.settings.inputs import ScaleName
from tests.train.conftest import MakeCache
from tests.train.harness import Data


def load(path: Path) -> Instances:
    return Data.of_cache(path).instances


def training_clips(instances: Instances) -> list[str]:
    """All clips but those of the first subject."""
    return [clip for clip in instances.rows if "/sub01/" not in clip]


def test_scale_is_the_standard_deviation_of_the_training_clips_each_weighing_the_same(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    instances = load(make_cache(tmp_path / "flows.h5", n=[6, 2, 3]))
    clips = training_clips(instances)
    scale = fit_scale(instances, clips, small)
    rows = [instances.rows[clip] for clip in clips]
    # every clip repeated until each gives six instances, the least common multiple
    repeated = [row for clip in rows for row in clip for _ in range(6 // len(clip))]
    assert len(repeated) == 6 * len(rows)
    values = instances.gather(torch.tensor(repeated)).numpy()
    assert scale.flow == pytest.approx(values[:, :2].std(dtype=np.float64), rel=1e-9)
    assert scale.strain == pytest.approx(values[:, 2].std(dtype=np.float64), rel=1e-9)
    assert scale.clip == small.scale_clip


def test_a_changed_test_clip_changes_nothing_and_a_training_clip_does(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    def scale_with(name: str, changed: str) -> Scale:
        def double(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
            return 2 * instances if clip == changed else instances

        instances = load(make_cache(tmp_path / name, change=double))
        return fit_scale(instances, training_clips(instances), small)

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
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    instances = load(make_cache(tmp_path / "flows.h5", change=lambda _, values: 0 * values))
    with pytest.raises(InputError, match="no motion in 6 training clips"):
        fit_scale(instances, training_clips(instances), small)


def fitted(tmp_path: Path, make_cache: MakeCache, small: TrainSettings, mode: str) -> Scale:
    instances = load(make_cache(tmp_path / "flows.h5"))
    return fit_scale(instances, training_clips(instances), small.model_copy(update={"scale": mode}))


def test_no_scaling_hands_on_what_was_measured(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    scale, batch = fitted(tmp_path, make_cache, small, "none"), 100 * torch.randn(2, 3, 5, 5)
    assert torch.equal(apply_scale(batch, scale), batch)


def test_constant_scaling_is_two_px_and_a_fifth_whatever_is_trained_on(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    scale = fitted(tmp_path, make_cache, small, "const")
    batch = torch.tensor([2.0, -4.0, 0.2])[:, None, None].expand(1, 3, 4, 4)
    assert apply_scale(batch, scale)[0, :, 0, 0].tolist() == [1, -2, 1]
    assert apply_scale(1e4 * batch, scale).max() == 1e4  # no limit


def test_by_its_largest_value_each_instance_reaches_one_and_weak_ones_look_like_strong_ones(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    scale, batch = fitted(tmp_path, make_cache, small, "sample-maxabs"), torch.randn(4, 3, 6, 6)
    scaled = apply_scale(batch, scale)
    assert scaled.abs().amax((1, 2, 3)).tolist() == [1] * 4
    for image, before in zip(scaled, batch, strict=True):
        torch.testing.assert_close(image * before.abs().max(), before)
    torch.testing.assert_close(apply_scale(0.01 * batch, scale), scaled)
    assert (apply_scale(torch.zeros(1, 3, 4, 4), scale) == 0).all()


def test_a_zscore_is_the_same_whatever_unit_and_zero_each_channel_had(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    scale, batch = fitted(tmp_path, make_cache, small, "sample-zscore"), torch.randn(4, 3, 6, 6)
    scaled = apply_scale(batch, scale)
    values = scaled.double().numpy()
    np.testing.assert_allclose(values.mean((2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(values.std((2, 3)), 1, atol=1e-5)
    unit, zero = torch.rand(4, 3, 1, 1) + 0.1, torch.randn(4, 3, 1, 1)
    torch.testing.assert_close(
        apply_scale(unit * batch + zero, scale), scaled, atol=1e-4, rtol=1e-4
    )
    # so the mirror image of a picture, whose zero nobody knows, is that of the flow
    mirrored = apply_scale(mirror_inputs(batch, "physical"), scale)
    of_picture = apply_scale(mirror_inputs(unit * batch + zero, "physical"), scale)
    torch.testing.assert_close(of_picture, mirrored, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(mirrored, mirror_inputs(scaled, "physical", "sample-zscore"))
    assert (apply_scale(torch.ones(1, 3, 4, 4), scale) == 0).all()


def test_by_its_own_spread_each_instance_has_unit_deviation_and_keeps_its_directions(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    scale, batch = fitted(tmp_path, make_cache, small, "sample-std"), torch.randn(4, 3, 6, 6)
    batch[:, 1] *= 3  # v moves more than u
    scaled = apply_scale(batch, scale)
    values = scaled.double().numpy()
    np.testing.assert_allclose(values[:, 2].std((1, 2)), 1, rtol=1e-5)
    np.testing.assert_allclose(values[:, :2].var((2, 3)).mean(1), 1, rtol=1e-5)
    torch.testing.assert_close(scaled[:, 0] * batch[:, 1], scaled[:, 1] * batch[:, 0])
    torch.testing.assert_close(apply_scale(0.01 * batch, scale), scaled)
    still = torch.tensor([0.5, 0.0, 0.0])[:, None, None].expand(1, 3, 4, 4)
    assert apply_scale(still, scale).unique().tolist() == [0, 10]  # no spread: up to the limit
    assert (apply_scale(torch.zeros(1, 3, 4, 4), scale) == 0).all()


def test_grey_levels_are_whole_and_span_their_range_channel_by_channel(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    scale, batch = fitted(tmp_path, make_cache, small, "minmax255"), torch.randn(4, 3, 9, 9)
    levels = 255 * apply_scale(batch, scale)
    torch.testing.assert_close(levels, levels.round())
    assert levels.amin((-2, -1)).unique().tolist() == [0]
    assert levels.amax((-2, -1)).unique().tolist() == [255]
    [channel] = batch[2, 1:2].double()
    expected = (channel - channel.min()) / (channel.max() - channel.min()) * 255
    assert (levels[2, 1].double() - expected).abs().max() <= 0.5 + 1e-4
    assert (apply_scale(torch.ones(1, 3, 4, 4), scale) == 0).all()  # a constant has no range


def test_the_grey_levels_of_a_mirrored_instance_are_mirrored_with_u_from_255() -> None:
    scale = Scale(flow=1, strain=1, clip=None, mode="minmax255")
    batch = torch.randn(4, 3, 9, 9)
    mirrored = mirror_inputs(apply_scale(batch, scale), "physical", "minmax255")
    grey = apply_scale(batch, scale).flip(-1)
    torch.testing.assert_close(255 * mirrored[:, 0], 255 - 255 * grey[:, 0])
    assert torch.equal(mirrored[:, 1:], grey[:, 1:])
    # and so it is what the mirrored instance gives, up to the rounding of halves
    direct = apply_scale(mirror_instances(batch), scale)
    assert (255 * (direct - mirrored)).abs().max() < 1 + 1e-3


@pytest.mark.parametrize("mode", ["train-std", "none", "const", "sample-std", "sample-maxabs"])
def test_scaling_and_mirroring_change_places_where_zero_is_kept(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, mode: ScaleName
) -> None:
    scale, batch = fitted(tmp_path, make_cache, small, mode), torch.randn(2, 3, 6, 6)
    ours = mirror_inputs(apply_scale(batch, scale), "physical", mode)
    torch.testing.assert_close(ours, apply_scale(mirror_instances(batch), scale))


@pytest.mark.parametrize("mode", get_args(ScaleName))
def test_every_scaling_leaves_its_argument_alone_and_survives_its_record(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, mode: str
) -> None:
    scale, batch = fitted(tmp_path, make_cache, small, mode), torch.randn(2, 3, 6, 6)
    before = batch.clone()
    scaled = apply_scale(batch, scale)
    assert torch.equal(batch, before)
    again = Scale(**json.loads(json.dumps(asdict(scale), allow_nan=False)))
    assert torch.equal(apply_scale(batch, again), scaled)
