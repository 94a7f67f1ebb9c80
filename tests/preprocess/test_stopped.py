"""`raicl-prep` that is stopped from outside, and a second one beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.preprocess.conftest import write_clip

PREP = [sys.executable, "-c", "from raicl.preprocess.cli import main; main()"]
ENDLESS = [
    "--flow-outer",
    "1000",
    "--flow-inner",
    "1000",
    "--flow-epsilon",
    "1e-30",
    "--flow",
    "opencv",
]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A command whose two workers never end."""
    lines = ["subject,clip,onset,offset,emotion"]
    for number in range(3):
        write_clip(tmp_path / f"database/s{number}/c{number}", seed=number, frames=3)
        lines.append(f"s{number},c{number},96,98,happiness")
    (tmp_path / "database/clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    where = ["--root", str(tmp_path / "database"), "--out", str(tmp_path / "flows.h5")]
    small = ["--align", "none", "--size", "48", "--jobs", "2"]
    return [*PREP, "folder", *where, *small, *ENDLESS]


@pytest.fixture
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The command, with both workers at work."""
    with subprocess.Popen(
        command, start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while sum(_seconds(pid) > 0.5 for pid in others_of(process.pid)) < 2:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield process
        finally:
            if others_of(process.pid) or process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def others_of(session: int) -> list[int]:
    """The other processes of a session that are alive."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != session:
            state = _stat(int(folder.name))
            if state and int(state[3]) == session and state[0] != "Z":
                found.append(int(folder.name))
    return found


def _stat(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(process: int) -> float:
    """Processor time in user mode."""
    state = _stat(process)
    return int(state[11]) / os.sysconf("SC_CLK_TCK") if state else 0.0


@pytest.mark.promise("fault 3", "fault 10")
@pytest.mark.parametrize(
    ("number", "whole_group", "code"),
    [
        (signal.SIGINT, True, 130),  # as Ctrl-C sends it
        (signal.SIGTERM, False, 143),
        (signal.SIGHUP, True, 129),  # as a terminal that is closed sends it
    ],
)
def test_a_stopped_command_is_gone_within_seconds_with_its_workers(
    running: subprocess.Popen[str],
    command: list[str],
    number: signal.Signals,
    whole_group: bool,
    code: int,
) -> None:
    if number == signal.SIGTERM:
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert second.returncode == 6
        assert f"another process is writing this output (pid {running.pid} on " in second.stderr
    began = time.monotonic()
    if whole_group:
        os.killpg(running.pid, number)
    else:
        running.send_signal(number)
    assert running.wait(timeout=30) == code
    while others_of(running.pid):
        assert time.monotonic() - began < 10
        time.sleep(0.05)
    assert time.monotonic() - began < 10  # 5 s on a machine that has nothing else to do
    assert running.stderr is not None
    said = running.stderr.read()
    assert "run the same command again to continue where it stopped" in said
    if number != signal.SIGHUP:  # which also ends a process of joblib's that others then miss
        assert "Traceback" not in said
