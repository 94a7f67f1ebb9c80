import os
import pty
import subprocess
import sys

import pytest

from raicl.common.terminal.progress import Progress, duration, progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.6, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.7, "1 h 0 min"),
        (9e4, "25 h 0 min"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_line_tells_the_time_left_of_the_loop_and_of_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two epochs in 40 s: 8 left and two folds of ten behind them."""
    shown = Progress(10, "[1/3] a/sub01", after=20, clock=iter([0.0, 20.0, 40.0]).__next__)
    for _ in range(2):
        shown.advance(note="loss 0.500")
    assert capsys.readouterr().err == (
        "[1/3] a/sub01: 2/10 loss 0.500 (about 2 min 40 s left, run 9 min 20 s)\n"
    )


def test_what_an_earlier_process_did_does_not_quicken_the_pace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = Progress(100, "fold", done=90, clock=iter([0.0, 60.0]).__next__)
    shown.advance()
    assert "fold: 91/100  (about 9 min 0 s left)" in capsys.readouterr().err


def test_a_terminal_of_80_columns_shows_fold_epoch_loss_and_both_times() -> None:
    script = (
        "from raicl.common.terminal.progress import progress\n"
        "clock = iter([0.0, 30.0]).__next__\n"
        "with progress(100, '[ 3/24] casme2/sub03', after=2100, clock=clock) as shown:\n"
        "    shown.advance(note='epochs, loss 0.532')\n"
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", script], stderr=theirs, check=True, env=environment)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    last = "49 min 30 s left, run 18 h 19 min"
    for text in ("[ 3/24] casme2/sub03 ", " 1/100 ", " epochs, loss 0.532 ", last):
        assert text in shown


def test_a_line_comes_every_half_minute_and_none_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    times = iter([1000.0, 1001.0, 1030.0, 1059.0, 1060.0, 1200.0])
    with progress(5, "clips", clock=times.__next__) as shown:
        for _ in range(5):
            shown.advance()
    assert capsys.readouterr().err.splitlines() == [
        "clips: 2/5  (about 45 s left)",
        "clips: 4/5  (about 15 s left)",
    ]
