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
        "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # nohup ignores it
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


BUG = "  fix: this is a bug: run again with RAICL_DEBUG=1 and report it"
AGAIN = "  fix: run the same command again to continue where it stopped"
READ = "  fix: ask for the right to read and enter it, or give another path"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            "raise InputError('w', where='x', fix='f')",
            ["error: w", "  where: x", "  fix: f"],
        ),
        ("raise UsageError('w')", ["error: w"]),
        ("raise KeyError('unforeseen')", ["error: KeyError: 'unforeseen'", BUG]),
        ("raise ValueError('one\\ntwo')", ["error: ValueError: one", BUG]),
        ("raise KeyboardInterrupt", ["error: interrupted", AGAIN]),
        ("import os, signal; os.kill(os.getpid(), signal.SIGHUP)", ["error: terminated", AGAIN]),
        (
            "raise OSError(28, 'No space left', 'a.h5')",
            ["error: the disk is full", "  where: a.h5", "  fix: free some space"],
        ),
        (
            "raise OSError(5, 'I/O', 'a.h5')",
            ["error: the disk fails: I/O", "  where: a.h5", "  fix: look into the system's log"],
        ),
        (
            "raise OSError(13, 'no', 'a.h5')",
            ["error: permission denied", "  where: a.h5", READ],
        ),
        ("raise OSError(13, 'no')", ["error: [Errno 13] no", BUG]),
        ("raise OSError(116, 'stale')", ["error: [Errno 116] stale", BUG]),
    ],
)
def test_what_is_told_is_golden(body: str, lines: list[str]) -> None:
    assert run(body).stderr.splitlines() == lines


def test_a_file_that_is_gone_is_told_as_perhaps_a_bug() -> None:
    lines = run("raise OSError(116, 'stale', 'a.h5')").stderr.splitlines()
    assert lines[:2] == ["error: a file or folder that was there is gone", "  where: a.h5"]
    assert lines[2].startswith("  fix: if nobody removed it, this is a bug")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("raise SystemExit(5)", 5),
        ("raise SystemExit", 0),
        ("raise SystemExit('a reason')", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGHUP)", 129),
        ("raise BrokenPipeError", 0),
    ],
)
def test_other_ends_have_their_code_too(body: str, code: int) -> None:
    answer = run(body)
    assert (answer.returncode, answer.stdout) == (code, "")


def test_under_nohup_a_terminal_that_closes_ends_nothing() -> None:
    script = (
        "import os, signal\nfrom raicl.common.terminal.console import launch, result\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "def command():\n    os.kill(os.getpid(), signal.SIGHUP)\n    result('done')\n"
        "launch(command)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, b"done\n")


def test_a_quiet_command_says_nothing_and_gives_its_results() -> None:
    body = "configure(quiet=True); say('log'); result('answer'); print(configured())"
    names = "configure, configured, result, say"
    answer = run(f"from raicl.common.terminal.console import {names}; {body}")
    assert answer.stderr == ""
    assert answer.stdout.splitlines() == ["answer", "{'quiet': True, 'debug': False}"]


def test_the_log_lines_of_a_worker_go_where_its_caller_wants_them() -> None:
    body = "redirect(lambda text: print('for the caller:', text)); say('a line')"
    answer = run(f"from raicl.common.terminal.console import redirect, say; {body}")
    assert (answer.stdout, answer.stderr) == ("for the caller: a line\n", "")


@pytest.mark.promise("fault 27")
@pytest.mark.parametrize("printed_by", ["result", "print"])  # of ours, and of a library
def test_a_closed_pipe_ends_quietly(printed_by: str) -> None:
    script = (
        "from raicl.common.terminal.console import launch, result\n"
        f"def command():\n    [{printed_by}('x' * 1000) for _ in range(10000)]\nlaunch(command)"
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
