"""Who may import whom, and that importing loads nothing heavy."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.structure import circles, import_graph, imported_names, unit_graph, upward

ROOT = Path(__file__).parent.parent
FOLDERS = ("common", "data", "preprocess", "train")
FORBIDDEN = {
    "common": ("raicl.data", "raicl.preprocess", "raicl.train", "cv2", "dlib", "torch"),
    "data": ("raicl.preprocess", "raicl.train", "dlib", "torch"),
    "preprocess": ("raicl.train", "torch"),
    "train": ("raicl.preprocess", "cv2", "dlib"),
}


def violations(folder: str, source: str) -> list[str]:
    return sorted(
        name
        for name in imported_names(source)
        for banned in FORBIDDEN[folder]
        if name == banned or name.startswith(banned + ".")
    )


# Stage 2 from the bottom up. A folder imports those of lower floors alone, never one of its own.
FLOORS = (
    ("settings",),
    ("clips", "inputs"),
    ("scores",),
    ("model",),
    ("fold",),
    ("run",),
    ("cli",),
    ("fitted",),
    ("export",),
    ("report", "use"),
    ("ablation", "view"),
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
    assert violations("preprocess", "from raicl.train.fold import fit") == [
        "raicl.train.fold",
        "raicl.train.fold.fit",
    ]


def climbing(units: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Imports of stage 2 that do not lead to a lower floor."""
    floor = {f"raicl.train.{name}": n for n, names in enumerate(FLOORS) for name in names}
    return [(a, b) for a in floor for b in units[a] if b in floor and floor[a] <= floor[b]]


def test_stage_2_is_read_from_the_bottom_up() -> None:
    units = unit_graph(import_graph(ROOT))
    there = {name for name in units if name.startswith("raicl.train.")}
    assert there == {f"raicl.train.{name}" for names in FLOORS for name in names}
    assert climbing(units) == []


def test_a_climbing_import_is_caught() -> None:
    units = unit_graph(import_graph(ROOT))
    units["raicl.train.scores"] = units["raicl.train.scores"] | {"raicl.train.report"}
    assert climbing(units) == [("raicl.train.scores", "raicl.train.report")]


def test_no_file_imports_itself_through_others_and_no_folder_either() -> None:
    graph = import_graph(ROOT)
    assert circles(graph) == []
    assert circles(unit_graph(graph)) == []
    assert upward(graph) == []


def test_a_circle_is_caught() -> None:
    graph = {"raicl.a.b.x": {"raicl.a.c.y"}, "raicl.a.c.y": {"raicl.a.b.z"}, "raicl.a.b.z": set()}
    assert circles(graph) == []
    assert circles(unit_graph(graph)) == [{"raicl.a.b", "raicl.a.c"}]
    assert len(upward(graph)) == 1


def loaded_by(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/"
    )
    return set(answer.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import raicl.train.run.cross_validate, raicl.train.cli, raicl.train.report.page, "
            "raicl.train.scores.clusters",
            {"cv2", "dlib", "_dlib_pybind11", "sklearn"},
        ),
        ("import raicl.preprocess.prepare, raicl.preprocess.flow.tvl1", {"torch", "cv2", "numba"}),
        (
            "import raicl.preprocess.cli, raicl.preprocess.video.cli",
            {"torch", "cv2", "dlib", "numpy", "h5py"},
        ),
        (
            "import raicl.train, raicl.train.fitted.cli, raicl.train.use.cli",
            {"torch", "numpy", "h5py", "jinja2"},
        ),
        ("import raicl.train.export.cli", {"torch", "numpy", "h5py", "onnx", "onnxruntime"}),
        ("import raicl.train.export.command", {"onnx", "onnxscript", "onnxruntime", "cv2"}),
        ("import raicl.train.report.cli", {"torch", "numpy", "h5py", "matplotlib", "jinja2"}),
        (
            "import raicl.train.view.cli, raicl.data.inspect",
            {"torch", "numpy", "h5py", "matplotlib", "jinja2"},
        ),
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


def strays(tests: list[str], folders: set[str]) -> list[str]:
    """Tests in a folder that the code does not have; tests of several folders are in none.

    Programs that prove something of all folders have one of their own.
    """
    own = {".", "docs", "faults", "fuzz", "mutants", "soak"}
    return [test for test in tests if str(Path(test).parent) not in folders | own]


def test_tests_mirror_the_folders_of_the_code() -> None:
    folders = {
        str(path.parent.relative_to(ROOT)) for f in FOLDERS for path in (ROOT / f).rglob("*.py")
    }
    place = ROOT / "tests"
    tests = [str(path.relative_to(place)) for path in place.rglob("test_*.py")]
    assert strays(tests, folders) == []
    planted = ["train/fold/test_a.py", "test_b.py", "train/old/test_c.py"]
    assert strays(planted, folders) == ["train/old/test_c.py"]
