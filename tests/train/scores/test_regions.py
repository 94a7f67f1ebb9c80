"""Measures of regions and attention on planted cases whose values are known."""

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from raicl.common.errors import SetupError
from raicl.train.scores.regions import (
    are_one,
    consistency,
    coverage,
    mean_over_subjects,
    sharing,
)

RNG = np.random.default_rng(0)
N, M, SIDE = 12, 8, 16


def one_hot(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Assignment (N, M, h, w) that is sure of these labels (N, h, w)."""
    return np.eye(M)[labels].transpose(0, 3, 1, 2)


def rows_of_the_map() -> NDArray[np.int64]:
    """Eight bands, the same for all clips, (N, h, w)."""
    return np.tile(np.arange(SIDE)[:, None] // 2, (N, 1, SIDE))


def moving_parts() -> NDArray[np.int64]:
    """The bands, moved from clip to clip, so that no fixed block of the map is one of them."""
    return np.stack([np.roll(rows_of_the_map()[0], RNG.integers(SIDE), 0) for _ in range(N)])


def compared(labels: NDArray[np.int64], parts: NDArray[np.int64]) -> dict[str, float]:
    features = RNG.normal(size=(N, 4, SIDE, SIDE))
    return consistency(one_hot(labels), parts, features, features[:3])


def test_equal_regions_share_everything_and_tell_nothing() -> None:
    equal = np.full((N, M, SIDE, SIDE), 1 / M)
    found = sharing(equal, np.ones((N, M, 5)))
    assert found["usage"] == pytest.approx(M)
    assert found["usage_of_largest"] == pytest.approx(1)
    assert found["cosine"] == pytest.approx(1)
    assert found["entropy"] == pytest.approx(np.log(M))
    assert found["information"] == pytest.approx(0, abs=1e-9)
    assert are_one(found["usage_of_largest"], found["information"], found["information_by_chance"])


def test_regions_with_a_place_of_their_own_are_told_by_it() -> None:
    found = sharing(one_hot(rows_of_the_map()), np.tile(np.eye(M), (N, 1, 1)))
    assert found["usage"] == pytest.approx(M)
    assert found["usage_of_largest"] == pytest.approx(M)
    assert found["cosine"] == pytest.approx(0, abs=1e-9)
    assert found["entropy"] == pytest.approx(0, abs=1e-9)
    assert found["information"] == pytest.approx(np.log(M))
    assert found["information_by_chance"] < 0.5 * np.log(M)
    assert not are_one(
        found["usage_of_largest"], found["information"], found["information_by_chance"]
    )


def test_one_region_that_takes_all_is_one_and_so_are_regions_that_choose_clips() -> None:
    one = sharing(one_hot(np.zeros((N, SIDE, SIDE), np.int64)), np.ones((N, M, 5)))
    assert one["usage"] == pytest.approx(1)
    assert are_one(one["usage_of_largest"], one["information"], one["information_by_chance"])
    whole = np.broadcast_to(np.arange(N)[:, None, None] % M, (N, SIDE, SIDE))
    chosen = sharing(one_hot(whole), np.ones((N, M, 5)))
    assert chosen["usage_of_largest"] > 7
    assert chosen["information"] == pytest.approx(0, abs=1e-9)
    assert are_one(
        chosen["usage_of_largest"], chosen["information"], chosen["information_by_chance"]
    )


def test_information_of_few_clips_is_not_zero_by_chance() -> None:
    random = one_hot(RNG.integers(M, size=(3, SIDE, SIDE)))
    found = sharing(random, np.ones((3, M, 5)))
    assert found["information"] == pytest.approx(found["information_by_chance"], rel=0.1)
    assert found["information"] > 0.5
    assert are_one(found["usage_of_largest"], found["information"], found["information_by_chance"])


def test_an_assignment_that_is_the_partition_agrees_wholly_and_a_shuffled_one_not() -> None:
    parts = moving_parts()
    renamed = RNG.permutation(M)[parts]
    found = compared(renamed, parts)
    assert found["regions"] == pytest.approx(1)
    assert abs(found["shuffled"]) < 0.02
    assert compared(RNG.permutation(parts.ravel()).reshape(parts.shape), parts)[
        "regions"
    ] == pytest.approx(0, abs=0.02)


def test_blocks_of_the_map_agree_with_parts_that_do_not_move_more_than_with_those_that_do() -> None:
    still, moved = (
        compared(rows_of_the_map(), parts)["places"]
        for parts in (rows_of_the_map(), moving_parts())
    )
    assert still > 0.4
    assert still > moved + 0.2


def test_clusters_of_features_are_fitted_on_other_clips() -> None:
    parts = moving_parts()
    features = np.eye(M)[parts].transpose(0, 3, 1, 2) + RNG.normal(
        scale=0.01, size=(N, M, SIDE, SIDE)
    )
    known = consistency(one_hot(parts), parts, features, features[:3])
    assert known["features"] == pytest.approx(1)
    # clips that show nothing of the parts give clusters that know nothing of them
    blind = consistency(one_hot(parts), parts, features, np.zeros((2, M, SIDE, SIDE)))
    assert blind["features"] == pytest.approx(0, abs=1e-9)


def test_energy_inside_alone_covers_one_over_the_share_of_the_area() -> None:
    inside = np.zeros((SIDE, SIDE), np.bool_)
    inside[2:6, 3:7] = True
    energies = np.stack(
        [inside * 3.0, np.ones((SIDE, SIDE)), ~inside * 1.0, np.zeros((SIDE, SIDE))]
    )
    found = coverage(energies, [inside, ~inside])
    share = inside.mean()
    assert found[:, 0] == pytest.approx([1 / share, 1, 0, 0])
    assert found[:, 1] == pytest.approx([0, 1, 1 / (1 - share), 0])


def test_the_mean_is_over_subjects_and_its_interval_by_draws_of_them() -> None:
    values = {f"s/{n}": float(n) for n in range(10)}
    mean, interval = mean_over_subjects(values)
    assert mean == pytest.approx(4.5)
    assert interval is not None
    spread = np.std(list(values.values())) / np.sqrt(10)
    assert interval == pytest.approx((4.5 - 1.96 * spread, 4.5 + 1.96 * spread), abs=0.25)
    assert mean_over_subjects(dict(reversed(values.items()))) == (mean, interval)
    assert mean_over_subjects({"s/1": 2.0}) == (2.0, None)


def test_without_scikit_learn_the_installation_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(SetupError) as refused:
        compared(rows_of_the_map(), rows_of_the_map())
    assert "pip install 'raicl[demo]'" in refused.value.fix
