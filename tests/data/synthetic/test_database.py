"""The synthetic database on disk: layout, sheet, repeatability and refusals."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from openpyxl import load_workbook
from pydantic import TypeAdapter

from raicl.common.clip import Clip
from raicl.common.errors import ConflictError, InputError, SetupError, UsageError
from raicl.data.cli import demo, synth
from raicl.data.database import read_database
from raicl.data.sheets.written_workbook import write_workbook
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.difficulty import DIFFICULTIES, Difficulty, described
from raicl.data.synthetic.plan import Scene, plan_scenes
from raicl.data.synthetic.tree import LAYOUTS
from raicl.data.synthetic.truth import read_truth

CASME2 = LAYOUTS["casme2"]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Scene, ...]]:
    folder = tmp_path_factory.mktemp("synthetic") / "casme2"
    return folder, make_database(folder, subjects=2, clips=2, seed=3, jobs=2)


@pytest.fixture(scope="module")
def partly_tested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Scene, ...]]:
    """The same with one more clip of each person, which is only tested."""
    folder = tmp_path_factory.mktemp("synthetic") / "partly"
    return folder, make_database(folder, subjects=2, clips=2, test_clips=1, seed=3, jobs=1)


def clip_folder(folder: Path, scene: Scene) -> Path:
    return folder / CASME2.pictures / CASME2.subject(scene) / CASME2.clip(scene)


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_one_and_two_jobs_write_the_same_bytes(
    database: tuple[Path, tuple[Scene, ...]], tmp_path: Path
) -> None:
    folder, _ = database
    make_database(tmp_path, subjects=2, clips=2, seed=3, jobs=1)
    assert digests(tmp_path) == digests(folder)


def test_another_seed_writes_other_pictures(
    database: tuple[Path, tuple[Scene, ...]], tmp_path: Path
) -> None:
    folder, _ = database
    make_database(tmp_path, subjects=1, clips=1, seed=4, jobs=1)
    pictures = {name: d for name, d in digests(tmp_path).items() if name.endswith(".jpg")}
    assert pictures
    assert not set(pictures.values()) & set(digests(folder).values())


def test_every_frame_from_onset_to_offset_is_a_colour_jpeg_of_vga_size(
    database: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = database
    for scene in scenes:
        expected = {f"img{n}.jpg" for n in range(scene.onset, scene.offset + 1)}
        assert {path.name for path in clip_folder(folder, scene).iterdir()} == expected
        first = cv2.imread(str(clip_folder(folder, scene) / f"img{scene.onset}.jpg"))
        assert first is not None
        assert first.shape == (480, 640, 3)
        assert not np.array_equal(first[..., 0], first[..., 2])


def test_the_sheet_has_the_official_header_and_types(
    database: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = database
    book = load_workbook(folder / "CASME2-coding-20140508.xlsx")
    assert book.sheetnames == ["Sheet1", "Sheet2", "Sheet3"]
    header, *rows = book["Sheet1"].iter_rows(values_only=True)
    assert header == (
        *("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None),
        *("Action Units", "Estimated Emotion"),
    )
    assert len(rows) == len(scenes)
    for row, scene in zip(rows, scenes, strict=True):
        assert row[0] == f"{scene.subject + 1:02d}"
        assert (folder / CASME2.pictures / f"sub{row[0]}" / str(row[1])).is_dir()
        assert row[3:6] == (scene.onset, scene.onset + scene.apex, scene.offset)
        assert row[8] == scene.emotion


def test_an_unknown_apex_is_a_slash_as_in_the_original(tmp_path: Path) -> None:
    scenes = plan_scenes(12, 6, 0)
    (tmp_path / "sheet.xlsx").write_bytes(CASME2.annotate(scenes))
    sheet = load_workbook(tmp_path / "sheet.xlsx")["Sheet1"]
    apexes = [row[4] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert apexes.count("/") == 1
    assert all(isinstance(apex, int) for apex in apexes if apex != "/")


def test_dlib_finds_exactly_the_face_on_every_onset_frame(
    database: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = database
    detect = dlib.get_frontal_face_detector()
    for scene in scenes:
        path = clip_folder(folder, scene) / f"img{scene.onset}.jpg"
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        (box,) = detect(picture, 0)
        name = f"{CASME2.subject(scene)}/{CASME2.clip(scene)}.npz"
        motion, _, _ = read_truth(folder / "truth" / name)
        centre = np.array([box.center().x, box.center().y])
        # dlib's pyramid places boxes in steps of about 30 px at this size
        assert np.abs(centre - motion.pivot).max() < 45
        assert 200 < box.width() < 320


def test_a_complete_database_is_left_alone_and_another_one_refused(
    database: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = database
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert make_database(folder, subjects=2, clips=2, seed=3) == scenes
    with pytest.raises(ConflictError, match="another database"):
        make_database(folder, subjects=2, clips=2, seed=5)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_database_of_an_older_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    made = tmp_path / "database/truth/settings.json"
    made.parent.mkdir(parents=True)
    made.write_text(json.dumps({"subjects": 1, "clips": 1}))
    for write in (
        lambda: make_database(tmp_path / "database", subjects=1, clips=1, jobs=1),
        lambda: synth(tmp_path / "database", subjects=1, clips=1, jobs=1),
        lambda: demo(tmp_path),
    ):
        with pytest.raises(ConflictError, match="of an older raicl") as refused:
            write()
        assert "remove the folder first" in refused.value.fix
    assert not (tmp_path / "flows.h5").exists()


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".synthetic.tmp" / "truth").mkdir(parents=True)
    (tmp_path / ".synthetic.tmp" / "half.jpg").write_bytes(b"")
    synth(tmp_path, subjects=1, clips=1, jobs=1)
    assert {path.name for path in tmp_path.iterdir()} == {
        "CASME2_RAW_selected",
        "CASME2-coding-20140508.xlsx",
        "truth",
    }


@pytest.mark.parametrize(
    "wrong",
    [{"subjects": 0}, {"clips": -1}, {"test_clips": -1}, {"seed": -1}, {"layout": "casme4"}],
)
def test_wrong_arguments_are_usage_errors_and_leave_no_trace(
    wrong: dict[str, int | str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        make_database(tmp_path / "new", **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_folder_s_place_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        make_database(tmp_path / "taken", subjects=1, clips=1, jobs=1)


def test_without_scikit_image_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "skimage", None)
    with pytest.raises(SetupError) as caught:
        make_database(tmp_path, subjects=1, clips=1, jobs=1)
    assert "raicl[demo]" in caught.value.fix
    assert not list(tmp_path.iterdir())


def test_clips_that_are_only_tested_leave_the_others_as_they_are(
    database: tuple[Path, tuple[Scene, ...]], partly_tested: tuple[Path, tuple[Scene, ...]]
) -> None:
    folder, scenes = database
    with_more, more = partly_tested
    assert [scene.split for scene in more] == ["train", "train", "test"] * 2
    assert [replace(scene, split="") for scene in more if scene.split == "train"] == list(scenes)
    pictures = {n: d for n, d in digests(folder).items() if n.endswith((".jpg", ".npz"))}
    assert pictures.items() < digests(with_more).items()
    emotions = {scene.emotion for scene in plan_scenes(12, 6, 0, test_clips=40) if scene.index > 5}
    assert emotions == {"happiness", "surprise", "disgust", "repression"}


def test_only_its_own_reader_knows_what_is_only_tested(
    partly_tested: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = partly_tested
    splits = {
        name: [item.clip.split for item in read_database(name, root=folder).footage]
        for name in ("synthetic", "casme2")
    }
    assert splits == {"synthetic": [scene.split for scene in scenes], "casme2": [""] * len(scenes)}
    clips = [item.clip for item in read_database("synthetic", root=folder).footage]
    assert [TypeAdapter(Clip).validate_python(clip.to_json()) for clip in clips] == clips
    [plain] = {"split" in replace(clip, split="").to_json() for clip in clips}
    assert not plain  # the index of a real database does not change


def test_many_test_clips_are_balanced_without_rare_emotions_and_have_names_of_their_own() -> None:
    scenes = plan_scenes(3, 6, 0, test_clips=40)
    for subject in range(3):
        own = [scene for scene in scenes if scene.subject == subject]
        assert [scene.index for scene in own] == list(range(46))
        assert len({CASME2.clip(scene) for scene in own}) == 46
        counts = Counter(scene.emotion for scene in own if scene.split == "test")
        assert counts["happiness"] == 14
        assert counts["surprise"] == 13
        assert counts["disgust"] + counts["repression"] == 13
        assert min(counts["disgust"], counts["repression"]) == 6


@pytest.mark.parametrize("cell", ["Test", "both", None])
def test_an_unknown_split_stops_the_reader_and_names_its_row(
    database: tuple[Path, tuple[Scene, ...]], tmp_path: Path, cell: str | None
) -> None:
    folder, scenes = database
    lines = [list(row) for row in _rows(folder / CASME2.sheet)]
    for line, split in zip(lines, ["Split", "train", cell, "test", "test"], strict=True):
        line.append(split)
    sheet = tmp_path / CASME2.sheet
    sheet.write_bytes(write_workbook({"Sheet1": lines}))
    with pytest.raises(InputError, match=r"row 3: the split .* is neither train nor test"):
        read_database("synthetic", root=folder, annotations=sheet)
    assert len(read_database("casme2", root=folder, annotations=sheet).footage) == len(scenes)


def _rows(sheet: Path) -> list[tuple[object, ...]]:
    return list(load_workbook(sheet)["Sheet1"].iter_rows(values_only=True))


def test_the_command_records_the_difficulty_and_names_the_reader_of_test_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "hard"
    synth(folder, subjects=1, clips=1, test_clips=1, difficulty="hard", jobs=1)
    assert f"next: raicl-prep synthetic --root {folder}" in capsys.readouterr().out
    made = json.loads((folder / "truth/settings.json").read_text())["difficulty"]
    assert made == json.loads(json.dumps(described(DIFFICULTIES["hard"])))
    assert "weak" not in made  # an older database of the same settings is still complete
    assert Difficulty() != DIFFICULTIES["hard"]
