"""What libraries say when a real limit is reached is understood, and nothing else is."""

import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.errors import InputError
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
        InputError("index is damaged"),
        ValueError("too many values"),
        OSError(13, "Permission denied"),
        BlockingIOError(11, "Resource temporarily unavailable", "flows.h5"),
    ],
)
def test_an_error_about_something_else_is_left_alone(error: Exception) -> None:
    assert shortage(error) is None
