"""HDF5 files are written sealed and read as plain arrays and values, or refused with a reason."""

import errno
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from raicl.common.cache.hdf5 import (
    file_of,
    image,
    plain_array,
    plain_number,
    plain_text,
    replacing,
)
from raicl.common.cache.seal import BLOCK, DamagedError, Stamp, matches
from raicl.common.errors import HeldError

TOLD = "^it is missing, truncated, damaged or not a readable HDF5 file"
NUMBERS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "x.h5"
    with replacing(path) as file:
        file.create_dataset("a", data=NUMBERS, chunks=(1, 4), fletcher32=True)
        file.attrs["text"] = "here"
        file.attrs["number"] = 7
    return path


def read(file: h5py.Group, name: str, **changed: Any) -> Any:
    options: dict[str, Any] = {"dtype": np.float32, "ndim": 2, "limit": 48, "where": "there"}
    return plain_array(file, name, **options | changed)


def test_a_file_replaces_the_old_one_sealed_and_only_if_all_was_written(written: Path) -> None:
    before = written.read_bytes()
    assert matches(before)
    assert before[BLOCK:].startswith(b"\x89HDF")
    with pytest.raises(ValueError, match="none such"), replacing(written) as file:
        file.create_dataset("b", data=NUMBERS, compression="none such")
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir()] == ["x.h5"]


def test_a_file_is_read_from_its_bytes_or_where_it_lies(written: Path) -> None:
    content = written.read_bytes()
    with image(content, "it", "there") as first, image(content, "it", "there") as second:
        for file in (first, second):
            np.testing.assert_array_equal(read(file, "a"), NUMBERS)
    with file_of(written, Stamp.of(written.stat()), "it") as file:
        np.testing.assert_array_equal(read(file, "a"), NUMBERS)
    assert not first
    assert not file


def test_two_images_at_a_time_are_not_taken_for_one_file(written: Path, tmp_path: Path) -> None:
    with replacing(tmp_path / "y.h5") as file:
        file["a"] = NUMBERS + 1
    one, other = written.read_bytes(), (tmp_path / "y.h5").read_bytes()
    with image(one, "it", "1") as first, image(other, "it", "2") as second:
        np.testing.assert_array_equal(read(first, "a"), NUMBERS)
        np.testing.assert_array_equal(read(second, "a"), NUMBERS + 1)


@pytest.mark.parametrize(
    "error", [OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError]
)
def test_whatever_hdf5_raises_while_it_is_read_is_damage_of_the_file(
    written: Path, error: type[Exception]
) -> None:
    opened = (
        lambda: image(written.read_bytes(), "it", str(written)),
        lambda: file_of(written, Stamp.of(written.stat()), "it"),
    )
    for open_it in opened:
        with pytest.raises(DamagedError, match=TOLD) as caught, open_it():
            raise error("x")
        assert caught.value.where == str(written)
        assert "raicl-prep again" in caught.value.fix


def test_what_hdf5_cannot_open_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no HDF5")
    stamp = Stamp.of((tmp_path / "x").stat())
    with pytest.raises(DamagedError, match=TOLD), image(b"no HDF5", "it", "there"):
        pass
    with pytest.raises(DamagedError, match=TOLD), file_of(tmp_path / "x", stamp, "it"):
        pass


def test_a_file_that_was_replaced_since_is_not_read(written: Path) -> None:
    stamp = Stamp.of(written.stat())
    with replacing(written) as file:
        file["other"] = 1
    changed = pytest.raises(DamagedError, match="it was changed")
    with changed as caught, file_of(written, stamp, "it"):
        pass
    assert caught.value.fix == "start again"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EAGAIN, HeldError), (errno.EACCES, HeldError), (5, DamagedError)]
)
def test_a_lock_that_is_refused_is_told_by_its_number(
    written: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def refuse(path: Path, mode: str) -> h5py.File:
        raise OSError(f"Unable to synchronously open file (unable to lock file, errno = {number})")

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(kind) as caught, file_of(written, Stamp.of(written.stat()), "it"):
        pass
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "changed", [{"dtype": np.float64}, {"ndim": 1}, {"limit": 47}], ids=["type", "rank", "limit"]
)
def test_an_array_of_another_kind_or_beyond_the_limit_is_refused(
    written: Path, changed: dict[str, Any]
) -> None:
    with image(written.read_bytes(), "it", "there") as file:
        with pytest.raises(DamagedError, match="a is not a plain float"):
            read(file, "a", **changed)
        with pytest.raises(DamagedError, match="b is missing or a link") as caught:
            read(file, "b")
    assert caught.value.where == "there"


def test_an_array_of_which_a_part_was_never_stored_is_refused(tmp_path: Path) -> None:
    with replacing(tmp_path / "x") as file:
        file.create_dataset("a", (3, 4), np.float32, chunks=(1, 4))[0] = 1
    refused = pytest.raises(DamagedError, match="a is not a plain float32 array")
    with image((tmp_path / "x").read_bytes(), "it", "there") as file, refused:
        read(file, "a")


def test_a_chunk_larger_than_its_array_is_refused(tmp_path: Path) -> None:
    with replacing(tmp_path / "x") as file:
        file.create_dataset("a", data=NUMBERS, chunks=(4, 4), maxshape=(None, 4))
        file.create_dataset("b", data=NUMBERS, chunks=(3, 4), maxshape=(None, 4))
    with image((tmp_path / "x").read_bytes(), "it", "there") as file:
        np.testing.assert_array_equal(read(file, "b"), NUMBERS)
        with pytest.raises(DamagedError, match="a is not a plain float32 array"):
            read(file, "a")


def test_an_array_without_chunks_or_a_checksum_is_plain_too(tmp_path: Path) -> None:
    with replacing(tmp_path / "x") as file:
        file["a"] = NUMBERS
    with image((tmp_path / "x").read_bytes(), "it", "there") as file:
        np.testing.assert_array_equal(read(file, "a"), NUMBERS)


def test_an_attribute_is_a_text_or_a_number_or_nothing(written: Path) -> None:
    with image(written.read_bytes(), "it", "there") as file:
        assert plain_text(file, "text", "there") == "here"
        assert plain_text(file, "number", "there") is None
        assert plain_text(file, "none", "there") is None
        assert plain_number(file, "number", "there") == 7
        assert plain_number(file, "text", "there") is None
        assert plain_number(file, "none", "there") is None


@pytest.mark.parametrize("value", [np.zeros(3, np.uint8), np.bytes_(b"x" * 16385)])
def test_an_attribute_larger_than_any_of_ours_is_refused(tmp_path: Path, value: Any) -> None:
    with replacing(tmp_path / "x") as file:
        file.attrs["a"] = value
    with image((tmp_path / "x").read_bytes(), "it", "there") as file:
        for plain in (plain_text, plain_number):
            with pytest.raises(DamagedError, match="the attribute a is no plain value"):
                plain(file, "a", "there")


def test_an_attribute_of_just_the_limit_is_read(tmp_path: Path) -> None:
    with replacing(tmp_path / "x") as file:
        file.attrs["a"] = np.bytes_(b"x" * 16384)
    with image((tmp_path / "x").read_bytes(), "it", "there") as file:
        assert plain_text(file, "a", "there") is None  # bytes are no text of ours
