"""Strain and mirroring have closed forms."""

import numpy as np
import pytest

from raicl.common.instance import mirror, strain

Y, X = np.mgrid[:20, :30].astype(np.float64)


def field(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.stack([u, v])


def test_a_translation_has_no_strain() -> None:
    assert np.abs(strain(field(np.full_like(X, 2.5), np.full_like(X, -1.0)))).max() == 0


def test_a_rigid_rotation_has_no_strain() -> None:
    # the slip of public code (0.5 (u_y² + v_x²) for the cross term) gives 0.01 here
    assert np.abs(strain(field(-0.01 * Y, 0.01 * X))).max() < 1e-12


def test_an_isotropic_scaling_by_a_has_a_root_two() -> None:
    np.testing.assert_allclose(strain(field(0.03 * X, 0.03 * Y)), 0.03 * np.sqrt(2), atol=1e-12)


def test_a_stretch_has_its_rate_and_a_shear_its_rate_over_root_two() -> None:
    zero = np.zeros_like(X)
    np.testing.assert_allclose(strain(field(0.02 * X, zero)), 0.02, atol=1e-12)
    np.testing.assert_allclose(strain(field(0.02 * Y, zero)), 0.02 / np.sqrt(2), atol=1e-12)


def test_batches_are_treated_one_by_one() -> None:
    fields = np.random.default_rng(0).normal(size=(4, 2, 20, 30))
    np.testing.assert_array_equal(strain(fields), np.stack([strain(one) for one in fields]))


def test_mirroring_twice_is_the_identity_and_once_is_not() -> None:
    instance = np.random.default_rng(0).normal(size=(5, 3, 8, 9)).astype(np.float32)
    np.testing.assert_array_equal(mirror(mirror(instance)), instance)
    assert not np.array_equal(mirror(instance), instance)


def test_mirroring_moves_a_pixel_to_the_other_side_and_reverses_u_alone() -> None:
    instance = np.zeros((3, 4, 5))
    instance[:, 2, 0] = (1.0, 2.0, 3.0)
    assert mirror(instance)[:, 2, 4].tolist() == [-1.0, 2.0, 3.0]


def test_strain_of_the_mirrored_flow_is_the_mirrored_strain() -> None:
    flow = np.random.default_rng(1).normal(size=(2, 12, 13))
    instance = np.concatenate([flow, strain(flow)[None]])
    mirrored = mirror(instance)
    np.testing.assert_allclose(strain(mirrored[:2]), mirrored[2], atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_strain_keeps_the_type(dtype: type) -> None:
    assert strain(np.zeros((2, 4, 4), dtype)).dtype == dtype
