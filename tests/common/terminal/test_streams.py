"""Output never ends the work: closed, full and narrow streams, in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

WORK = """
import sys
from pathlib import Path
from raicl.common.terminal.console import launch, result, say
def command():
    say("log \\u2026 \\u00e9")
    result("answer \\u2026 \\u00e9")
    say("more")
    result("more")
    Path(sys.argv[1]).write_text("done")
launch(command)
"""


def run(script: str, redirection: str, done: Path, encoding: str = "utf-8") -> tuple[int, str, str]:
    answer = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -c "$0" "$1" {redirection}', script, str(done)],
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": encoding},
    )
    return answer.returncode, answer.stdout.decode("latin-1"), answer.stderr.decode("latin-1")


@pytest.mark.promise("fault 27")
@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        (">&-", 0),
        ("2>&-", 0),
        (">&- 2>&-", 0),
        ("2> /dev/full", 0),
        ("> /dev/full", 7),
        ("> /dev/full 2> /dev/full", 7),
    ],
)
def test_the_work_is_done_whatever_becomes_of_its_output(
    tmp_path: Path, redirection: str, code: int
) -> None:
    done = tmp_path / "done"
    found, out, err = run(WORK, redirection, done)
    assert done.read_text() == "done"
    assert found == code
    if redirection == "> /dev/full":  # a result that was asked for and cannot be had is told
        assert "error: results could not be printed: No space left on device" in err
        assert "Traceback" not in err
    if redirection.startswith("2>"):
        assert out.splitlines()[-1] == "more"


def test_a_closed_stderr_puts_no_log_line_among_the_results(tmp_path: Path) -> None:
    _, out, _ = run(WORK, "2>&-", tmp_path / "done")
    assert len(out.splitlines()) == 2
    assert "log" not in out


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "? ?"), ("latin-1", "? \xe9")])
def test_a_character_that_a_stream_cannot_show_is_replaced(
    tmp_path: Path, encoding: str, shown: str
) -> None:
    code, out, err = run(WORK, "", tmp_path / "done", encoding)
    assert (code, out.splitlines()[0], err.splitlines()[0]) == (
        0,
        f"answer {shown}",
        f"log {shown}",
    )


def test_the_help_of_every_command_can_be_shown_in_ascii() -> None:
    for name in ("umbrella", "raicl.preprocess.cli", "raicl.train.cli"):
        module = "raicl.common.terminal.umbrella" if name == "umbrella" else name
        script = f"import sys; sys.argv[1:] = ['--help']; from {module} import main; main()"
        answer = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii"},
        )
        assert (answer.returncode, answer.stderr) == (0, b"")
        assert b"Usage" in answer.stdout
