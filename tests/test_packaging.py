"""The wheel holds exactly the code and its tables, whatever lies in the working tree."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("common", "data", "preprocess", "train")


def test_the_wheel_holds_the_code_and_nothing_licensed(tmp_path: Path) -> None:
    copy = tmp_path / "source"
    for folder in FOLDERS:
        ignored = shutil.ignore_patterns("raw", "__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    wanted = {
        "raicl/" + path.relative_to(copy).as_posix()
        for folder in FOLDERS
        for path in (copy / folder).rglob("*")
        if path.suffix in {".py", ".toml", ".typed", ".jinja", ".css", ".js"}
        or path.parent.name == "corrections"
    }
    # what a user may have lying there must stay behind
    (copy / "data" / "CASME2-coding.csv").write_text("Subject")
    (copy / "data" / "raw").mkdir()
    (copy / "data" / "raw" / "img1.jpg").write_bytes(b"x")
    (copy / "data" / "flows.h5").write_bytes(b"x")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path]
    subprocess.run([*command, copy], check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_the_folders_are_not_importable_by_their_short_names() -> None:
    for folder in FOLDERS:
        answer = subprocess.run(
            [sys.executable, "-c", f"import {folder}"], cwd="/", capture_output=True, check=False
        )
        assert answer.returncode == 1
        assert b"ModuleNotFoundError" in answer.stderr
