"""The miniatures: as the real archives lie on disk, whatever reads them."""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import pytest
from openpyxl import load_workbook

from raicl.common.errors import ConflictError, InputError, UsageError
from raicl.data.cli import synth
from raicl.data.database import read_database
from raicl.data.miniature import casme2, casme3, samm, smic
from raicl.data.miniature.layouts import MINIATURES, write_miniature


def names(folder: Path) -> set[str]:
    """File names of the frames in a folder."""
    return {path.name for path in folder.iterdir() if path.name[0] != "." and path.suffix != ".db"}


@pytest.mark.parametrize("layout", sorted(MINIATURES))
def test_a_miniature_is_the_same_each_time(tmp_path: Path, layout: str) -> None:
    trees = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        write_miniature(folder, layout)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        trees.append(
            {path.relative_to(folder): hashlib.sha256(path.read_bytes()).digest() for path in files}
        )
    assert len(trees[0]) > 50
    assert trees[0] == trees[1]


@pytest.mark.parametrize("layout", sorted(MINIATURES))
def test_every_picture_but_the_damaged_one_is_tiny_and_opens(tmp_path: Path, layout: str) -> None:
    write_miniature(tmp_path, layout)
    suffixes = {".jpg", ".bmp", ".png"}
    pictures = [
        path
        for path in tmp_path.rglob("*")
        if path.suffix in suffixes and not path.name.startswith("._")
    ]
    damaged = {path.name for path in pictures if path.stat().st_size == 0}
    assert damaged == ({"45.jpg"} if layout.startswith("casme3") else set())
    for path in pictures[::17]:
        if path.stat().st_size:
            assert cv2.imread(str(path)).shape == (24, 32, 3)


def test_a_folder_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_miniature(tmp_path / "taken", "samm")
    assert (tmp_path / "taken").read_text() == ""


def test_samm_pads_its_numbers_per_video(tmp_path: Path) -> None:
    tree = samm.write_samm(tmp_path)
    assert tree == tmp_path / "SAMM" / "SAMM"
    assert "006_00370.jpg" in names(tree / "006" / "006_1_3")
    assert names(tree / "006" / "006_3_1") == {f"006_{n:04d}.jpg" for n in range(7, 14)}
    assert {"006_00099.jpg", "006_00100.jpg"} <= names(tree / "006" / "006_1_2")
    assert "037_12345.jpg" in names(tree / "037" / "037_1_1")
    assert "021_4524.jpg" not in names(tree / "021" / "021_3_1")
    grey = cv2.imread(str(tree / "006" / "006_3_1" / "006_0007.jpg"), cv2.IMREAD_UNCHANGED)
    assert grey.ndim == 2


@pytest.mark.parametrize(("preamble", "header"), [(True, 14), (False, 1)])
def test_samm_s_sheet_has_its_header_on_line_14_and_formulas_without_values(
    tmp_path: Path, preamble: bool, header: int
) -> None:
    samm.write_samm(tmp_path, preamble=preamble)
    path = tmp_path / samm.SHEET
    sheet = load_workbook(path)["MICRO_ONLY"]
    assert [sheet.cell(header, column).value for column in (1, 2, 12)] == [
        *("Subject", "Filename", "Notes")
    ]
    first = header + 1
    assert sheet.cell(first, 1).value == "006"
    assert sheet.cell(first, 7).value == f"=SUM(F{first}-D{first})+1"
    assert load_workbook(path, data_only=True)["MICRO_ONLY"].cell(first, 7).value is None
    assert sheet.max_row == header + len(samm.ROWS) + 1
    emotions = {row.emotion for row in samm.ROWS}
    assert len(emotions) == 8
    assert "Other" in emotions


@pytest.mark.parametrize(("release", "prefix"), [("raw", "image"), ("cropped", "reg_image")])
def test_smic_lies_below_subject_kind_and_label(tmp_path: Path, release: str, prefix: str) -> None:
    tree = smic.write_smic(tmp_path, release)
    assert tree.parts[-1] == "HS"
    for row in smic.ROWS:
        clip = tree / f"s{row.subject}" / "micro" / smic.KINDS[row.kind] / row.name
        assert f"{prefix}{row.first:06d}.bmp" in names(clip)
    # six wide with five digits, and from six digits to seven
    assert f"{prefix}076518.bmp" in names(tree / "s1" / "micro" / "negative" / "s1_ne_01")
    growing = names(tree / "s1" / "micro" / "positive" / "s1_po_01")
    assert {f"{prefix}999999.bmp", f"{prefix}1000000.bmp"} <= growing
    assert names(tree / "s12" / "micro" / "positive" / "s12_po_01") == set()
    assert names(tree / "s1" / "non_micro" / "s1_n1")
    assert (tree / "li2013microexpressions.pdf").is_file()
    assert (tree.parent / "VIS" / "s1").is_dir()


def test_smic_e_s_sheet_has_formulas_a_second_expression_and_blank_rows(tmp_path: Path) -> None:
    tree = smic.write_smic_e(tmp_path)
    assert not (tree / "s03").exists()
    book = load_workbook(tmp_path / smic.SHEET_E)
    assert book.sheetnames == ["HS", "VIS", "Sheet2", "Sheet3"]
    header, *rows = book["HS"].iter_rows(values_only=True)
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    assert [line["Filename"] for line in lines[-3:]] == [None] * 3
    by_name = {line["Filename"]: line for line in lines}
    assert by_name["s1_ne_01"]["OffsetF"] == "=D2+K2-1"
    assert by_name["s1_ne_01"]["FirstF"] == "=VIS!D2"
    twice = [line["Filename"] for line in lines if line["Onset2F"]]
    assert twice == ["s2_sur_01"]
    assert by_name["s12_sur_02"]["Emotion"] == "negative"
    frames = names(tree / "s02" / "s2_sur_01")
    assert {"image17581033.jpg", "image17581071.jpg"} <= frames


def test_casme3_holds_whole_videos_or_clips_named_by_their_onset(tmp_path: Path) -> None:
    split = casme3.write_casme3(tmp_path / "split")
    color = names(split / "spNO.1" / "a" / "color")
    assert {"7.jpg", "99.jpg", "102.jpg"} <= color
    assert not {"6.jpg", "100.jpg", "101.jpg"} & color
    assert "7.png" in names(split / "spNO.1" / "a" / "depth")
    assert "0.jpg" not in names(split / "spNO.21" / "e" / "color")
    assert (split / "spNO.3" / "j").is_dir()

    clip = casme3.write_casme3(tmp_path / "clip", "clip")
    assert names(clip / "spNo.1_b_20") == {"20.jpg", "21.jpg", "22.jpg"}
    assert {path.name for path in clip.parent.iterdir()} == {"frame", "depth", "video"}


def test_every_cell_of_casme3_s_sheet_is_text(tmp_path: Path) -> None:
    casme3.write_casme3(tmp_path, "clip")
    book = load_workbook(tmp_path / casme3.SHEET)
    assert book.sheetnames == ["label", "Sheet1", "Sheet3"]
    cells = [cell for row in book["label"].iter_rows(values_only=True) for cell in row]
    assert {type(cell) for cell in cells} == {str}


def test_the_raw_casme2_carries_both_sheets_which_disagree_about_one_clip(tmp_path: Path) -> None:
    write_miniature(tmp_path, "casme2-raw")
    emotion = {}
    for version, name in casme2.SHEETS.items():
        database = read_database("casme2", root=tmp_path, annotations=tmp_path / name)
        assert database.sheet == version
        clips = {item.clip.id: item.clip.emotion for item in database.footage}
        emotion[version] = clips["casme2/sub24/EP07_01"]
    assert emotion == {"2014": "sadness", "2019": "surprise"}
    assert read_database("casme2", root=tmp_path).sheet == "2014"


@pytest.mark.parametrize("layout", sorted(MINIATURES))
def test_the_command_writes_a_miniature_and_names_what_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str
) -> None:
    synth(tmp_path / "new", layout=layout)
    assert any((tmp_path / "new").rglob("*.xlsx")) == (layout != "smic")
    database = MINIATURES[layout].database
    assert f"raicl-prep {database} --root {tmp_path / 'new'}" in capsys.readouterr().out
    with pytest.raises(ConflictError, match="not empty"):
        synth(tmp_path / "new", layout=layout)


@pytest.mark.parametrize(
    "option",
    [{"subjects": 12}, {"clips": 3}, {"test_clips": 3}, {"difficulty": "hard"}, {"seed": 0}],
)
def test_an_option_of_the_synthetic_faces_is_refused_with_a_miniature(
    tmp_path: Path, option: dict[str, Any]
) -> None:
    with pytest.raises(
        UsageError, match=f"--{next(iter(option)).replace('_', '-')} is for --layout casme2"
    ):
        synth(tmp_path / "new", layout="samm", **option)
    assert not (tmp_path / "new").exists()


def test_an_unknown_layout_is_told_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no layout 'casme3'") as caught:
        synth(tmp_path / "new", layout="casme3")
    assert caught.value.fix == "did you mean casme3a?"
