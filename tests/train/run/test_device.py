"""The device, and what is set for the whole process before anything is computed."""

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from raicl.common.errors import SetupError, UsageError
from raicl.train.run import device
from raicl.train.run.device import choose_device, configure_torch
from raicl.train.settings import TrainSettings

CPU = TrainSettings(device="cpu")


def test_compiled_backbones_need_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = CPU.model_copy(update={"compile": "kernels"})
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SetupError, match="compiler is missing"):
        choose_device(settings)
    assert choose_device(CPU) == torch.device("cpu")
    monkeypatch.setenv("CXX", sys.executable)  # any program will do until it is called
    assert choose_device(settings) == torch.device("cpu")


def test_cuda_graphs_need_cuda() -> None:
    with pytest.raises(UsageError, match="cpu has no CUDA graphs"):
        choose_device(CPU.model_copy(update={"compile": "graphs"}))


FAULTS = """
import ctypes, resource, sys, torch
from raicl.train.run.device import configure_torch
from raicl.train.settings import TrainSettings

def step():
    for side in (4096, 1024, 4096):  # 64 MB, which glibc never keeps by itself, and 4 MB
        torch.zeros(side, side)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # no huge pages, of which one fault gives many
if "keep" in sys.argv:
    configure_torch(TrainSettings())
step()
print(min(-step() + step() for _ in range(5)))  # a system short of memory takes pages meanwhile
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_what_a_step_frees_is_not_asked_of_the_system_again() -> None:
    kept, returned = (
        int(subprocess.check_output([sys.executable, "-c", FAULTS, word])) for word in ("keep", "")
    )
    pages = (128 << 20) // resource.getpagesize()
    assert kept < pages / 100
    assert returned > 0.9 * pages


HELD = """
import re, torch
from pathlib import Path
from raicl.train.run.device import configure_torch, return_freed_memory
from raicl.train.settings import TrainSettings

def megabytes():
    status = Path("/proc/self/status").read_text()
    return sum(map(int, re.findall(r"(?:RssAnon|VmSwap):\\s+(\\d+)", status))) // 1024

configure_torch(TrainSettings())
large, kept = torch.ones(100, 1 << 18), torch.ones(100)  # 100 MB below what is kept
before = megabytes()
del large
print(before - megabytes())
return_freed_memory()
print(before - megabytes())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_what_loading_freed_is_given_back_once() -> None:
    kept, returned = subprocess.check_output([sys.executable, "-c", HELD], text=True).split()
    assert int(kept) < 10
    assert int(returned) > 90


def test_tf32_is_switched_for_convolutions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_keep_freed_memory", lambda: None)  # that of this process stays
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", torch.backends.cudnn.allow_tf32)
    for tf32 in (False, True):
        settings = CPU.model_copy(update={"tf32": tf32, "deterministic": False})
        configure_torch(settings)
        assert torch.backends.cudnn.allow_tf32 is tf32
        assert not torch.backends.cuda.matmul.allow_tf32


ASKED = """
import sys
from raicl.train.cli import main
sys.argv[:1] = ["raicl-train"]
try:
    main()
except SystemExit as end:
    import torch
    refuses = torch.are_deterministic_algorithms_enabled()
    print(end.code, refuses, "waited" if "torch._dynamo" in sys.modules else "at once")
"""


@pytest.mark.parametrize(
    ("fold", "more", "told"),
    [
        ("2", [], "0 True "),
        ("2", ["--no-deterministic"], "0 False "),
        ("0-1", [], "0 False at once"),  # finished: nothing waits for torch's compiler
    ],
)
def test_torch_refuses_what_does_not_repeat_once_a_fold_begins(
    trained: Path, tmp_path: Path, fold: str, more: list[str], told: str
) -> None:
    run = tmp_path / "run"
    if not more:
        shutil.copytree(trained / "run", run)
    words = ["flows.h5", "--config", "small.toml", "--run-dir", run, "--fold", fold, *more]
    answer = subprocess.run(
        [sys.executable, "-c", ASKED, *map(str, words)],
        cwd=trained,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.splitlines()[-1].startswith(told), answer.stderr
    assert "UF1" in answer.stdout
