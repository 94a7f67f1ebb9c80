"""What a worker of stage 1 loads, how many threads it takes, and what its compiler costs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.parallel import run_all
from raicl.data.records import Footage
from raicl.preprocess.fingerprint import identify
from raicl.preprocess.process import process_clip
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make

QUICK = PrepSettings(align="none", size=48, n_frames=2, flow_profile="fast")


def work(footage: Footage) -> tuple[int, set[str], int]:
    """A clip's shard is made; then: the process, what it has loaded, OpenCV's threads."""
    import cv2

    process_clip(identify(footage, QUICK), QUICK)
    return os.getpid(), set(sys.modules), cv2.getNumThreads()


def test_a_worker_never_loads_torch_and_keeps_opencv_to_one_thread(make_database: Make) -> None:
    for _, (process, loaded, threads) in run_all(work, make_database(4).footage, jobs=2):
        assert process != os.getpid()
        assert "numba" in loaded
        assert "torch" not in loaded
        assert threads == 1


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from raicl.preprocess.cli import main
sys.argv = ["raicl-prep", "folder", "--root", sys.argv[1], "--out", sys.argv[2], *sys.argv[3:]]
main()
"""


@pytest.mark.promise("fault 28")
def test_without_numba_the_reason_and_the_remedy_are_said_and_nothing_else_takes_its_place(
    make_database: Make, tmp_path: Path
) -> None:
    root, out = make_database(2).root, tmp_path / "flows.h5"
    (root / "clips.csv").write_text(
        "subject,clip,onset,offset,emotion\ns0,c0,96,103,surprise\ns0,c1,96,103,happiness\n",
        encoding="utf-8",
    )
    arguments = [str(root), str(out), "--align", "none", "--size", "48", "--jobs", "1"]
    command = [sys.executable, "-c", WITHOUT_NUMBA, *arguments]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 4
    assert "numba cannot be imported" in refused.stderr
    assert "--flow opencv" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not out.exists()
    followed = subprocess.run(
        [*command, "--flow", "opencv"], capture_output=True, text=True, check=False
    )
    assert followed.returncode == 0, followed.stderr


COMPILE = """
import numpy as np
from raicl.preprocess.flow.engine import warm_up
from raicl.preprocess.settings import PrepSettings
warm_up(PrepSettings())
from raicl.preprocess.flow import relaxation, warping
kernels = (relaxation.relax, relaxation.smooth, warping.linearise)
print(*(sum(kernel.stats.cache_misses.values()) for kernel in kernels))
"""


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    answers = [
        subprocess.run(
            [sys.executable, "-c", COMPILE],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout.split()
        for _ in range(2)
    ]
    assert answers == [["1", "1", "1"], ["0", "0", "0"]]
