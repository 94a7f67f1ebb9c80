"""Every kind of file gives the flow that was written, and a wrong one is refused in one line."""

import io
import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from raicl.common.errors import InputError, SetupError
from raicl.preprocess.importing import files
from raicl.preprocess.importing.files import read_flow
from tests.peak import begin_peak, memory_mb
from tests.preprocess.overlong import overlong

RNG = np.random.default_rng(1)
FLOW = RNG.normal(size=(2, 16, 16)).astype(np.float32)
LEVELS = RNG.integers(0, 256, (3, 16, 16), dtype=np.uint8)


def flo(flow: np.ndarray) -> bytes:
    """As Middlebury's own description says: tag, width, height, then u and v in turn."""
    _, height, width = flow.shape
    return b"PIEH" + struct.pack("<ii", width, height) + flow.transpose(1, 2, 0).tobytes()


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def mat(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    savemat(stream, arrays, do_compression=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", npy(FLOW)),
        ("a.npz", npz(flow=FLOW)),
        ("a.npz", npz(u=FLOW[0], v=FLOW[1])),
        ("a.flo", flo(FLOW)),
        ("a.FLO", flo(FLOW)),
        ("a.mat", mat(flow=FLOW.transpose(1, 2, 0))),
        ("a.mat", mat(u=FLOW[0].astype(np.float64), v=FLOW[1].astype(np.float64))),
    ],
)
def test_a_file_gives_the_flow_that_was_written(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    read = read_flow(tmp_path / name)
    np.testing.assert_array_equal(read.flow, FLOW[None])
    assert not read.kind.grey


def picture(path: Path, levels: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), levels)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_red_green_and_blue_are_u_v_and_strain(tmp_path: Path, suffix: str) -> None:
    # OpenCV writes the last axis as blue, green, red
    path = picture(tmp_path / f"a{suffix}", LEVELS[::-1].transpose(1, 2, 0))
    read = read_flow(path)
    np.testing.assert_allclose(read.flow[0], LEVELS / 255, rtol=1e-6)
    turned = read_flow(path, ("strain", "v", "u"))
    np.testing.assert_array_equal(turned.flow[0], read.flow[0, ::-1])
    assert read.kind.grey


DEEP = (LEVELS.astype(np.uint16) * 257).transpose(1, 2, 0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.png", cv2.imencode(".png", DEEP)[1].tobytes(), "a picture of 16 bits per channel"),
        ("a.png", cv2.imencode(".png", LEVELS[0])[1].tobytes(), "a picture of 1 channels"),
        ("a.png", cv2.imencode(".png", np.zeros((16, 16, 4), np.uint8))[1].tobytes(), "4 channels"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "a truncated or damaged picture"),
        ("a.png", b"", "a truncated or damaged picture"),
        ("a.npy", b"", "a damaged .npy file"),
        ("a.npy", npy(FLOW)[:-1], "a damaged .npy file"),
        ("a.npy", npy(np.array([{}])), "one with Python objects"),
        ("a.npz", npz(flow=FLOW)[:-30], "a damaged .npz file"),
        ("a.npz", npz(flow=FLOW, other=FLOW), "the arrays flow, other"),
        ("a.flo", flo(FLOW)[:-1], "a .flo file of 2059 bytes that says 16x16 px"),
        ("a.flo", b"PIEX" + flo(FLOW)[4:], "not a .flo file"),
        ("a.mat", mat(flow=FLOW)[:200], "a damaged .mat file"),
        ("a.mat", b"MATLAB 7.3 MAT-file", "a .mat file of version 7.3"),
        ("a.npy", npy(np.full((2, 16, 16), np.nan)), "a NaN or an infinity"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_flow(tmp_path / name)
    assert caught.value.where.endswith(name)
    assert caught.value.fix
    assert "\n" not in str(caught.value)


@pytest.mark.promise("goal 11")
def test_a_picture_of_which_a_part_says_it_is_longer_than_the_file_takes_no_memory(
    tmp_path: Path,
) -> None:
    whole = cv2.imencode(".png", LEVELS.transpose(1, 2, 0))[1].tobytes()
    (tmp_path / "a.png").write_bytes(overlong(whole))
    before = begin_peak()
    with pytest.raises(InputError, match="a truncated or damaged picture"):
        read_flow(tmp_path / "a.png")
    assert memory_mb("VmHWM") - before < 200


def test_without_scipy_a_mat_file_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.mat").write_bytes(mat(flow=FLOW))
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(SetupError, match="scipy"):
        read_flow(tmp_path / "a.mat")


def test_a_packed_file_that_unpacks_to_more_than_is_read_is_refused_unopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = np.zeros((2, 60, 60))
    (tmp_path / "a.mat").write_bytes(mat(flow=zeros))
    (tmp_path / "a.npz").write_bytes(npz(flow=zeros))
    monkeypatch.setattr(files, "FLOW_BYTES", zeros.nbytes - 1)
    for name in ("a.mat", "a.npz"):
        assert (tmp_path / name).stat().st_size < zeros.nbytes / 10
        with pytest.raises(InputError, match="more than 1 GiB when unpacked"):
            read_flow(tmp_path / name)
