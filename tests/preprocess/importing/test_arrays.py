"""Axes are found by their lengths, and what is no flow is refused."""

import numpy as np
import pytest
from numpy.typing import NDArray

from raicl.common.instance import strain
from raicl.preprocess.importing.arrays import BadFlow, as_flow, complete, named_array

RNG = np.random.default_rng(0)
FLOW = RNG.normal(size=(4, 2, 20, 20)).astype(np.float32)  # (N, 2, S, S)
WHOLE = np.concatenate([FLOW, np.abs(FLOW[:, :1])], 1)


@pytest.mark.parametrize("whole", [FLOW, WHOLE], ids=["u,v", "u,v,strain"])
def test_every_order_of_axes_gives_the_same_flow(whole: NDArray[np.float32]) -> None:
    ways = {
        "N first": whole,
        "channels last": whole.transpose(0, 2, 3, 1),
        "float64": whole.astype(np.float64),
        "big-endian": whole.astype(">f4"),
    }
    for name, values in ways.items():
        flow, kind = as_flow(values)
        np.testing.assert_allclose(flow, whole, err_msg=name)
        assert (kind.grey, kind.strain, kind.side) == (False, whole.shape[1] == 3, 20)
    for values in (whole[0], whole[0].transpose(1, 2, 0)):
        np.testing.assert_array_equal(as_flow(values)[0], whole[:1])
    matlab = whole.transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(as_flow(matlab, frames_last=True)[0], whole)


def test_grey_levels_are_shares_of_255_and_survive_half_precision() -> None:
    levels = np.resize(np.arange(256, dtype=np.uint8), (3, 28, 28))
    flow, kind = as_flow(levels)
    assert kind.grey
    stored = complete(flow)
    np.testing.assert_array_equal(np.rint(stored.astype(np.float64) * 255), levels[None])


def test_strain_is_computed_where_there_is_none_and_else_kept() -> None:
    made = complete(FLOW)
    np.testing.assert_allclose(made[:, 2], strain(FLOW), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(complete(WHOLE), WHOLE.astype(np.float16))


def nan(value: float) -> NDArray[np.float32]:
    flow = FLOW.copy()
    flow[2, 1, 3, 3] = value
    return flow


@pytest.mark.promise("input 51")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (nan(np.nan), "a NaN or an infinity"),
        (nan(-np.inf), "a NaN or an infinity"),
        (nan(1e9), "which nothing moves by"),  # .flo's mark of an unknown flow
        (FLOW[0, 0], r"an array of shape \(20, 20\)"),
        (RNG.normal(size=(5, 20, 20)), r"an array of shape \(5, 20, 20\)"),
        (RNG.normal(size=(20, 2, 20)), r"an array of shape \(20, 2, 20\)"),
        (FLOW.transpose(1, 2, 3, 0), r"an array of shape \(2, 20, 20, 4\)"),
        (FLOW[..., :16], "16x20 px, which is not square"),
        (FLOW[..., :13, :13], r"an array of shape \(4, 2, 13, 13\)"),
        (np.zeros((2, 513, 513), np.float32), "a flow of 513 px"),
        ((FLOW * 100).astype(np.int16), "numbers of type int16"),
        (np.concatenate([FLOW, -np.abs(FLOW[:, :1])], 1), "strain, has negative values"),
        (FLOW.astype(np.complex64), "numbers of type complex64"),
    ],
)
def test_what_is_no_flow_is_refused(values: NDArray[np.float32], message: str) -> None:
    with pytest.raises(BadFlow, match=message) as caught:
        as_flow(values)
    assert caught.value.fix


def test_arrays_are_found_by_their_names() -> None:
    u, v = FLOW[:, 0], FLOW[:, 1]
    np.testing.assert_array_equal(named_array({"anything": FLOW}), FLOW)
    np.testing.assert_array_equal(named_array({"v": v, "u": u}), FLOW)
    np.testing.assert_array_equal(named_array({"v": v[0], "u": u[0]}), FLOW[0])
    matlab = named_array({"u": np.moveaxis(u, 0, 2), "v": np.moveaxis(v, 0, 2)}, frames_last=True)
    np.testing.assert_array_equal(as_flow(matlab, frames_last=True)[0], FLOW)
    for arrays in ({}, {"u": u, "w": v}, {"u": u, "strain": v}, {"u": u, "v": v[:2]}):
        with pytest.raises(BadFlow):
            named_array(arrays)
