"""The lock of a single writer: held, told, let go of, and what stands for it elsewhere."""

import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raicl.common.errors import ConflictError, HeldError, InputError
from raicl.common.locking import lock


@pytest.mark.promise("fault 10")
def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "flows.h5.lock"
    script = (
        "import sys, time; from pathlib import Path; from raicl.common.locking import lock\n"
        "with lock(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=-1) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ConflictError, match=f"pid {holder.pid} on "), lock(path):
            pass
        holder.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with lock(path):  # the kernel released it with the process
                return
        except ConflictError:
            time.sleep(0.05)
    pytest.fail("the lock of a killed process is still held")


def test_a_lock_follows_the_umask_so_that_a_group_can_share_a_folder(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        with lock(tmp_path / "lock"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o664


@pytest.mark.promise("fault 29")
# as NFS without lockd, FUSE, and what the Linux kernel lets through for some network mounts
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EINVAL, errno.EPERM, 524])
def test_where_there_are_no_locks_a_file_stands_for_one_and_is_told_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    number: int,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "flows.h5.lock"
    with lock(path):
        assert "no locks on this file system" in capfd.readouterr().err
        with pytest.raises(HeldError, match=r"pid \d+ on ") as caught, lock(path):
            pass
        assert "if it was killed, delete this file" in caught.value.fix
    with lock(path):  # let go of
        pass
    assert not path.with_name("flows.h5.lock.held").exists()


HOLD = (
    "import sys, time; from pathlib import Path; from raicl.common.locking import lock\n"
    "with lock(Path(sys.argv[1])):\n"
    "    print('held', flush=True); time.sleep(float(sys.argv[2]))\n"
)


@pytest.mark.parametrize(("held", "patience"), [(1.0, 30.0), (60.0, 0.5)])
def test_a_writer_with_patience_waits_for_the_other_and_no_longer(
    tmp_path: Path, held: float, patience: float
) -> None:
    path = tmp_path / "flows.h5.lock"
    command = [sys.executable, "-c", HOLD, str(path), str(held)]
    with subprocess.Popen(command, stdout=-1) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        began = time.monotonic()
        if held < patience:
            with lock(path, patience=patience):
                pass
        else:
            with pytest.raises(HeldError), lock(path, patience=patience):
                pass
            assert time.monotonic() - began >= patience
        assert time.monotonic() - began < 20
        holder.kill()


def test_the_lock_of_an_earlier_holder_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("pid 123456789 on a machine of a long name that is not there any more\n")
    with lock(path):
        assert path.read_text() == f"pid {os.getpid()} on {socket.gethostname()}\n"


def test_a_lock_that_cannot_be_made_is_an_error_of_the_place(tmp_path: Path) -> None:
    path = tmp_path / "no folder" / "lock"
    with pytest.raises(InputError, match="cannot create the lock") as caught, lock(path):
        pass
    assert caught.value.where == str(path)
    assert "choose an output folder" in caught.value.fix


def test_another_fault_of_a_lock_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="Input/output error"), lock(tmp_path / "lock"):
        pass
    assert not (tmp_path / "lock.held").exists()
