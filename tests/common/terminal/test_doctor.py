"""What the doctor says of GPUs, from what torch and the driver tell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.terminal.doctor import describe_cards

H100, OLD = ("NVIDIA H100", 85_000_000_000, 9, ""), ("GTX 1080", 8_500_000_000, 6, "no kernel")


def test_a_card_is_told_with_its_memory_and_its_precisions() -> None:
    [card] = describe_cards("13.0", [H100], 1)
    assert card.holds
    assert card.found == "NVIDIA H100, 85 GB, TF32 and bfloat16"


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
    answer = subprocess.run(
        [sys.executable, "-c", "from raicl.common.terminal.umbrella import main; main()", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert answer.returncode == 4
    lines = answer.stdout.splitlines()
    [cv2] = [n for n, line in enumerate(lines) if line.startswith("FAIL  OpenCV: ")]
    assert "opencv-python 9.9" in lines[cv2]
    assert lines[cv2 + 1].startswith("      fix: keep exactly one cv2 distribution")
    [dlib] = [line for line in lines if "dlib: " in line and "9.9" in line]
    assert dlib.startswith("FAIL  ")
    assert [line for line in lines if line.startswith("ok    landmark models")] != []
