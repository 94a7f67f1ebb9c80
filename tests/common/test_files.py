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
from raicl.common.files import replace_atomically, sha256_file, sweep, write_atomic


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "index"
    write_atomic(path, b"old")
    with suppress(ZeroDivisionError), replace_atomically(path) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["index"]


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


def test_a_folder_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (Path(), tmp_path):
        with pytest.raises(InputError, match="it is a folder"):
            write_atomic(folder, b"x")


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


def test_a_folder_that_fails_to_sync_for_another_reason_fails_the_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "a broken disk")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ResourceError, match="the disk fails: a broken disk"):
        write_atomic(tmp_path / "index", b"new")
