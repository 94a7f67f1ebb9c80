"""Pictures of flow through both stages: what nobody knows is said by every result, and no px is."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.train import load_model
from raicl.train.export.metadata import describe
from tests.train.conftest import Raicl

SAID = "unit unknown, zero and sign lost; mirrored without negating u"


@pytest.fixture
def place(tmp_path: Path, raicl: Raicl) -> Path:
    """Pictures of three people of two databases, a table as the lineage has it, and their cache."""
    (tmp_path / "pictures").mkdir()
    rng = np.random.default_rng(0)
    rows = ["imagename,sub,label"]
    for subject in ("sub01", "sub02", "006"):
        for label in range(3):
            clip = f"006_1_{label}" if subject == "006" else f"EP0{label}"
            name = f"{subject}_{clip} .png"
            picture = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
            assert cv2.imwrite(str(tmp_path / "pictures" / name), picture)
            rows.append(f"{name.replace(' .png', '.jpg')},{subject},{label}")
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    done = raicl("prep", "import", *words(tmp_path))
    assert done.code == 0
    assert "no onset faces, no frame numbers" in done.out
    return tmp_path


def words(place: Path, root: str = "pictures") -> list[object]:
    table, out = place / "clips.csv", place / "real.h5"
    return ["--root", place / root, "--annotations", table, "--out", out]


@pytest.fixture
def small(config: Path) -> list[object]:
    """The options of a run of 28 px whose map has 4 x 4 cells."""
    return ["--config", config, "--size", 28, "--epochs", 1]


def test_the_physical_mirror_image_is_refused_in_one_line(
    place: Path, small: list[object], raicl: Raicl
) -> None:
    done = raicl("train", place / "real.h5", *small, "--run-dir", place / "run")
    assert done.code == 2
    [line] = [line for line in done.err.splitlines() if line.startswith("error")]
    assert "--flip physical" in line
    assert "--flip tensor" in done.err
    assert not (place / "run").exists()


def test_every_result_says_what_is_unknown(place: Path, small: list[object], raicl: Raicl) -> None:
    run, flows = place / "run", place / "real.h5"
    done = raicl("train", flows, *small, "--flip", "tensor", "--run-dir", run)
    assert done.code == 0
    assert SAID in done.out
    assert SAID in done.err
    assert "px" not in done.out
    results = json.loads((run / "results.json").read_text())
    assert (results["flow"], results["strata"], results["clips"]) == (SAID, {}, 9)
    rows = list(csv.DictReader((run / "predictions.csv").read_text().splitlines()))
    assert {row["motion_px"] for row in rows} == {"unknown"}
    fold = load_model(next(run.glob("folds/*/*")))
    assert "u, v, strain (unit unknown, zero and sign lost)" in repr(fold)
    assert "px" not in "".join(describe(fold).values())
    assert raicl("report", run, "--flows", flows, "--out", place / "page.html").code == 0
    text = (place / "page.html").read_text()
    assert SAID in text
    assert "Weak and strong motion" not in text


def test_without_irc_and_mrd_nothing_is_mirrored(
    place: Path, small: list[object], raicl: Raicl
) -> None:
    plain = ["--sampling", "apex", "--no-irc", "--no-mrd"]
    options = [*small, *plain, "--no-pictures", "--fold", "#0"]
    done = raicl("train", place / "real.h5", *options, "--run-dir", place / "run")
    assert done.code == 0
    assert "unit unknown, zero and sign lost; nothing is mirrored" in done.out


def test_a_model_of_such_flow_takes_such_flow(
    place: Path, small: list[object], raicl: Raicl
) -> None:
    model, flows = place / "model", place / "real.h5"
    assert raicl("fit", flows, *small, "--flip", "tensor", "--out", model).code == 0
    statistics = json.loads((model / "statistics.json").read_text())
    assert statistics["quantities"]["motion_mean_px"]["clips"] == 0
    card = (model / "README.md").read_text()
    assert "u, v and strain as raicl-prep import makes them (unit unknown, zero" in card
    assert "px (flow)" not in card
    assert raicl("predict", model, flows, "--out", place / "said").code == 0


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("picture without a row", "1 file without a row"),
        ("row without a picture", "no file for"),
        ("nan", "a NaN or an infinity"),
        ("no table", "the sheet does not exist"),
    ],
)
def test_a_wrong_input_is_one_line_with_exit_code_3(
    tmp_path: Path, raicl: Raicl, what: str, message: str
) -> None:
    (tmp_path / "flows").mkdir()
    flow = np.full((2, 28, 28), np.nan if what == "nan" else 0.5)
    np.save(tmp_path / "flows" / "anna_a.npy", flow)
    if what == "picture without a row":
        np.save(tmp_path / "flows" / "anna_b.npy", flow)
    rows = ["file,subject,emotion", "anna_a.npy,anna,happiness"]
    rows += ["anna_c.npy,anna,surprise"] if what == "row without a picture" else []
    if what != "no table":
        (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    before = sorted(tmp_path.rglob("*"))
    done = raicl("prep", "import", *words(tmp_path, "flows"))
    assert done.code == 3
    assert message in next(line for line in done.err.splitlines() if line.startswith("error"))
    assert sorted(tmp_path.rglob("*")) == before
