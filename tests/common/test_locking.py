"""The lock of a single writer: held, told, let go of, and what stands for it elsewhere."""

import errno
import fcntl
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raicl.common.errors import ConflictError, HeldError
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
