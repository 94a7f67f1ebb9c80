"""Units on a real cluster: every result once, whatever dies, and nothing left behind."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from raicl.common.cluster.client import connected
from raicl.common.errors import InputError, RaiclError, SetupError
from raicl.common.parallel import run_all
from raicl.common.worker_death import WorkerDeath
from tests.common.cluster.units import Noting
from tests.dask_cluster import ROOT, LocalDask, kill_with_unit, local_dask, wait_until

SQUARES = {number: number * number for number in range(6)}


def run_there(
    dask: LocalDask, work: Noting, *, minutes: float | None = None
) -> dict[int, int | WorkerDeath[int]]:
    with connected(dask.address, beside=work.folder, files=[]) as cluster:
        return dict(run_all(work, range(6), jobs=1, minutes=minutes, cluster=cluster))


def tasks_of(dask: LocalDask) -> int:
    """What the scheduler still knows of."""
    from distributed import Client

    with Client(dask.address, set_as_default=False) as client:
        return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


def test_every_unit_gives_its_result_and_its_lines_arrive_here(
    dask: LocalDask, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    work = Noting(tmp_path)
    assert run_there(dask, work) == SQUARES
    said = capfd.readouterr().err.splitlines()
    assert sorted(line for line in said if line.startswith("unit")) == [
        f"unit {number}" for number in range(6)
    ]
    assert "2 workers on 1 machine, 2 units at a time" in said[0]
    assert list(tmp_path.iterdir()) == [tmp_path / "begun"]
    assert tasks_of(dask) == 0


def test_a_unit_that_kills_its_process_is_tried_three_times_and_named(
    dask: LocalDask, tmp_path: Path
) -> None:
    work = Noting(tmp_path, fatal=2)
    results = run_there(dask, work)
    assert isinstance(results.pop(2), WorkerDeath)
    assert results == {n: square for n, square in SQUARES.items() if n != 2}
    assert [work.times(number) for number in range(6)] == [1, 1, 3, 1, 1, 1]


def test_an_error_of_a_unit_reaches_the_caller_and_ends_the_others(
    dask: LocalDask, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="unit 1 is wrong") as caught:
        run_there(dask, Noting(tmp_path, wrong=1))
    assert caught.value.fix == "leave it"
    wait_until(lambda: tasks_of(dask) == 0)


@pytest.mark.slow
def test_a_unit_that_takes_too_long_is_stopped(dask: LocalDask, tmp_path: Path) -> None:
    work = Noting(tmp_path, slow=3)
    work.wait.touch()
    results = run_there(dask, work, minutes=0.25)
    assert isinstance(results.pop(3), WorkerDeath)
    assert results == {n: square for n, square in SQUARES.items() if n != 3}
    assert work.times(3) == 1


def test_the_unit_of_a_worker_that_is_killed_is_run_by_another(
    dask: LocalDask, tmp_path: Path
) -> None:
    work = Noting(tmp_path, slow=0)
    work.wait.touch()
    found = {}
    with connected(dask.address, beside=tmp_path, files=[]) as cluster:
        for index, result in run_all(work, range(6), jobs=1, cluster=cluster):
            found[index] = result
            if work.wait.exists():
                wait_until(lambda: work.times(0))
                kill_with_unit(dask.worker_of(*work.processes(0)))
                work.wait.unlink()
    dask.add()
    assert found == SQUARES
    assert [work.times(number) for number in range(6)] == [2, 1, 1, 1, 1, 1]


@pytest.mark.slow
def test_without_patience_of_the_scheduler_a_lost_unit_is_run_again_all_the_same(
    tmp_path: Path,
) -> None:
    work = Noting(tmp_path, slow=0)
    work.wait.touch()
    never_again = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with (
        local_dask(tmp_path, environment=never_again) as dask,
        connected(dask.address, beside=tmp_path, files=[]) as cluster,
    ):
        found = {}
        for index, result in run_all(work, range(3), jobs=1, cluster=cluster):
            found[index] = result
            if work.wait.exists():
                wait_until(lambda: work.times(0))
                kill_with_unit(dask.worker_of(*work.processes(0)))
                work.wait.unlink()
    assert found == {0: 0, 1: 1, 2: 4}
    assert work.times(0) == 2


CALLER = """
import sys
from pathlib import Path
from raicl.common.cluster.client import connected
from raicl.common.parallel import run_all
from raicl.common.terminal import console
from tests.common.cluster.units import Noting

def command():
    folder = Path(sys.argv[2])
    with connected(sys.argv[1], beside=folder, files=[]) as cluster:
        list(run_all(Noting(folder, slow=0), range(1), jobs=1, cluster=cluster))

console.launch(command)
"""


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_caller_leaves_no_task_and_no_process(
    dask: LocalDask, tmp_path: Path, by: signal.Signals, code: int
) -> None:
    work = Noting(tmp_path, slow=0)
    work.wait.touch()
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, dask.address, str(tmp_path)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: work.times(0))
    [unit] = work.processes(0)
    caller.send_signal(by)
    assert "Traceback" not in caller.communicate()[1]
    assert caller.returncode == code
    wait_until(lambda: not Path(f"/proc/{unit}").exists())
    wait_until(lambda: tasks_of(dask) == 0)
    if by != signal.SIGKILL:
        assert {path.name for path in tmp_path.iterdir()} == {"begun", "wait"}


def test_a_worker_that_does_not_see_a_file_is_named_with_its_path(
    dask: LocalDask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path leads to the caller's working directory, which is another one for each process."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.h5").write_bytes(b"a cache")
    unshared = Path("/proc/self/cwd/flows.h5")
    with (
        pytest.raises(InputError, match="cannot see it: No such file") as caught,
        connected(dask.address, beside=tmp_path, files=[unshared]),
    ):
        pass
    assert caught.value.exit_code == 3
    assert str(unshared) in caught.value.where
    with (
        pytest.raises(InputError, match="cannot see it") as caught,
        connected(dask.address, beside=Path("/proc/self/cwd"), files=[]),
    ):
        pass
    assert "token" in caught.value.where
    assert list(tmp_path.iterdir()) == [tmp_path / "flows.h5"]


OLDER = """
from importlib import metadata
version = metadata.version
metadata.version = lambda name: "1.0.0" if name == "h5py" else version(name)
"""


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    with local_dask(tmp_path, workers=0) as there:
        there.add(prelude=OLDER)
        with (
            pytest.raises(SetupError, match=r"other versions: h5py 1\.0\.0 instead of") as caught,
            connected(there.address, beside=tmp_path, files=[]),
        ):
            pass
    assert caught.value.exit_code == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prelude", "folder", "error", "said"),
    [
        (OLDER, ".", SetupError, r"other versions: h5py 1\.0\.0 instead of"),
        ("", "other", InputError, "sees another file there"),
    ],
)
def test_a_worker_that_comes_later_proves_the_same_before_its_first_unit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prelude: str,
    folder: str,
    error: type[RaiclError],
    said: str,
) -> None:
    work = Noting(tmp_path)
    (tmp_path / "other").mkdir()
    for place, content in ((tmp_path, b"a cache"), (tmp_path / "other", b"another")):
        (place / "flows.h5").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    shared = Path("/proc/self/cwd/flows.h5")  # the folder in which a worker was started
    with local_dask(tmp_path, workers=0) as there:
        first = there.add(cwd=tmp_path)
        with connected(there.address, beside=tmp_path, files=[shared]) as cluster:
            there.add(prelude=prelude, cwd=tmp_path / folder)
            first.kill()
            first.wait()
            with pytest.raises(error, match=said):
                list(run_all(work, range(1), jobs=1, cluster=cluster))
    assert not work.times(0)


@pytest.mark.slow
def test_a_scheduler_that_goes_away_ends_the_command_with_what_to_do(tmp_path: Path) -> None:
    work = Noting(tmp_path, slow=0)
    work.wait.touch()
    import dask.config

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        local_dask(tmp_path, workers=1) as there,
        connected(there.address, beside=tmp_path, files=[]) as cluster,
    ):
        results = run_all(work, range(1), jobs=1, cluster=cluster)
        killer = threading.Thread(
            target=lambda: (wait_until(lambda: work.times(0)), there.scheduler.kill())
        )
        killer.start()
        with pytest.raises(SetupError, match="the scheduler is gone") as caught:
            list(results)
        killer.join()
    assert "same command continues" in caught.value.fix


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates by openssl")
def test_tls_is_taken_from_the_configuration_of_dask_and_refuses_whoever_has_no_certificate(
    tmp_path: Path,
) -> None:
    import dask.config

    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
    subprocess.run([*request, *names], check=True, capture_output=True)
    files = {"--tls-ca-file": certificate, "--tls-cert": certificate, "--tls-key": key}
    options = [word for pair in files.items() for word in pair]
    client = {
        f"distributed.comm.tls.client.{n}": p for n, p in (("cert", certificate), ("key", key))
    }
    work = Noting(tmp_path)
    with local_dask(tmp_path, workers=1, options=[*options, "--protocol", "tls"]) as there:
        assert there.address.startswith("tls://")
        with dask.config.set({"distributed.comm.tls.ca-file": certificate, **client}):
            assert run_there(there, work) == SQUARES
        with (
            pytest.raises(SetupError, match="no scheduler of Dask answers"),
            connected(there.address, beside=tmp_path, files=[]),
        ):
            pass
