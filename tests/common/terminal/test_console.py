"""Every failure leaves with its documented code and three lines, never a traceback."""

import subprocess
import sys

import pytest

CASES = [
    ("raise UsageError('w', where='x', fix='f')", 2),
    ("raise InputError('w', where='x', fix='f')", 3),
    ("raise SetupError('w', where='x', fix='f')", 4),
    ("raise PartialError('w', where='x', fix='f')", 5),
    ("raise ConflictError('w', where='x', fix='f')", 6),
    ("raise ResourceError('w', where='x', fix='f')", 7),
    ("raise MemoryError", 7),
    ("import errno; raise OSError(errno.ENOSPC, 'no space')", 7),
    ("import errno; raise OSError(errno.EIO, 'Input/output error', 'a.h5')", 7),
    ("import errno; raise OSError(errno.ENOENT, 'No such file', 'run/config.toml')", 3),
    ("import errno; raise OSError(errno.ECONNRESET, 'unforeseen')", 1),
    ("import errno; raise OSError(errno.EMFILE, 'too many', 'a.h5')", 7),
    ("raise InputError('damaged') from OSError(24, 'too many')", 7),
    ("raise InputError('a large picture') from MemoryError()", 3),
    ("raise SetupError('no torch') from ImportError('x.so: failed to map segment')", 7),
    ('raise RuntimeError("can\'t start new thread")', 7),
    ("import errno; raise OSError(errno.EACCES, 'no', 'colleague/a.h5')", 3),
    ("raise KeyboardInterrupt", 130),
    ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ("raise KeyError('unforeseen')", 1),
    ("pass", 0),
]


def run(body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = (
        "from raicl.common.errors import *\nfrom raicl.common.terminal.console import launch\n"
        f"def command():\n    {body}\nlaunch(command)"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


@pytest.mark.promise("goal 8")
@pytest.mark.parametrize(("body", "code"), CASES)
def test_the_exit_code_is_the_documented_one(body: str, code: int) -> None:
    answer = run(body)
    assert answer.returncode == code
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
    if code:
        assert answer.stderr.startswith("error: ")
        assert len(answer.stderr.splitlines()) <= 3


def test_the_trace_is_shown_when_asked_for() -> None:
    assert "Traceback" in run("raise KeyError('x')", RAICL_DEBUG="1").stderr


@pytest.mark.promise("fault 27")
def test_a_closed_pipe_ends_quietly() -> None:
    script = (
        "from raicl.common.terminal.console import launch, result\n"
        "def command():\n    [result('x' * 1000) for _ in range(10000)]\nlaunch(command)"
    )
    answer = subprocess.run(
        f'{sys.executable} -c "{script}" | head -n 1',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""


def test_an_error_survives_the_way_back_from_a_worker() -> None:
    import pickle

    from raicl.common.errors import InputError

    error = pickle.loads(pickle.dumps(InputError("a", where="b", fix="c")))
    assert (error.what, error.where, error.fix, error.exit_code) == ("a", "b", "c", 3)
