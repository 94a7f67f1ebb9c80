"""CAS(ME)^2: a workbook without a header that names the folders by two other sheets."""

from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.data.database import read_database
from raicl.data.protocols.audit import audit
from raicl.data.protocols.audit_table import audit_table
from raicl.data.records import Database
from raicl.data.sheets.written_workbook import write_workbook
from tests.data.conftest import put_frames

CODES: list[list[Any]] = [
    [1, "disgust1_1", 8, 10, 14, "4", "negative", "micro-expression", "disgust"],
    [1, "disgust1_2", 97, 99, 103, "4+7", "negative", "micro-expression", "disgust"],
    [1, "happy2_1", 20, 24, 60, "12", "positive", "macro-expression", "happiness"],
    [2, "happy2_1", 5, 7, 9, "12", "positive", "micro-expression", "happiness"],
    [2, "happy2_2", 30, 33, 0, "12", "positive", "micro-expression", "happiness"],
    [3, "happy2_1", 5, 7, 9, "1", "surprise", "micro-expression", "surprise"],
    [2, "anger1_1", 5, 7, 9, "4", "others", "micro-expression", "anger"],
]
SUBJECTS = [["a", "s15", 1], ["b", "s16", 2]]
VIDEOS = [["0101", "disgust1"], [503, "happy2"]]


def write(root: Path, tree: str = "CASME_sq/rawpic/rawpic", **sheets: list[list[Any]]) -> Path:
    """The database, with other sheets where given."""
    put_frames(root / tree / "s15" / "15_0101disgustingteeth", range(1, 120), "img0")
    put_frames(root / tree / "s15" / "15_0503unnyfarting", range(1, 80), "img")
    put_frames(root / tree / "s16" / "16_0503unnyfarting", range(1, 80), "img")
    titles = {"codes": CODES, "subjects": SUBJECTS, "videos": VIDEOS} | sheets
    (root / "CAS(ME)^2code_final.xlsx").write_bytes(write_workbook(titles))
    return root


def reasons_of(database: Database) -> dict[str, str]:
    return {skipped.id: skipped.reason for skipped in database.skipped}


@pytest.mark.parametrize("tree", ["CASME_sq/rawpic/rawpic", "rawpic", "frames"])
def test_rows_are_matched_with_folders_by_the_two_other_sheets(tmp_path: Path, tree: str) -> None:
    database = read_database("casme_sq", root=write(tmp_path, tree))
    found = [(item.clip.id, item.clip.emotion, item.clip.fps) for item in database.footage]
    assert found == [
        ("casme_sq/s15/0101@8", "negative", 30.0),
        ("casme_sq/s15/0101@97", "negative", 30.0),  # a second expression of the same video
        ("casme_sq/s16/0503@5", "positive", 30.0),
    ]
    numbers = [[frame.number for frame in item.frames] for item in database.footage]
    assert numbers == [list(range(8, 15)), list(range(97, 104)), list(range(5, 10))]
    assert reasons_of(database) == {
        "casme_sq/s16/0503@30": "its onset 30 is not before its offset 0",
        "casme_sq/s16/anger1_1@5": "its row has no folder on disk",
        "casme_sq/3, which the second sheet lacks/0503@5": (
            "row 6: '3, which the second sheet lacks' is no subject's number"
        ),
    }


def test_macro_expressions_are_left_out_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = audit_table(audit(read_database("casme_sq", root=write(tmp_path))))
    assert text.startswith("casme_sq (layout from secondary sources): 3 clips of 2 subjects")
    assert "1 rows of other than micro-expressions are left out" in capsys.readouterr().err


def test_numbers_as_text_and_subjects_without_their_letter_are_the_same(tmp_path: Path) -> None:
    expected = read_database("casme_sq", root=write(tmp_path)).footage
    texts = [[None if cell is None else str(cell) for cell in line] for line in CODES]
    subjects = [["a", 15, "1"], ["b", "16", "2"]]
    videos = [["0101", "Disgust1"], ["503", "HAPPY2"]]
    write(tmp_path, codes=texts, subjects=subjects, videos=videos)
    assert read_database("casme_sq", root=tmp_path).footage == expected


def test_crops_beside_the_raw_pictures_are_not_read(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "CASME_sq/rawpic_crop")
    footage = read_database("casme_sq", root=tmp_path).footage
    assert {item.frames[0].path.parts[-4] for item in footage} == {"rawpic"}


def test_a_workbook_without_the_two_other_sheets_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "CAS(ME)^2code_final.xlsx").write_bytes(write_workbook({"codes": CODES}))
    with pytest.raises(InputError, match="three sheets") as caught:
        read_database("casme_sq", root=root)
    assert "--annotations" in caught.value.fix


def test_two_folders_of_one_video_are_not_chosen_between(tmp_path: Path) -> None:
    root = write(tmp_path)
    put_frames(root / "CASME_sq" / "rawpic" / "rawpic" / "s16" / "16_0503copy", range(1, 80))
    database = read_database("casme_sq", root=root)
    assert {item.clip.subject for item in database.footage} == {"s15"}
    reason = "two folders of its subject fit 0503: 16_0503copy, 16_0503unnyfarting"
    assert reasons_of(database)["casme_sq/s16/0503@5"] == reason
