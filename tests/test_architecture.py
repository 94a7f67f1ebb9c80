"""Who may import whom, and that importing loads nothing heavy."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("common", "data", "preprocess", "train")
FORBIDDEN = {
    "common": ("raicl.data", "raicl.preprocess", "raicl.train", "cv2", "dlib", "torch"),
    "data": ("raicl.preprocess", "raicl.train", "dlib", "torch"),
    "preprocess": ("raicl.train", "torch"),
    "train": ("raicl.preprocess", "cv2", "dlib"),
}


def imported_names(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def violations(folder: str, source: str) -> list[str]:
    return sorted(
        name
        for name in imported_names(source)
        for banned in FORBIDDEN[folder]
        if name == banned or name.startswith(banned + ".")
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_imports_only_what_it_may(folder: str) -> None:
    found = {
        str(path.relative_to(ROOT)): violations(folder, path.read_text())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert found, "the folder has no code"
    assert {name: bad for name, bad in found.items() if bad} == {}


def test_a_planted_import_is_caught() -> None:
    assert violations("train", "def f():\n    import cv2.optflow") == ["cv2.optflow"]
    assert violations("preprocess", "from raicl.train import fit") == [
        "raicl.train",
        "raicl.train.fit",
    ]


def loaded_by(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/"
    )
    return set(answer.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import raicl.train.loso, raicl.train.cli", {"cv2", "dlib", "_dlib_pybind11"}),
        ("import raicl.preprocess.prepare, raicl.preprocess.flow.tvl1", {"torch", "cv2", "numba"}),
        ("import raicl.preprocess.cli", {"torch", "cv2", "dlib", "numpy", "h5py"}),
        ("import raicl.train.report.cli", {"torch", "numpy", "h5py", "matplotlib", "jinja2"}),
        ("import raicl.train.cli", {"torch", "torchvision", "numpy", "h5py", "matplotlib"}),
        ("import raicl.common.terminal.umbrella", {"torch", "cv2", "dlib", "numpy", "h5py"}),
    ],
)
def test_importing_loads_no_more_than_it_should(statement: str, absent: set[str]) -> None:
    assert loaded_by(statement) & absent == set()


def test_the_check_of_loaded_modules_can_fail() -> None:
    assert "cv2" in loaded_by("import cv2")


def test_the_list_of_packages_is_true() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    present = {
        "raicl." + ".".join(path.parent.relative_to(ROOT).parts)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert set(declared["packages"]) == present


def test_every_dependency_has_a_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text().split("dependencies = [", 1)[1].splitlines()
    listed = [line for line in lines[1 : lines.index("]")] if line.strip()]
    assert listed
    assert [line for line in listed if "#" not in line] == []
