"""Pictures of flow through both stages: what nobody knows is said by every result, and no px is."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.commands import run

SMALL = ["--preset", "tiny", "--size", "28", "--epochs", "1", "--pairs", "2", "--width", "4"]
SMALL += ["--dim", "16", "--decoder-heads", "2", "--decoder-hidden", "16", "--threads", "1"]
SAID = "unit unknown, zero and sign lost; mirrored without negating u"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of three people of two databases, a table, and the cache of them."""
    place = tmp_path_factory.mktemp("imported")
    (place / "pictures").mkdir()
    rng = np.random.default_rng(0)
    rows = ["imagename,sub,label"]
    for subject in ("sub01", "sub02", "006"):
        for label in range(3):
            clip = f"006_1_{label}" if subject == "006" else f"EP0{label}"
            name = f"{subject}_{clip} .png"
            picture = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
            assert cv2.imwrite(str(place / "pictures" / name), picture)
            rows.append(f"{name.replace(' .png', '.jpg')},{subject},{label}")
    (place / "clips.csv").write_text("\n".join(rows) + "\n")
    done = run("raicl-prep", "import", *IMPORT, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "no onset faces, no frame numbers" in done.stdout
    return place


IMPORT = ["--root", "pictures", "--annotations", "clips.csv", "--out", "real.h5"]


def test_the_physical_mirror_image_is_refused_in_one_line(place: Path) -> None:
    done = run("raicl-train", "real.h5", *SMALL, "--run-dir", "refused", cwd=place)
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert "--flip physical" in line
    assert "--flip tensor" in done.stderr
    assert not (place / "refused").exists()


def test_every_result_says_what_is_unknown(place: Path) -> None:
    done = run("raicl-train", "real.h5", *SMALL, "--flip", "tensor", "-d", "run", cwd=place)
    assert done.returncode == 0, done.stderr
    assert SAID in done.stdout
    assert SAID in done.stderr
    assert "px" not in done.stdout
    results = json.loads((place / "run" / "results.json").read_text())
    assert results["flow"] == SAID
    assert results["strata"] == {}
    assert results["clips"] == 9
    text = (place / "run" / "predictions.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["motion_px"] for row in rows} == {"unknown"}
    page = run("raicl", "report", "run", "--flows", "real.h5", "--out", "page.html", cwd=place)
    assert page.returncode == 0, page.stderr
    text = (place / "page.html").read_text()
    assert SAID in text
    assert "Weak and strong motion" not in text


@pytest.mark.slow
def test_a_model_of_such_flow_takes_such_flow(place: Path) -> None:
    fitted = run("raicl", "fit", "real.h5", *SMALL, "--flip", "tensor", "-o", "model", cwd=place)
    assert fitted.returncode == 0, fitted.stderr
    statistics = json.loads((place / "model" / "statistics.json").read_text())
    assert statistics["quantities"]["motion_mean_px"]["clips"] == 0
    said = run("raicl", "predict", "model", "real.h5", "--out", "said.json", cwd=place)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("picture without a row", "1 file without a row"),
        ("row without a picture", "no file for"),
        ("nan", "a NaN or an infinity"),
    ],
)
def test_a_wrong_input_is_one_line_with_exit_code_3(
    tmp_path: Path, what: str, message: str
) -> None:
    (tmp_path / "flows").mkdir()
    flow = np.full((2, 28, 28), np.nan if what == "nan" else 0.5)
    np.save(tmp_path / "flows" / "anna_a.npy", flow)
    if what == "picture without a row":
        np.save(tmp_path / "flows" / "anna_b.npy", flow)
    rows = ["file,subject,emotion", "anna_a.npy,anna,happiness"]
    rows += ["anna_c.npy,anna,surprise"] if what == "row without a picture" else []
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    before = sorted(tmp_path.rglob("*"))
    words = ["--root", "flows", "--annotations", "clips.csv", "--out", "real.h5"]
    done = run("raicl-prep", "import", *words, cwd=tmp_path)
    assert done.returncode == 3
    assert message in next(line for line in done.stderr.splitlines() if line.startswith("error"))
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
