"""SMIC-E: the quirks of its sheet; what all readers do is in test_readers."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from raicl.common.errors import InputError
from raicl.data.records import Database
from tests.data.trees import SMIC, SMIC_LONG, SMIC_LONG_HEADER, smic_line


@pytest.fixture
def smic(tmp_path: Path) -> Path:
    return SMIC_LONG.write(tmp_path / "smic")


def rewrite(root: Path, *rows: list[Any], header: list[Any] = SMIC_LONG_HEADER) -> None:
    SMIC_LONG.write_sheet(root, [header, *rows])


def spans(database: Database) -> dict[str, tuple[str, int, int]]:
    clips = [item.clip for item in database.footage]
    return {clip.id: (clip.emotion, clip.onset, clip.offset) for clip in clips}


def test_values_are_those_of_the_sheet_at_100_frames_per_second(smic: Path) -> None:
    database = SMIC_LONG.read(smic)
    assert (database.name, database.layout, database.sheet) == ("smic", "raw", "e-hs")
    assert {item.clip.fps for item in database.footage} == {100.0}
    assert [item.clip.subject for item in database.footage] == ["s01", "s01", "s18"]


def test_an_offset_that_is_a_formula_without_a_value_follows_from_the_length(smic: Path) -> None:
    offsets = [offset for _, _, offset in spans(SMIC_LONG.read(smic)).values()]
    assert offsets == [76518 + 5 - 1, 17581043, 204 + 7 - 1]


def test_without_a_length_either_the_clip_has_no_offset(smic: Path) -> None:
    header = [None if word == "TotalMF1" else word for word in SMIC_LONG_HEADER]
    rewrite(smic, *SMIC_LONG.lines[1:], header=header)
    database = SMIC_LONG.read(smic)
    assert list(spans(database)) == SMIC_LONG.ids[1:2]
    assert {skipped.reason for skipped in database.skipped} == {"no offset"}


def test_the_emotion_is_that_of_the_name_whatever_the_sheet_says(smic: Path) -> None:
    assert SMIC_LONG.lines[3][-1] == "negative"
    assert spans(SMIC_LONG.read(smic))["smic/s18/s18_sur_03"][0] == "surprise"
    rewrite(smic, *[line[:-1] for line in SMIC_LONG.lines[1:]], header=SMIC_LONG_HEADER[:-1])
    assert spans(SMIC_LONG.read(smic))["smic/s18/s18_sur_03"][0] == "surprise"


def test_a_row_of_two_expressions_gives_two_clips_told_apart_by_their_onset(smic: Path) -> None:
    two = smic_line("s1", "s1_ne_01", 76516, "=D2+M2-1", 4, "negative", (76526, 6))
    rewrite(smic, two, *SMIC_LONG.lines[2:])
    database = SMIC_LONG.read(smic)
    assert database.skipped == ()
    found = spans(database)
    assert list(found)[:2] == ["smic/s01/s01_ne_01@76516", "smic/s01/s01_ne_01@76526"]
    assert found["smic/s01/s01_ne_01@76516"] == ("negative", 76516, 76519)
    assert found["smic/s01/s01_ne_01@76526"] == ("negative", 76526, 76531)
    assert len(found) == 4


def test_a_third_expression_is_read_and_one_of_the_same_onset_refused(smic: Path) -> None:
    three = smic_line("s1", "s1_ne_01", 76516, 76519, 4, "negative", (76516, 4))
    three[7:9] = [76530, 76533]
    rewrite(smic, three)
    database = SMIC_LONG.read(smic)
    assert list(spans(database)) == ["smic/s01/s01_ne_01@76516", "smic/s01/s01_ne_01@76530"]
    assert database.skipped[0].reason == "row 2 repeats row 2"


def test_two_expressions_of_one_onset_and_other_offsets_are_a_conflict(smic: Path) -> None:
    twice = smic_line("s1", "s1_ne_01", 76516, 76519, 4, "negative", (76516, 6))
    rewrite(smic, twice, SMIC_LONG.lines[2])
    (reason,) = (s.reason for s in SMIC_LONG.read(smic).skipped if "disagree" in s.reason)
    assert reason.startswith("parts of row 2 disagree: offset '76519' and '76521'")


@pytest.mark.parametrize("computed", [None, -1])
def test_formulas_copied_below_the_table_are_no_rows(smic: Path, computed: int | None) -> None:
    blank = [None, None, None, None, computed, None, None, None, None, None, 0, 0]
    rewrite(smic, *SMIC_LONG.lines[1:4], blank, blank)
    database = SMIC_LONG.read(smic)
    assert (list(spans(database)), database.skipped) == (SMIC_LONG.ids, ())


def test_a_variant_with_an_apex_gives_it(smic: Path) -> None:
    rows = [[*line, apex] for line, apex in zip(SMIC_LONG.lines[1:3], (76520, 1), strict=True)]
    rewrite(smic, *rows, header=[*SMIC_LONG_HEADER, "ApexF"])
    clips = [item.clip for item in SMIC_LONG.read(smic).footage]
    assert [(clip.apex, clip.flags) for clip in clips] == [
        (76520, ()),
        (None, ("apex-implausible",)),
    ]


@pytest.mark.parametrize("titles", [("HS", "VIS", "Sheet2"), ("VIS", "HS", "Sheet2")])
def test_the_worksheet_of_the_high_speed_camera_is_read(
    smic: Path, titles: tuple[str, ...]
) -> None:
    expected = SMIC_LONG.read(smic).footage
    book = Workbook()
    book.remove(book.worksheets[0])
    for title in titles:
        sheet = book.create_sheet(title)
        if title == "HS":
            for line in SMIC_LONG.lines:
                sheet.append(list(line))
        elif title == "VIS":
            sheet.append(SMIC_LONG_HEADER)
            sheet.append(smic_line("s1", "s1_ne_01", 19, 24, 6, "negative"))
    book.save(smic / SMIC_LONG.sheet)
    assert SMIC_LONG.read(smic).footage == expected


@pytest.mark.parametrize("nested", ["SMIC-HS-E/HS", "SMIC_HS_E", "."])
def test_the_folders_of_other_copies_are_found(smic: Path, nested: str) -> None:
    expected = spans(SMIC_LONG.read(smic))
    tree = smic / SMIC_LONG.tree
    for subject, padded in (("s01", "s1"), ("s18", "s018")):
        (tree / subject).rename(tree / padded)
    (tree / "s1" / "s1_ne_01").rename(tree / "s1" / "s01_ne_01")
    tree.rename(smic / "tree")
    target = smic / "HS_long" / nested
    target.parent.mkdir(parents=True, exist_ok=True)
    (smic / "tree").rename(target)
    assert spans(SMIC_LONG.read(smic)) == expected


def test_short_clips_beside_the_long_ones_are_not_mixed_in(smic: Path) -> None:
    expected = SMIC_LONG.read(smic).footage
    SMIC.write(smic / "short")
    assert SMIC_LONG.read(smic).footage == expected
    assert [item.clip.id for item in SMIC.read(smic).footage] == SMIC.ids


def test_two_folders_of_one_clip_are_not_merged(smic: Path) -> None:
    (smic / SMIC_LONG.tree / "s01" / "s01_ne_1").mkdir()
    database = SMIC_LONG.read(smic)
    assert list(spans(database)) == SMIC_LONG.ids[1:]
    assert {(skipped.id, skipped.reason) for skipped in database.skipped} == {
        ("smic/s01/s1_ne_01", "its row has no folder on disk"),
        ("smic/s01/s1_ne_01", "folder without a row in the sheet"),
        ("smic/s01/s01_ne_1", "folder without a row in the sheet"),
    }


def test_long_clips_of_another_camera_are_not_taken_for_these(smic: Path) -> None:
    (smic / SMIC_LONG.tree).rename(smic / "VIS_long")
    (smic / SMIC_LONG.tree.parent).rmdir()
    with pytest.raises(InputError, match="variant e-hs is not here") as caught:
        SMIC_LONG.read(smic)
    assert caught.value.fix == "give the folder that holds HS, VIS and NIR"
