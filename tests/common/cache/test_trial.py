"""A trial answers about whole files, names what a process died of, and starts again after it."""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from raicl.common.cache import trial as module
from raicl.common.cache.flows import open_cache
from raicl.common.cache.limits import TRIAL_BYTES_PER_SECOND, TRIAL_CPU_SECONDS
from raicl.common.cache.opening import read_manifest
from raicl.common.cache.packing import pack
from raicl.common.cache.seal import DamagedError, Stamp
from raicl.common.cache.trial import Trial, cpu_seconds
from raicl.common.errors import InputError, ResourceError, VersionError
from tests.sealed import edit


@pytest.fixture
def trial() -> Iterator[Trial]:
    with Trial() as opened:
        yield opened


def shard_of(flows: Path) -> Path:
    cache = open_cache(flows)
    return cache.shard_path(cache.records[0])


def test_no_process_is_started_before_the_first_question(trial: Trial) -> None:
    assert trial._process is None


def test_one_process_answers_all_questions_and_ends_with_the_trial(flows: Path) -> None:
    with Trial() as trial:
        proofs = trial.index(flows)
        process = trial._process
        facts, more = trial.shard(shard_of(flows))
        assert trial._process is process
        assert process is not None
        assert process.poll() is None
    assert process.poll() == -signal.SIGKILL
    assert trial._process is None
    record = open_cache(flows).records[0]
    assert (facts.digest, facts.frames, facts.size) == (record.digest, record.frames, 16)
    assert proofs == more == set()  # sealed files need none


def test_a_packed_cache_is_proved_by_its_stamp(trial: Trial, flows: Path, tmp_path: Path) -> None:
    one, record = tmp_path / "one.h5", open_cache(flows).records[0]
    pack(open_cache(flows), one)
    facts, proofs = trial.packed(one, record.shard, 1 << 20)
    assert facts.digest == record.digest
    assert proofs == {Stamp.of(one.stat())}
    assert trial.manifest(one) == (read_manifest(flows), True)
    assert trial.manifest(flows) == (read_manifest(flows), False)


def test_errors_come_back_as_what_a_reader_raises(trial: Trial, flows: Path) -> None:
    with edit(shard_of(flows)) as file:
        file.attrs["version"] = 99
    with pytest.raises(VersionError, match="a shard of format version 99") as newer:
        trial.shard(shard_of(flows))
    assert newer.value.fix == "upgrade raicl"
    assert str(shard_of(flows)) in newer.value.where
    with pytest.raises(InputError, match="a shard is missing") as missing:
        trial.shard(flows.with_name("none.h5"))
    assert type(missing.value) is InputError
    with pytest.raises(DamagedError, match="and at most 99 fit"):
        trial.shard(shard_of(flows), 99)


def test_a_relative_path_means_the_same_there(
    trial: Trial, flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.index(flows)
    monkeypatch.chdir(flows.parent)  # after the process has begun
    assert trial.index(Path(flows.name)) == set()
    assert trial.manifest(Path(flows.name))[1] is False


@pytest.mark.parametrize("ending", [signal.SIGSEGV, signal.SIGXCPU])
def test_what_the_process_died_of_is_named_and_the_next_question_is_answered(
    trial: Trial, flows: Path, ending: signal.Signals
) -> None:
    reason = signal.strsignal(ending)
    trial.index(flows)
    assert trial._process is not None
    trial._process.send_signal(ending)
    trial._process.wait()
    with pytest.raises(
        DamagedError, match=rf"the index is damaged: .*died of it \({reason}"
    ) as dead:
        trial.index(flows)
    assert dead.value.where == str(flows)
    assert "raicl validate" in dead.value.fix
    assert trial.index(flows) == set()


def test_a_process_that_ends_by_itself_is_told_by_its_code(
    trial: Trial, flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "print('ready', flush=True); input(); sys.exit(5)")
    with pytest.raises(DamagedError, match=r"died of it \(exit code 5"):
        trial.index(flows)


def play(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Have another program in place of the child."""
    really = subprocess.Popen

    def start(command: list[str], **options: object) -> object:
        return really([sys.executable, "-c", f"import sys, time\n{program}"], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(module.subprocess, "Popen", start)


def test_no_answer_in_time_is_no_damage(
    trial: Trial, flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.index(flows)
    assert trial._process is not None
    trial._process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(module, "TRIAL_WAIT_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(InputError, match="the index was not read in time") as late:
        trial.index(flows)
    assert type(late.value) is InputError
    assert late.value.fix == "run the command again"
    assert 3 < time.monotonic() - began < 20
    monkeypatch.undo()
    assert trial.index(flows) == set()


def test_a_process_that_does_not_start_is_no_fault_of_the_file(
    trial: Trial, flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "sys.exit(3)")
    with pytest.raises(ResourceError, match=r"does not start \(exit code 3"):
        trial.index(flows)
    assert trial._process is None


def test_a_long_answer_in_parts_is_read_whole() -> None:
    parts = "for _ in range(3): print('x' * 9, end='', flush=True); time.sleep(.1)"
    program = f"import time\n{parts}\nprint()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=-1) as process:
        assert module._line(process, 20) == b"x" * 27
    with subprocess.Popen([sys.executable, "-c", "print('x', end='')"], stdout=-1) as process:
        assert module._line(process, 20) == b""
        assert process.returncode == 0


def test_a_larger_file_may_take_longer() -> None:
    assert cpu_seconds(0) == TRIAL_CPU_SECONDS == 3
    assert cpu_seconds(TRIAL_BYTES_PER_SECOND - 1) == 3
    assert cpu_seconds(5 * TRIAL_BYTES_PER_SECOND) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_process_may_not_take_much_memory_or_leave_a_core(trial: Trial, flows: Path) -> None:
    trial.index(flows)
    assert trial._process is not None
    limits = Path(f"/proc/{trial._process.pid}/limits").read_text().splitlines()
    said = {line[:26].strip(): line[26:].split() for line in limits}
    assert said["Max core file size"][:2] == ["0", "0"]
    assert 3 < int(said["Max cpu time"][0]) < 20
    memory = int(said["Max address space"][0])
    status = Path(f"/proc/{trial._process.pid}/statm").read_text().split()
    assert memory - int(status[0]) * resource.getpagesize() < 200 << 20
