"""What is told of a disk, how much is read of a file, and in which order files come to be there."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.errors import InputError, ResourceError
from raicl.common.files import (
    encode_json,
    read_json,
    read_within,
    replace_folder,
    write_atomic,
    write_json,
    write_together,
    writing,
)


@pytest.mark.parametrize(
    ("number", "error", "what"),
    [
        (errno.ENOSPC, ResourceError, "the disk is full"),
        (errno.EDQUOT, ResourceError, "the disk is full"),
        (errno.EFBIG, ResourceError, "the disk is full"),
        (errno.EIO, ResourceError, "the disk fails: said"),
        (errno.EREMOTEIO, ResourceError, "the disk fails: said"),
        (errno.EROFS, InputError, "cannot write: said"),
        (errno.ENOTDIR, InputError, "cannot write: said"),
    ],
)
def test_each_fault_of_a_disk_has_its_remedy(
    number: int, error: type[InputError | ResourceError], what: str
) -> None:
    with pytest.raises(error) as caught, writing(Path("a/b")):
        raise OSError(number, "said")
    assert caught.value.what == what
    assert caught.value.where == str(Path("a/b"))
    assert caught.value.fix


def test_another_fault_is_left_to_the_caller() -> None:
    with pytest.raises(BlockingIOError), writing(Path("a")):
        raise OSError(errno.EAGAIN, "said")


def test_json_is_equal_for_equal_values_and_holds_no_nan(tmp_path: Path) -> None:
    assert encode_json({"b": 1, "a": [2]}) == b'{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        encode_json(float("nan"))
    write_json(tmp_path / "a.json", {"a": 1})
    assert read_json(tmp_path / "a.json", fix="") == {"a": 1}
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(InputError, match="the list cannot be read: it does not contain an object"):
        read_json(tmp_path / "a.json", fix="make it again", kind="the list")


def test_a_file_is_read_up_to_its_limit_and_so_is_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert read_within(path, 4) == b"1234"
    with pytest.raises(ValueError, match="more than 3 bytes"):
        read_within(path, 3)
    pipe = tmp_path / "pipe"  # whose size is told as 0
    os.mkfifo(pipe)
    for most in (4, 3):
        with subprocess.Popen(["sh", "-c", f"printf 1234 > '{pipe}'"]):
            if most == 4:
                assert read_within(pipe, most) == b"1234"
            else:
                with pytest.raises(ValueError, match="more than 3 bytes"):
                    read_within(pipe, most)


def test_a_folder_takes_the_place_of_an_empty_one_alone(tmp_path: Path) -> None:
    new, target = tmp_path / "new", tmp_path / "target"
    new.mkdir()
    (new / "file").touch()
    target.mkdir()
    replace_folder(new, target)
    assert [path.name for path in target.iterdir()] == ["file"]
    assert not new.exists()
    new.mkdir()
    with pytest.raises(OSError, match="not empty"):
        replace_folder(new, target)
    with pytest.raises(InputError, match="cannot write"):
        replace_folder(new, tmp_path / "no folder/target")
    assert new.is_dir()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced, renamed and removed meanwhile, in this order; all of it is done."""
    done: list[str] = []
    sync, rename, remove = os.fsync, os.replace, os.unlink

    def name(path: object) -> str:
        own = Path(str(path)).name
        return "temporary" if own.endswith(".tmp") else own

    def synced(descriptor: int) -> None:
        done.append(f"sync {name(Path(f'/proc/self/fd/{descriptor}').readlink())}")
        sync(descriptor)

    def renamed(old: object, new: object) -> None:
        done.append(f"rename {name(old)} to {name(new)}")
        rename(old, new)  # type: ignore[arg-type]

    def removed(path: object) -> None:
        if name(path) != "temporary":  # which is gone, or is tidied up
            done.append(f"remove {name(path)}")
        remove(path)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    monkeypatch.setattr(os, "unlink", removed)
    return done


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what a descriptor is of")
def test_what_is_renamed_is_on_disk_and_then_its_name(tmp_path: Path, calls: list[str]) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    descriptors = Path("/proc/self/fd")
    held = len(list(descriptors.iterdir()))
    write_atomic(folder / "a", b"1")
    assert calls == ["sync temporary", "rename temporary to a", "sync out"]
    calls.clear()
    write_together({folder / "a": b"2", folder / "last": b"3"})
    first, second, *others = calls
    assert (first, second) == ("sync temporary", "sync temporary")  # both, before any is replaced
    assert others[:2] == ["remove last", "sync out"]
    assert others[-2:] == ["rename temporary to last", "sync out"]
    assert others.index("rename temporary to a") > others.index("sync out")
    calls.clear()
    (tmp_path / "new").mkdir()
    replace_folder(tmp_path / "new", tmp_path / "target")
    assert calls == ["rename new to target", f"sync {tmp_path.name}"]
    assert len(list(descriptors.iterdir())) == held
