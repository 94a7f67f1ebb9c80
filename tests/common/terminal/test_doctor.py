"""What the doctor says of GPUs, of the environment and of the folder that it is run in."""

import errno
import fcntl
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from raicl.common.terminal.doctor import _machine, describe_cards

H100, OLD = ("NVIDIA H100", 85_000_000_000, 9, ""), ("GTX 1080", 8_500_000_000, 6, "no kernel")


def test_a_card_is_told_with_its_memory_and_its_precisions() -> None:
    [card] = describe_cards("13.0", [H100], 1)
    assert card.holds
    assert card.found == "NVIDIA H100, 85 GB, TF32 and bfloat16"


@pytest.mark.parametrize(("generation", "kinds"), [(7, "neither"), (8, "TF32"), (12, "TF32")])
def test_ampere_and_later_have_the_fast_precisions(generation: int, kinds: str) -> None:
    [card] = describe_cards("13.0", [("a card", 10**10, generation, "")], 1)
    assert card.found.startswith(f"a card, 10 GB, {kinds}")


def test_a_card_that_torch_has_no_kernels_for_is_a_fault() -> None:
    good, bad = describe_cards("13.0", [H100, OLD], 2)
    assert (good.holds, bad.holds) == (True, False)
    assert bad.found == "GTX 1080, 8 GB, neither TF32 nor bfloat16; no kernel"
    assert "torch build" in bad.fix


def test_a_card_that_the_driver_knows_and_torch_does_not_see_is_a_fault() -> None:
    [without] = describe_cards(None, [], 1)
    [other] = describe_cards("13.0", [], 2)
    assert not without.holds
    assert "a build without CUDA" in without.found
    assert "the driver knows 2" in other.found


def test_a_machine_without_a_card_is_sound() -> None:
    [none] = describe_cards("13.0", [], 0)
    assert none.holds


def doctor(folder: Path, **variables: object) -> subprocess.CompletedProcess[str]:
    """The command in a folder, with these variables of the environment."""
    return subprocess.run(
        [sys.executable, "-c", "from raicl.common.terminal.umbrella import main; main()", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {name: str(value) for name, value in variables.items()},
    )


def test_a_sound_environment_is_told_line_by_line(tmp_path: Path) -> None:
    answer = doctor(tmp_path)
    assert answer.returncode == 0, answer.stdout
    lines = answer.stdout.splitlines()
    assert all(line.startswith("ok    ") for line in lines)
    said = answer.stdout
    for name in ("opencv-contrib-python", "dlib-bin", "simplejpeg"):
        if name in {found.metadata["Name"] for found in metadata.distributions()}:
            assert f"{name} {metadata.version(name)}" in said
    assert metadata.version("torch").partition("+")[0] in said
    for words in ("4 model files", "GB free here", f"{tmp_path} is writable and locks"):
        assert words in said
    assert list(tmp_path.iterdir()) == []


def test_a_pair_of_torch_and_torchvision_that_does_not_match_is_told_with_the_remedy(
    tmp_path: Path,
) -> None:
    said = "operator torchvision::nms does not exist"  # by a torchvision of another torch
    (tmp_path / "torchvision.py").write_text(f"raise RuntimeError({said!r})")
    answer = doctor(tmp_path, PYTHONPATH=tmp_path)
    assert answer.returncode == 4
    [line] = [n for n in answer.stdout.splitlines() if n.startswith("FAIL  ")]
    torch, vision = metadata.version("torch"), metadata.version("torchvision")
    assert f"torch {torch} and torchvision {vision} do not work together" in line
    assert line.endswith(said)
    assert "pip install --upgrade --force-reinstall torch torchvision" in answer.stdout
    assert "1 of " in answer.stderr


def test_a_torch_that_dies_is_told_by_its_signal(tmp_path: Path) -> None:
    (tmp_path / "torchvision.py").write_text("import os; os.kill(os.getpid(), 11)")
    answer = doctor(tmp_path, PYTHONPATH=tmp_path)
    assert "do not work together: the import ended with -11" in answer.stdout


def test_what_compiles_is_told(tmp_path: Path) -> None:
    if find_spec("triton") is None:
        said = doctor(tmp_path, CXX="no-such-compiler").stdout
        assert "--compile: no compiler, only --compile none works" in said
    (tmp_path / "c++").write_text("#!/bin/sh\n")
    (tmp_path / "c++").chmod(0o755)
    assert (
        f"--compile: on a CPU by {tmp_path / 'c++'}"
        in doctor(tmp_path, CXX=tmp_path / "c++").stdout
    )


def test_the_cards_of_the_driver_are_counted(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: a card'\necho 'GPU 1: a card'\necho 'MIG 0'\n")
    program.chmod(0o755)
    said = doctor(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}", CUDA_VISIBLE_DEVICES="").stdout
    assert "FAIL  GPU: the driver knows 2, and torch, " in said


@pytest.mark.promise("fault 28")
def test_libraries_that_are_there_twice_are_faults_with_the_command_that_mends_them(
    tmp_path: Path,
) -> None:
    """Two distributions that both install cv2 overwrite each other's files."""
    for name, module in (("opencv-python", "cv2"), ("dlib", "dlib")):
        folder = tmp_path / f"{name.replace('-', '_')}-9.9.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n")
        (folder / "top_level.txt").write_text(f"{module}\n")
    answer = doctor(tmp_path, PYTHONPATH=tmp_path)
    assert answer.returncode == 4
    lines = answer.stdout.splitlines()
    [cv2] = [n for n, line in enumerate(lines) if line.startswith("FAIL  OpenCV: ")]
    assert "opencv-python 9.9" in lines[cv2]
    assert lines[cv2 + 1].startswith("      fix: keep exactly one cv2 distribution")
    [dlib] = [line for line in lines if "dlib: " in line and "9.9" in line]
    assert dlib.startswith("FAIL  ")
    assert [line for line in lines if line.startswith("ok    landmark models")] != []


@pytest.mark.parametrize(
    ("module", "name", "number", "told"),
    [
        (tempfile, "TemporaryFile", errno.EROFS, "is not writable: Read-only file system"),
        (fcntl, "flock", errno.ENOLCK, "is writable and does not lock: No locks available"),
    ],
)
def test_a_folder_that_cannot_be_written_or_locked_is_a_fault_and_told_which(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    number: int,
    told: str,
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, name, refuse)
    [folder] = [finding for finding in _machine() if finding.name == "output folder"]
    assert (folder.holds, folder.found) == (False, f"{tmp_path} {told}")
    assert list(tmp_path.iterdir()) == []
