"""`raicl-prep` where a process may have few files open."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.preprocess.conftest import write_clip

PREP = "from raicl.preprocess.cli import main; main()"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_too_few_handles_end_it_with_a_line_and_no_clip_is_blamed(
    tmp_path: Path, jobs: str
) -> None:
    lines = ["subject,clip,onset,offset,emotion"]
    for number in range(3):
        write_clip(tmp_path / f"database/s{number}/c{number}", seed=number, frames=3)
        lines.append(f"s{number},c{number},96,98,happiness")
    (tmp_path / "database/clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ["folder", "--root", str(tmp_path / "database"), "--out", str(tmp_path / "flows.h5")]
    words += ["--align", "none", "--size", "48", "--jobs", jobs]
    few = {"1": 5, "2": 12}[jobs]
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({few}, {few})); "
    answer = subprocess.run(
        [sys.executable, "-c", limit + PREP, *words], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 7, answer.stderr
    assert "error: too many open files\n" in answer.stderr
    assert "fix: raise the limit (ulimit -n)" in answer.stderr
    assert "failed: " not in answer.stderr
    done = subprocess.run([sys.executable, "-c", PREP, *words], capture_output=True, check=False)
    assert done.returncode == 0
