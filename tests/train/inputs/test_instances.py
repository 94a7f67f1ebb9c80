from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from raicl.common.cache.flows import open_cache
from raicl.common.errors import InputError
from raicl.common.instance import mirror
from raicl.train.inputs.geometry import mirror_instances, resize_instances
from raicl.train.inputs.instances import Instances, load_instances
from tests.train.conftest import MakeCache

CPU = torch.device("cpu")


def load(path: Path, *, size: int = 33, where: Any = "device", **options: int) -> Instances:
    cache = open_cache(path)
    sources = [(cache, record) for record in cache.records]
    return load_instances(sources, size=size, device=CPU, where=where, **options)


@pytest.fixture
def flows(tmp_path: Path, make_cache: MakeCache) -> Path:
    return Path(make_cache(tmp_path / "flows.h5", subjects=2, clips=3, n=[6, 2, 1]))


def test_a_row_is_the_instance_of_its_clip_and_frame(flows: Path) -> None:
    cache, loaded = open_cache(flows), load(flows)
    assert list(loaded.rows) == [record.id for record in cache.records]
    for record in cache.records:
        rows = torch.tensor(loaded.rows[record.id])
        stored = cache.read(record).instances
        np.testing.assert_array_equal(loaded.gather(rows).numpy(), stored.astype(np.float32))
        middle = loaded.gather(torch.tensor([loaded.middle[record.id]]))[0]
        np.testing.assert_array_equal(middle.numpy(), stored[record.middle].astype(np.float32))


def test_strength_is_the_mean_length_of_the_flow_of_every_row(flows: Path) -> None:
    loaded = load(flows)
    values = loaded.gather(torch.arange(18)).numpy().astype(np.float64)
    lengths = np.sqrt(values[:, 0] ** 2 + values[:, 1] ** 2)
    np.testing.assert_allclose(loaded.strength, lengths.mean((1, 2)), rtol=1e-12)
    rows = loaded.rows["casme2/sub01/EP01"]  # rises and falls
    assert loaded.strength[rows[2]] > loaded.strength[rows[0]]


@pytest.mark.parametrize("n", [15, 16, 17, 50])
def test_a_long_clip_is_read_in_parts_as_if_it_were_one(
    tmp_path: Path, make_cache: MakeCache, n: int
) -> None:
    path = Path(make_cache(tmp_path / "long.h5", subjects=1, clips=1, n=n))
    cache, loaded = open_cache(path), load(path, size=17)
    [record] = cache.records
    whole = resize_instances(torch.from_numpy(cache.read(record).instances), 17)
    rows = torch.tensor([*loaded.rows[record.id]])
    np.testing.assert_array_equal(loaded.gather(rows).numpy(), whole[rows].float().numpy())
    u, v, strain = np.moveaxis(whole.numpy().astype(np.float64), 1, 0)
    flow = np.stack([u, v], 1)
    moments = [[flow.mean(), strain.mean()], [(flow**2).mean(), (strain**2).mean()]]
    np.testing.assert_allclose(loaded.moments[record.id], moments, rtol=1e-9)
    np.testing.assert_allclose(loaded.strength, np.hypot(u, v).mean((1, 2)), rtol=1e-12)


@pytest.mark.parametrize("size", [33, 17, 65])
def test_motion_is_counted_in_px_of_the_crop_whatever_the_network_is_fed(
    flows: Path, size: int
) -> None:
    cache, loaded = open_cache(flows), load(flows, size=size)
    for record in cache.records:
        u, v = np.moveaxis(cache.read(record).instances[:, :2].astype(np.float64), 1, 0)
        expected = np.hypot(u, v).mean((1, 2))
        np.testing.assert_allclose(loaded.motion[list(loaded.rows[record.id])], expected)
    assert np.array_equal(loaded.motion, loaded.strength) is (size == 33)


def test_two_caches_are_one_table(tmp_path: Path, flows: Path, make_cache: MakeCache) -> None:
    other = make_cache(tmp_path / "samm.h5", dataset="samm", subjects=1, seed=5)
    sources = [
        (cache, record) for cache in map(open_cache, (flows, other)) for record in cache.records
    ]
    loaded = load_instances(sources, size=33, device=CPU, where="device")
    assert sorted(row for rows in loaded.rows.values() for row in rows) == list(range(18 + 18))
    cache, record = sources[-1]
    rows = torch.tensor(loaded.rows[record.id])
    np.testing.assert_array_equal(loaded.gather(rows).numpy(), cache.read(record).instances)


def test_gathering_again_leaves_an_earlier_batch_alone(flows: Path) -> None:
    loaded = load(flows)
    first = loaded.gather(torch.tensor([0, 1]))
    copy = first.clone()
    loaded.gather(torch.tensor([5, 6, 7]))
    assert torch.equal(first, copy)


@pytest.mark.promise("input 73", "input 74")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_instance_that_is_not_finite_is_refused_by_name(
    tmp_path: Path, make_cache: MakeCache, value: float
) -> None:
    def spoil(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
        if clip == "casme2/sub02/EP03":
            instances[1, 0, 5, 5] = value
        return instances

    path = make_cache(tmp_path / "flows.h5", change=spoil)
    with pytest.raises(InputError, match=r"casme2/sub02/EP03.*NaN"):
        load(path)


def test_resizing_shrinks_displacements_with_the_image_and_leaves_strain() -> None:
    """A stretch u = a x is the same stretch at any resolution, and so is its strain."""
    y, x = torch.meshgrid(torch.arange(225.0), torch.arange(225.0), indexing="ij")
    stretch = torch.stack([0.02 * (x - 112), 0.01 * (y - 112), torch.full_like(x, 0.0224)])[None]
    small = resize_instances(stretch, 65)[0]
    inside = slice(2, -2)  # the border of an antialiased resize averages fewer pixels
    y, x = torch.meshgrid(torch.arange(65.0), torch.arange(65.0), indexing="ij")
    expected = torch.stack([0.02 * (x - 32), 0.01 * (y - 32), torch.full_like(x, 0.0224)])
    torch.testing.assert_close(
        small[:, inside, inside], expected[:, inside, inside], rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("size", [65, 97, 300])
def test_mirroring_before_or_after_resizing_is_the_same(size: int) -> None:
    instances = torch.randn(2, 3, 225, 225)
    torch.testing.assert_close(
        mirror_instances(resize_instances(instances, size)),
        resize_instances(mirror_instances(instances), size),
        rtol=0,
        atol=1e-4,  # another order of summation, on values near 1
    )


def test_an_instance_of_the_right_size_is_untouched() -> None:
    instances = torch.randn(2, 3, 33, 33).half()
    assert resize_instances(instances, 33) is instances


def test_both_stages_mirror_alike() -> None:
    instances = torch.randn(2, 3, 9, 9)
    np.testing.assert_array_equal(mirror_instances(instances).numpy(), mirror(instances.numpy()))
    assert torch.equal(mirror_instances(mirror_instances(instances)), instances)
