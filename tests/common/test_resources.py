"""What libraries say when a real limit is reached is understood, and nothing else is."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.errors import InputError, SetupError
from raicl.common.resources import shortage

# each begins with what is loaded before the limit, and ends with what reaches it
FAULTS = {
    "handles": ("", "open_all(); open(flows)"),
    "handles of h5py": ("import h5py", "open_all(); h5py.File(flows)"),
    "handles of a module": ("", "open_all(); import wave"),
    "memory of python": ("", "b'x' * 10**10"),
    "memory of numpy": ("import numpy", "numpy.ones(10**10)"),
    "memory of opencv": ("import cv2, numpy", "cv2.resize(numpy.ones((9, 9)), (40000, 40000))"),
    "memory of torch": ("import torch", "torch.ones(10**10)"),
    "threads": (
        "import threading, time; threading.stack_size(10**9)",
        "[threading.Thread(target=time.sleep, args=(9,), daemon=True).start() for _ in 'abcdefgh']",
    ),
}
SAID = {"handles": "too many open files", "memory": "out of memory", "threads": "no more threads"}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_short_is_said_with_exit_code_7(tmp_path: Path, flows: Path, name: str) -> None:
    before, fault = FAULTS[name]
    limit = "NOFILE, (20, 20)" if "handles" in name else "AS, (4 << 30, 4 << 30)"
    script = (
        f"import resource\n{before}\nfrom raicl.common.terminal.console import launch\n"
        f"flows, held = {str(flows)!r}, []\n"
        "def open_all():\n    try:\n        while True: held.append(open('/dev/null'))\n"
        "    except OSError: pass\n"
        f"def command():\n    resource.setrlimit(resource.RLIMIT_{limit})\n    {fault}\n"
        "launch(command)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 7, answer.stderr
    assert answer.stderr.startswith(f"error: {SAID[name.split()[0]]}")
    assert "fix: " in answer.stderr


@pytest.mark.parametrize(
    "error",
    [
        KeyError("memory"),
        ImportError("no module named x"),
        InputError("index is damaged"),
        ValueError("too many values"),
        OSError(13, "Permission denied"),
        BlockingIOError(11, "Resource temporarily unavailable", "flows.h5"),
    ],
)
def test_an_error_about_something_else_is_left_alone(error: Exception) -> None:
    assert shortage(error) is None


def behind(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


FULL = OSError(errno.EMFILE, "Too many open files", "a/shard.h5")
INPUT = InputError("damaged", where="flows.h5")


@pytest.mark.parametrize(
    ("error", "what", "where"),
    [
        (FULL, "too many open files", "a/shard.h5"),
        (OSError(errno.ENFILE, "in the system"), "too many open files", ""),
        (RuntimeError("Too many open files"), "too many open files", ""),
        (behind(INPUT, FULL), "too many open files", "flows.h5"),
        (behind(ValueError("damaged"), FULL), "too many open files", "a/shard.h5"),
        (BlockingIOError(11, "Resource temporarily unavailable"), "no more threads", ""),
        (RuntimeError("OMP: thread creation failed"), "no more threads", ""),
        (MemoryError(), "out of memory", ""),
        (RuntimeError("[enforce] can't allocate memory: 8 bytes"), "out of memory", ""),
        (behind(SetupError("no torch"), ImportError("failed to map segment")), "out of memory", ""),
    ],
)
def test_what_is_short_is_told_with_the_file_it_is_about(
    error: Exception, what: str, where: str
) -> None:
    found = shortage(error)
    assert found is not None
    assert found.what.startswith(what)
    assert found.where == where
    assert found.fix


def test_an_error_of_our_own_is_about_memory_only_if_it_is_of_a_library() -> None:
    assert shortage(behind(InputError("damaged"), MemoryError())) is None
    turned = behind(ValueError("a"), ValueError("b"))
    turned.__cause__.__cause__ = turned  # type: ignore[union-attr]
    assert shortage(turned) is None


@pytest.mark.parametrize(("gigabytes", "tried"), [(12, True), (17, False), (None, False)])
def test_only_under_a_limit_that_may_be_short_modules_are_tried(
    tmp_path: Path, gigabytes: int | None, tried: bool
) -> None:
    (tmp_path / "noting.py").write_text(f"open({str(tmp_path / 'note')!r}, 'w')")
    limit = f"resource.setrlimit(resource.RLIMIT_AS, ({gigabytes}<<30,) * 2)" if gigabytes else ""
    script = (
        f"import resource\nfrom raicl.common.resources import check_address_space\n{limit}\n"
        "check_address_space('noting', 'json')"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    assert (tmp_path / "note").exists() is tried


def under_limit(kind: str, value: int, program: str, *words: object) -> str:
    """What a program says under a limit, where it must end with exit code 7."""
    script = (
        f"import resource, sys\nresource.setrlimit(resource.RLIMIT_{kind}, ({value}, {value}))\n"
        f"sys.argv = ['x', *{list(map(str, words))!r}]\nfrom {program} import main; main()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 7, answer.stderr
    assert len(answer.stderr.splitlines()) <= 3
    assert "fix: raise the limit" in answer.stderr
    return answer.stderr


@pytest.mark.parametrize("gigabytes", [0.8, 3.0])
def test_an_address_space_that_torch_does_not_fit_into_is_told_before_any_work(
    tmp_path: Path, flows: Path, gigabytes: float
) -> None:
    """In 3 GB of it a usual build of torch aborts, in .8 GB it was seen to end by SIGSEGV."""
    words = [flows, "--run-dir", tmp_path / "run"]
    try:
        said = under_limit("AS", int(gigabytes * 1e9), "raicl.train.cli", *words)
    except AssertionError:
        if gigabytes > 1:
            pytest.skip("this build of torch is small")
        raise
    assert f"do not fit into the address space of {gigabytes:.1f} GB" in said
    assert not (tmp_path / "run").exists()


def test_an_address_space_that_opencv_does_not_fit_into_is_told_before_any_work(
    tmp_path: Path,
) -> None:
    words = ["casme2", "--root", tmp_path, "--out", tmp_path / "flows.h5"]
    said = under_limit("AS", 400 * 10**6, "raicl.preprocess.cli", *words)
    assert "cv2, dlib, numba, h5py do not fit into the address space of 0.4 GB" in said
