"""What surrounds a command: rights, home, clock, language, and libraries that are not there."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from raicl.train.run.key import to_toml
from tests.preprocess.conftest import write_clip
from tests.soak.kills import OF_A_TIME, digest_of
from tests.train.caches import write_cache
from tests.train.runs import write_run
from tests.train.small import SMALL

PREP, TRAIN, RAICL = (
    [sys.executable, "-c", f"from raicl.{module} import main; main()"]
    for module in ("preprocess.cli", "train.cli", "common.terminal.umbrella")
)
QUICK = ["--align", "none", "--size", "48", "--n-frames", "2", "--jobs", "1", "--flow", "dis"]
_DROP_FROM_BOUNDING_SET, _OVERRIDE, _READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h


def rights_hold() -> None:
    """Let rights bind root too, in the process that begins."""
    libc = ctypes.CDLL(None)
    for capability in (_OVERRIDE, _READ_SEARCH):
        libc.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


def run(
    words: Sequence[object], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, words)),
        cwd=folder,
        preexec_fn=rights_hold,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database, a cache, the settings of a small network, and two runs."""
    place = tmp_path_factory.mktemp("inputs")
    lines = ["subject,clip,onset,offset,emotion"]
    for number in range(3):
        write_clip(place / f"database/s{number}/c{number}", seed=number, frames=4)
        lines.append(f"s{number},c{number},96,99,happiness")
    (place / "database/clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_cache(place / "many.h5")
    quick = SMALL.model_copy(update={"epochs": 1})
    (place / "small.toml").write_text(to_toml(quick), encoding="utf-8")
    write_run(place / "run")
    return place


def prep(inputs: Path, out: Path) -> list[object]:
    return [*PREP, "folder", "--root", inputs / "database", "--out", out, *QUICK]


def train(inputs: Path, run_dir: Path) -> list[object]:
    small = ["--config", inputs / "small.toml", "--no-pictures", "--fold", "#0"]
    return [*TRAIN, inputs / "many.h5", *small, "--run-dir", run_dir]


@pytest.mark.promise("fault 8")
@pytest.mark.parametrize("name", ["prep", "train", "pack", "report"])
def test_a_folder_that_cannot_be_written_is_told_before_any_work(
    inputs: Path, tmp_path: Path, name: str
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    if run(["touch", closed / "x"], tmp_path).returncode == 0:
        pytest.skip("rights do not bind this user")
    words = {
        "prep": prep(inputs, closed / "flows.h5"),
        "train": train(inputs, closed / "run"),
        "pack": [*RAICL, "pack", inputs / "many.h5", closed / "packed.h5"],
        "report": [*RAICL, "report", inputs / "run", "--out", closed / "page.html"],
    }[name]
    answer = run(words, tmp_path)
    assert answer.returncode == 3, answer.stderr
    assert f"where: {closed}" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "0 there" not in answer.stderr  # what prep says as it begins
    assert list(closed.iterdir()) == []


def contents(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    kept = [path for path in paths if path.name not in OF_A_TIME]
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in kept}


@pytest.mark.promise("fault 25", "fault 26")
@pytest.mark.parametrize("stage", ["prep", pytest.param("train", marks=pytest.mark.slow)])
def test_clock_zone_language_and_home_change_no_result(
    inputs: Path, tmp_path: Path, library: Path, stage: str
) -> None:
    strange = {
        "LD_PRELOAD": str(library),
        "FAULT_CLOCK": "1",
        "TZ": "Pacific/Apia",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "HOME": "/nonexistent",
        "XDG_CACHE_HOME": "/nonexistent",
    }
    for place, environment in (("calm", {}), ("strange", strange)):
        (tmp_path / place).mkdir()
        words = {"prep": prep, "train": train}[stage](inputs, Path("out.h5"))
        answer = run(words, tmp_path / place, **environment)
        assert answer.returncode == 0, answer.stderr
    calm, found = contents(tmp_path / "calm"), contents(tmp_path / "strange")
    assert len(calm) > 3
    assert found == calm


@pytest.mark.slow
@pytest.mark.promise("fault 26")
def test_the_package_may_lie_where_nobody_can_write_and_there_may_be_no_home(
    inputs: Path, tmp_path: Path
) -> None:
    """As on a shared machine: numba then has no place for what it compiles."""
    site, root = tmp_path / "site", Path(__file__).parents[2]
    for name in ("common", "data", "preprocess"):
        shutil.copytree(
            root / name, site / "raicl" / name, ignore=shutil.ignore_patterns("*cache_*")
        )
    folders = [site, *(path for path in site.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    words = [*prep(inputs, tmp_path / "flows.h5")[:-1], "tvl1", "--flow-profile", "fast"]
    nowhere = {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "PYTHONPATH": str(site)}
    answer = run(words, tmp_path, **nowhere)
    for folder in folders:
        folder.chmod(0o755)
    assert answer.returncode == 0, answer.stderr
    assert not list(site.rglob("*.nbi"))


@pytest.mark.promise("fault 28")
@pytest.mark.parametrize(
    "name", ["cv2", "dlib", "torch", pytest.param("torchvision", marks=pytest.mark.slow)]
)
def test_a_library_that_is_missing_is_told_with_the_command_that_mends_it(
    inputs: Path, tmp_path: Path, name: str
) -> None:
    words = train(inputs, tmp_path / "run")
    if name in ("cv2", "dlib"):
        words = prep(inputs, tmp_path / "flows.h5")
        words += ["--align", "dlib"] if name == "dlib" else []
    blocked = f"import sys; sys.modules[{name!r}] = None; sys.modules['_{name}_pybind11'] = None; "
    words[2] = blocked + str(words[2])
    answer = run(words, tmp_path)
    assert answer.returncode == 4, answer.stderr
    assert "  fix: pip " in answer.stderr
    assert "Traceback" not in answer.stderr
    assert run([*words[:3], "--help"], tmp_path).returncode == 0


@pytest.mark.promise("goal 10")
def test_a_wrong_option_is_refused_within_two_seconds(inputs: Path, tmp_path: Path) -> None:
    for words in (train(inputs, tmp_path / "run"), prep(inputs, tmp_path / "flows.h5")):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run([*words, "--no-such-option"], tmp_path).returncode == 2
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # processor time: what else runs on a test machine must not fail this
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
