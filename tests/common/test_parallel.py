"""A dead worker costs one unit, and no other result is lost."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import joblib
import pytest

from raicl.common.errors import InputError, UsageError
from raicl.common.parallel import resolve_jobs, run_all, stop_workers
from raicl.common.worker_death import WorkerDeath

ROOT = Path(__file__).parents[2]

_kept: list[bytes] = []


def square(number: int) -> int:
    return number * number


def die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def crash_on_three(number: int) -> int:
    if number == 3:
        ctypes.string_at(0)  # as a library that reads where it may not
    return number * number


def hang_on_three(number: int) -> int:
    if number == 3:
        time.sleep(600)
    return number * number


def die_once(marker: str) -> str:
    path = Path(marker)
    if path.name == "fragile" and not path.exists():
        path.touch()
        os.abort()
    return path.name


def grow(number: int) -> int:
    """Keep 400 MB from the second unit of a process on, and let it be noticed."""
    if _kept:
        _kept.append(b"\1" * 400_000_000)
    _kept.append(b"")
    time.sleep(1.1)
    return number * number


def refuse(number: int) -> int:
    raise InputError(f"unit {number}")


def test_every_unit_gives_one_result_whatever_the_number_of_jobs() -> None:
    for jobs in (1, 2):
        assert dict(run_all(square, range(7), jobs=jobs)) == {i: i * i for i in range(7)}


@pytest.mark.promise("fault 4", "fault 5")
@pytest.mark.parametrize("die", [die_on_three, crash_on_three])
def test_the_unit_that_kills_its_worker_is_named_and_the_others_finish(
    die: Callable[[int], int],
) -> None:
    results = dict(run_all(die, range(8), jobs=2))
    assert isinstance(results.pop(3), WorkerDeath)
    assert results == {i: i * i for i in range(8) if i != 3}


@pytest.mark.promise("fault 4", "fault 5")
def test_a_unit_that_dies_once_is_tried_again(tmp_path: Path) -> None:
    units = [str(tmp_path / name) for name in ("a", "fragile", "b")]
    assert dict(run_all(die_once, units, jobs=2)) == {0: "a", 1: "fragile", 2: "b"}


@pytest.mark.promise("fault 6")
def test_a_unit_that_takes_too_long_is_stopped_wherever_it_hangs() -> None:
    results = dict(run_all(hang_on_three, range(8), jobs=2, minutes=0.03))
    assert isinstance(results.pop(3), WorkerDeath)
    assert results == {i: i * i for i in range(8) if i != 3}


def test_the_limit_holds_where_whoever_started_the_command_ignores_alarms() -> None:
    script = (
        "import signal\nfrom raicl.common.parallel import run_all\n"
        "from tests.common.test_parallel import hang_on_three\n"
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "print(len(list(run_all(hang_on_three, range(5), jobs=2, minutes=0.03))))\n"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.check_output(command, cwd=ROOT, text=True, timeout=60) == "5\n"


def test_a_worker_that_has_grown_is_replaced_without_a_word() -> None:
    """Here warnings are errors: joblib's would end its thread, and the rest never came."""
    pytest.importorskip("psutil")  # by which joblib sees it
    assert dict(run_all(grow, range(8), jobs=2)) == {i: i * i for i in range(8)}


def test_an_error_of_a_unit_reaches_the_caller() -> None:
    with pytest.raises(InputError, match="unit"):
        list(run_all(refuse, range(4), jobs=2))


def test_the_number_of_jobs_is_checked() -> None:
    assert resolve_jobs(3) == 3
    assert resolve_jobs(None) >= 1
    assert resolve_jobs(-1) >= resolve_jobs(None)
    assert resolve_jobs(None, apart=True) == max(2, resolve_jobs(None))
    assert resolve_jobs(1, apart=True) == 1
    assert resolve_jobs(-1, apart=True) == resolve_jobs(-1)
    for wrong in (0, -2):
        with pytest.raises(UsageError):
            resolve_jobs(wrong)


@pytest.mark.parametrize(("cores", "most"), [(2, 64), (100, 400)])
def test_more_processes_than_a_machine_can_hold_are_refused(
    monkeypatch: pytest.MonkeyPatch, cores: int, most: int
) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda only_physical_cores=False: cores)
    assert resolve_jobs(most) == most
    with pytest.raises(UsageError, match=f"--jobs {most + 1} on {cores} cores, .* {most} are"):
        resolve_jobs(most + 1)


def note_and_hang(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


@pytest.mark.promise("fault 1")
@pytest.mark.parametrize("preload", [None, "colorsys"])
def test_workers_end_with_a_caller_that_is_killed(tmp_path: Path, preload: str | None) -> None:
    script = (
        "import sys\nfrom raicl.common.parallel import run_all\n"
        "from tests.common.test_parallel import note_and_hang\n"
        f"list(run_all(note_and_hang, [sys.argv[1]] * 4, jobs=2, preload={preload!r}))\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT)
    assert _within(60, lambda: len(list(tmp_path.iterdir())) == 2)
    caller.kill()
    caller.wait()
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert _within(5, lambda: not any(map(_is_there, workers)))


def answer_or_hang(folder: str) -> int:
    if folder:
        note_and_hang(folder)
    return os.getpid()


@pytest.mark.promise("fault 1")
@pytest.mark.parametrize("preload", [None, "colorsys"])
def test_workers_that_are_busy_end_when_their_caller_stops_early(
    tmp_path: Path, preload: str | None
) -> None:
    """As by an error of its own, here without a warning of joblib's in its place."""
    tasks = ["", *[str(tmp_path)] * 3]
    with closing(run_all(answer_or_hang, tasks, jobs=2, preload=preload)) as found:
        next(found)
        assert _within(60, lambda: len(list(tmp_path.iterdir())) == 2)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    busy = {int(path.name) for path in tmp_path.iterdir()}
    assert _within(5, lambda: not any(map(_is_there, busy)))
    again = dict(run_all(square, range(4), jobs=2, preload=preload))  # with other workers
    assert again == {i: i * i for i in range(4)}


def test_workers_that_are_busy_can_be_stopped(tmp_path: Path) -> None:
    found = run_all(answer_or_hang, ["", *[str(tmp_path)] * 3], jobs=2)
    next(found)
    assert _within(60, lambda: len(list(tmp_path.iterdir())) == 2)
    began = time.monotonic()
    stop_workers()
    assert time.monotonic() - began < 10
    found.close()
    busy = {int(path.name) for path in tmp_path.iterdir()}
    assert _within(5, lambda: not any(map(_is_there, busy)))


def tell_parent(_: int) -> tuple[int, bool]:
    return os.getppid(), "colorsys" in sys.modules


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
def test_workers_are_forked_from_one_process_that_has_imported_what_they_share() -> None:
    script = (
        "import os\nfrom raicl.common.parallel import run_all\n"
        "from tests.common.test_parallel import tell_parent\n"
        "forked = dict(run_all(tell_parent, range(8), jobs=2, preload='colorsys'))\n"
        "[(server, loaded)] = set(forked.values())\n"
        "assert loaded and server != os.getpid()\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _is_there(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # dead, and nobody has asked yet


@pytest.mark.parametrize("debug", ["", "1"])
def test_the_trace_of_a_worker_that_crashes_is_shown_in_debug_mode_only(debug: str) -> None:
    script = (
        "from raicl.common.parallel import run_all\n"
        "from tests.common.test_parallel import crash_on_three\n"
        "print(len(list(run_all(crash_on_three, range(5), jobs=2))))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"RAICL_DEBUG": debug},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.stdout == "5\n"
    assert ("Segmentation fault" in answer.stderr) == bool(debug)
