"""Files are whole or absent; one writer at a time."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from raicl.common.errors import InputError, ResourceError
from raicl.common.files import (
    replace_atomically,
    sha256_file,
    sweep,
    write_atomic,
    write_together,
)


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "index"
    write_atomic(path, b"old")
    with suppress(ZeroDivisionError), replace_atomically(path) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["index"]


@pytest.mark.promise("fault 2")
def test_a_killed_writer_leaves_the_old_file_and_sweep_removes_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "index"
    write_atomic(path, b"old")
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from raicl.common.files import replace_atomically\n"
        "with replace_atomically(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path, "index")
    assert [item.name for item in tmp_path.iterdir()] == ["index"]


@pytest.mark.promise("fault 7")
def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "index"
    write_atomic(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(ResourceError, match="disk is full"):
            write_atomic(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["index"]


TOGETHER = ("one", "two", "list")  # the list is last


def written_together(folder: Path, content: bytes) -> None:
    write_together({folder / name: content for name in TOGETHER})


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


@pytest.mark.promise("fault 2")
@pytest.mark.parametrize("renamed", [0, 1, 2, 3])
def test_files_that_belong_together_are_never_listed_in_part(tmp_path: Path, renamed: int) -> None:
    written_together(tmp_path, b"old")
    script = (
        "import os, sys; from pathlib import Path\n"
        "from raicl.common.files import write_together\n"
        "left = [int(sys.argv[2])]\n"
        "def watch(event, arguments):\n"
        "    if event == 'os.rename':\n"
        "        if not left[0]: os._exit(9)\n"
        "        left[0] -= 1\n"
        "sys.addaudithook(watch)\n"
        f"write_together({{Path(sys.argv[1]) / name: b'new' for name in {TOGETHER}}})\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path), str(renamed)]
    assert subprocess.run(words, check=False).returncode == (0 if renamed == 3 else 9)
    found = contents(tmp_path)
    assert [found.get(name, b"") for name in TOGETHER] == [
        *(b"new" if number < renamed else b"old" for number in range(2)),
        b"new" if renamed == 3 else b"",
    ]
    sweep(tmp_path)
    written_together(tmp_path, b"newer")
    assert set(contents(tmp_path).values()) == {b"newer"}


@pytest.mark.promise("fault 7")
def test_a_full_disk_leaves_all_files_that_belong_together(tmp_path: Path) -> None:
    written_together(tmp_path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(ResourceError, match="disk is full"):
            write_together({tmp_path / "one": b"x" * 5000, tmp_path / "list": b"new"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert contents(tmp_path) == dict.fromkeys(TOGETHER, b"old")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.promise("fault 9")
def test_a_folder_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (Path(), tmp_path):
        with pytest.raises(InputError, match="it is a folder"):
            write_atomic(folder, b"x")


@pytest.mark.promise("fault 9")
def test_a_missing_folder_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_atomic(tmp_path / "none" / "index", b"x")


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256_file(path).startswith("ba7816bf8f01cfea414140de5dae2223")


def test_the_process_id_is_part_of_the_temporary_name(tmp_path: Path) -> None:
    with replace_atomically(tmp_path / "a") as temporary:
        assert str(os.getpid()) in temporary.name
        temporary.touch()


@pytest.mark.promise("fault 9")
def test_a_symbolic_link_is_followed_and_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "elsewhere" / "index", tmp_path / "index"
    real.parent.mkdir()
    write_atomic(real, b"old")
    link.symlink_to(real)
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert {path.name for path in tmp_path.rglob("*")} == {"elsewhere", "index"}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_folders_still_gets_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    synced, really = [], os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, "as CIFS and FUSE answer")
        synced.append(descriptor)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    write_atomic(tmp_path / "index", b"new")
    assert (tmp_path / "index").read_bytes() == b"new"
    assert len(synced) == 1


@pytest.mark.promise("fault 30")
def test_a_folder_that_fails_to_sync_for_another_reason_fails_the_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "a broken disk")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ResourceError, match="the disk fails: a broken disk"):
        write_atomic(tmp_path / "index", b"new")
