"""Stage 2 runs where neither OpenCV nor dlib is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

import raicl.train

FOLDER = Path(raicl.train.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(FOLDER).with_suffix("").parts) for path in FOLDER.rglob("[!_]*.py")
)
STAGE_2 = "import " + ", ".join(f"raicl.train.{name}" for name in MODULES)
# matplotlib is no dependency of stage 2 either, only of its extra
CHECK = (
    "import sys; "
    "loaded = {'cv2', 'dlib', 'joblib', 'matplotlib', 'raicl.preprocess'} & set(sys.modules); "
    "assert not loaded, loaded"
)


def run(*statements: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "; ".join(statements)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_importing_every_module_of_stage_2_loads_nothing_of_stage_1_and_starts_no_gpu() -> None:
    assert {"fold.fit", "report.compare"} <= set(MODULES)
    done = run(STAGE_2, CHECK, "import torch", "assert not torch.cuda.is_initialized()")
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("planted", ["cv2", "joblib", "raicl.preprocess"])
def test_the_check_can_fail(planted: str) -> None:
    assert f"AssertionError: {{'{planted}'}}" in run(f"import {planted}", CHECK).stderr
