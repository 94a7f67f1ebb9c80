"""A planted leak, from pictures that are used twice to the control that names them."""

import json
from pathlib import Path

import pytest

from tests.commands import QUICK, run
from tests.preprocess.conftest import write_clip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one's own clips: two subjects, and `guest`, who is sub01 under another name."""
    folder = tmp_path_factory.mktemp("leaks")
    rows = ["subject,clip,onset,offset,emotion"]
    for subject, first in (("sub01", 0), ("sub02", 3), ("guest", 0)):
        for number, emotion in enumerate(("happiness", "surprise", "disgust")):
            pictures = folder / "clips" / subject / f"c{number}"
            clip = write_clip(pictures, seed=first + number).clip
            rows.append(f"{subject},c{number},{clip.onset},{clip.offset},{emotion}")
    (folder / "clips" / "clips.csv").write_text("\n".join(rows) + "\n")
    words = ["--root", "clips", "--align", "none", "--out", "flows.h5", *QUICK]
    prepared = run("raicl-prep", "folder", *words, cwd=folder)
    assert prepared.returncode == 0, prepared.stderr
    return folder


def test_pictures_used_again_under_another_name_are_named_and_end_with_3(place: Path) -> None:
    answer = run("raicl", "leaks", "flows.h5", cwd=place)
    assert answer.returncode == 3
    assert "folder/guest and folder/sub01: " in answer.stdout
    assert "pairs of clips share" in answer.stdout
    assert "folder/sub02" not in answer.stdout
    assert "pairs of clips are on both sides of a fold" in answer.stderr
    assert not (place / "runs").exists()
    found = json.loads(run("raicl", "leaks", "flows.h5", "--json", cwd=place).stdout)
    clips = {tuple(pair["clips"]): pair for pair in found["pairs"]}
    for clip in {path.name for path in (place / "clips/sub01").iterdir()}:
        pair = clips[f"folder/guest/{clip}", f"folder/sub01/{clip}"]
        assert (pair["instances"], pair["frames"]) == (4, 4)
        assert pair["example"][0] == pair["example"][1]


def test_training_on_them_warns_at_the_start_and_in_the_results(place: Path) -> None:
    words = ["flows.h5", "--preset", "tiny", "--epochs", "1", "--fold", "0", "--no-pictures"]
    answer = run("raicl-train", *words, "--run-dir", "run", cwd=place)
    assert answer.returncode == 0, answer.stderr
    assert "warning: duplicates: 3 clips under several subjects: " in answer.stderr
    assert "duplicates    3 clips under several subjects: " in answer.stdout
    assert len(json.loads((place / "run/results.json").read_text())["duplicates"]) == 3
