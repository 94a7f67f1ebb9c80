"""CASME II: every quirk of its releases, on miniature trees."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.data.database import read_database
from raicl.data.miniature.casme2 import (
    LAST,
    RELEASES,
    ROWS,
    SHEETS,
    TRUNCATED,
    WITHOUT_FOLDER,
    WITHOUT_ROW,
    table,
    write_casme2,
)
from raicl.data.readers.casme2 import read_casme2
from raicl.data.records import Database
from raicl.data.sheets.corrections import parse_corrections
from tests.data.conftest import put_frames, put_tree, workbook

SHEET, SHEET_2019 = SHEETS["2014"], SHEETS["2019"]
TREE = Path("CASME2_RAW_selected", "CASME2_RAW_selected")


def clips_of(database: Database) -> dict[str, dict[str, Any]]:
    return {item.clip.id: asdict(item.clip) for item in database.footage}


def reasons_of(database: Database) -> dict[str, str]:
    return {skipped.id: skipped.reason for skipped in database.skipped}


def rewrite(root: Path, row: int, **changes: Any) -> None:
    """Change cells of the sheet: by row of `ROWS`, by header."""
    lines = table()
    for header, value in changes.items():
        lines[row + 1][lines[0].index(header)] = value
    (root / SHEET).write_bytes(workbook(lines))


def test_every_row_becomes_a_clip_with_its_values(casme2: Path) -> None:
    database = read_database("casme2", root=casme2)
    assert (database.name, database.layout, database.sheet) == ("casme2", "raw-selected", "2014")
    assert len(database.footage) == len(ROWS)
    assert database.skipped == ()
    clip = database.footage[0].clip
    assert clip.id == "casme2/sub01/EP01_2"
    assert (clip.onset, clip.apex, clip.offset) == (5, 9, 14)
    assert (clip.emotion, clip.fps, clip.sheet, clip.flags) == ("happiness", 200.0, "2014", ())


@pytest.mark.parametrize("clip", [0, 1])
def test_frames_are_ordered_as_numbers_across_a_new_digit(casme2: Path, clip: int) -> None:
    footage = read_database("casme2", root=casme2).footage[clip]
    _, _, onset, _, offset, _, _ = ROWS[clip]
    assert [frame.number for frame in footage.frames] == list(range(onset, offset + 1))
    assert [frame.path.name for frame in footage.frames] == [
        f"img{n}.jpg" for n in range(onset, offset + 1)
    ]


@pytest.mark.parametrize("layout", sorted(RELEASES))
def test_each_release_gives_the_same_clips(tmp_path: Path, layout: str) -> None:
    put_tree(tmp_path, layout)
    (tmp_path / SHEET).write_bytes(workbook(table()))
    database = read_database("casme2", root=tmp_path)
    assert database.layout == layout
    assert [item.clip.name for item in database.footage] == [row[1] for row in ROWS]
    for item in database.footage:
        numbers = [frame.number for frame in item.frames]
        assert numbers == list(range(item.clip.onset, item.clip.offset + 1))
        assert "truncated" not in item.clip.flags


def test_of_several_releases_the_documented_one_is_read_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / SHEET).write_bytes(workbook(table()))
    put_tree(tmp_path, "cropped")
    put_tree(tmp_path, "raw-full")
    assert read_database("casme2", root=tmp_path).layout == "raw-full"
    put_tree(tmp_path, "raw-selected")
    assert read_database("casme2", root=tmp_path).layout == "raw-selected"
    assert "using raw-selected" in capsys.readouterr().err


def test_two_trees_of_one_release_are_ambiguous(tmp_path: Path) -> None:
    (tmp_path / SHEET).write_bytes(workbook(table()))
    put_tree(tmp_path / "a", "cropped")
    put_tree(tmp_path / "b", "cropped")
    with pytest.raises(InputError, match="2 candidates") as caught:
        read_database("casme2", root=tmp_path)
    assert "--root" in caught.value.fix
    assert str(tmp_path / "b") in caught.value.where


def test_folders_are_matched_whatever_their_case(tmp_path: Path) -> None:
    tree = put_tree(tmp_path, rows=ROWS[:2])
    (tree / "sub01").rename(tree / "Sub1")
    (tree / "Sub1" / "EP02_01f").rename(tree / "Sub1" / "ep02_01F")
    (tmp_path / SHEET).write_bytes(workbook(table(rows=ROWS[:2])))
    database = read_database("casme2", root=tmp_path)
    assert list(clips_of(database)) == ["casme2/sub01/EP01_2", "casme2/sub01/EP02_01f"]
    assert database.skipped == ()


@pytest.mark.parametrize("write", [int, float, lambda s: f"sub{s}", lambda s: f" {s} "])
def test_subjects_as_text_or_number_are_the_same(casme2: Path, write: Any) -> None:
    expected = clips_of(read_database("casme2", root=casme2))
    lines = table()
    for line in lines[1:]:
        line[0] = write(line[0])
    (casme2 / SHEET).write_bytes(workbook(lines))
    assert clips_of(read_database("casme2", root=casme2)) == expected


def test_a_row_without_an_emotion_costs_its_clip_and_is_listed(casme2: Path) -> None:
    rewrite(casme2, 0, **{"Estimated Emotion": " "})
    reasons = reasons_of(read_database("casme2", root=casme2))
    assert reasons == {"casme2/sub01/EP01_2": "its row has no emotion"}


def test_numbers_as_text_full_width_or_float_are_read(casme2: Path) -> None:
    expected = read_database("casme2", root=casme2)
    changes = {"OnsetFrame": "５", "ApexFrame": 9.0, "OffsetFrame": " 14.0 "}
    rewrite(casme2, 0, **changes, **{"Estimated Emotion": " Happy "})
    assert read_database("casme2", root=casme2).footage == expected.footage


@pytest.mark.parametrize(
    ("apex", "kept", "flags"),
    [
        ("/", None, ("apex-missing",)),
        (None, None, ("apex-missing",)),
        (5, 5, ()),
        (14, 14, ()),
        (4, None, ("apex-implausible",)),
        (15, None, ("apex-implausible",)),
        ("about 9", None, ("apex-implausible",)),
    ],
)
def test_an_apex_is_kept_as_annotated_or_flagged(
    casme2: Path, apex: object, kept: int | None, flags: tuple[str, ...]
) -> None:
    rewrite(casme2, 0, ApexFrame=apex)
    clip = read_database("casme2", root=casme2).footage[0].clip
    assert (clip.apex, clip.flags) == (kept, flags)


def test_a_folder_without_a_row_is_listed(casme2: Path) -> None:
    put_frames(casme2 / TREE / "sub02" / "EP02_07", range(3))
    put_frames(casme2 / TREE / "sub09" / "EP02_02f", range(3))
    assert reasons_of(read_database("casme2", root=casme2)) == {
        "casme2/sub02/EP02_07": "folder without a row in the sheet",
        "casme2/sub09/EP02_02f": "folder without a row in the sheet",
    }


def remove(folder: Path, *numbers: int) -> None:
    for number in numbers:
        (folder / f"img{number}.jpg").unlink()


def test_a_clip_whose_last_frames_are_missing_ends_with_those_on_disk(casme2: Path) -> None:
    remove(casme2 / TREE / "sub01" / "EP01_2", 12, 13, 14)
    item = read_database("casme2", root=casme2).footage[0]
    assert item.clip.flags == ("truncated",)
    assert item.clip.offset == 14
    assert [frame.number for frame in item.frames] == list(range(5, 12))


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ((5,), "its onset frame 5 is not on disk, where frames 6 to 14 are"),
        (range(6, 15), "only its onset frame is on disk"),
        (range(5, 15), "its folder holds no frame"),
    ],
)
def test_a_clip_without_onset_or_second_frame_is_skipped(
    casme2: Path, missing: Any, reason: str
) -> None:
    remove(casme2 / TREE / "sub01" / "EP01_2", *missing)
    assert reasons_of(read_database("casme2", root=casme2)) == {"casme2/sub01/EP01_2": reason}


@pytest.mark.parametrize("nesting", [Path(), Path("one"), None])
@pytest.mark.parametrize("version", sorted(SHEETS))
@pytest.mark.parametrize("release", sorted(RELEASES))
def test_every_quirk_of_every_release_is_read_for_what_it_is(
    tmp_path: Path, release: str, version: str, nesting: Path | None
) -> None:
    write_casme2(tmp_path, release, versions=[version], nesting=nesting)
    database = read_database("casme2", root=tmp_path)
    assert (database.layout, database.sheet) == (release, version)
    assert [(item.clip.name, item.clip.emotion) for item in database.footage] == [
        (row.name, "surprise" if version == "2019" and row.name == "EP07_01" else row.emotion)
        for row in (*ROWS, TRUNCATED)
    ]
    flags = {item.clip.name: item.clip.flags for item in database.footage if item.clip.flags}
    truncated = {TRUNCATED.name: ("truncated",)} if release == "cropped" else {}
    assert flags == {"EP02_02": ("apex-missing",)} | truncated
    ends = {item.clip.name: item.frames[-1].number for item in database.footage}
    assert ends[TRUNCATED.name] == (LAST if release == "cropped" else TRUNCATED.offset)
    assert reasons_of(database) == {
        f"casme2/sub03/{WITHOUT_FOLDER.name}": "its row has no folder on disk",
        "casme2/" + "/".join(WITHOUT_ROW): "folder without a row in the sheet",
    }


def test_the_version_of_the_sheet_is_found_by_its_column_or_its_labels(casme2: Path) -> None:
    (casme2 / SHEET).unlink()
    sheet = casme2 / "labels.xlsx"  # no help from the name
    sheet.write_bytes(workbook(table("2019")))
    assert read_database("casme2", root=casme2).sheet == "2019"
    sheet.write_bytes(workbook(table("2019", ROWS[:-1])))  # without the telling clip
    assert read_database("casme2", root=casme2).sheet == "2019"
    sheet.write_bytes(workbook([line[:9] for line in table("2019")]))  # without the column
    assert read_database("casme2", root=casme2).sheet == "2019"
    sheet.write_bytes(workbook(table()))
    assert read_database("casme2", root=casme2).sheet == "2014"


def test_of_both_official_sheets_that_of_2014_is_read_and_named(
    casme2: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (casme2 / SHEET_2019).write_bytes(workbook(table("2019")))
    assert read_database("casme2", root=casme2).sheet == "2014"
    assert "2014 and 2019" in capsys.readouterr().err
    chosen = read_database("casme2", root=casme2, annotations=casme2 / SHEET_2019)
    assert {item.clip.sheet for item in chosen.footage} == {"2019"}


def test_two_different_sheets_of_one_version_are_ambiguous(casme2: Path) -> None:
    (casme2 / "CASME2-coding-updated.xlsx").write_bytes(workbook(table(rows=ROWS[:-1])))
    with pytest.raises(InputError, match=r"20140508\.xlsx, CASME2-coding-updated"):
        read_database("casme2", root=casme2)


def test_other_tables_beside_the_official_sheet_are_ignored(casme2: Path) -> None:
    other = workbook([["Subject", "Filename", "Objective Class"], ["01", "EP01_2", 3]])
    (casme2 / "CASME2-ObjectiveClasses.xlsx").write_bytes(other)
    (casme2.parent / "unrelated.xlsx").write_bytes(b"not a workbook")
    assert len(read_database("casme2", root=casme2).footage) == len(ROWS)


def test_a_sheet_of_another_database_is_refused(casme2: Path) -> None:
    rows = [(f"{int(row[0]) + 50}", *row[1:]) for row in ROWS]
    (casme2 / SHEET).write_bytes(workbook(table(rows=rows)))
    with pytest.raises(InputError, match="none of the sheet's clips"):
        read_database("casme2", root=casme2)


def test_not_one_usable_clip_is_an_error_with_the_commonest_reason(tmp_path: Path) -> None:
    tree = put_tree(tmp_path, rows=ROWS[:2])
    remove(tree / "sub01" / "EP01_2", 5)
    remove(tree / "sub01" / "EP02_01f", 96)
    (tmp_path / SHEET).write_bytes(workbook(table(rows=ROWS[:2])))
    with pytest.raises(InputError, match=r"not one usable clip.*onset frame"):
        read_database("casme2", root=tmp_path)


def test_the_synthetic_database_is_read_by_the_same_code(casme2: Path) -> None:
    real, synthetic = (read_database(name, root=casme2) for name in ("casme2", "synthetic"))
    assert synthetic.name == "synthetic"
    assert [item.frames for item in synthetic.footage] == [item.frames for item in real.footage]
    assert {item.clip.dataset for item in synthetic.footage} == {"synthetic"}


def test_a_known_error_is_corrected_flagged_and_listed(casme2: Path) -> None:
    known = parse_corrections(
        "# a comment\nsubject,clip,field,annotated,used,reason,source\n"
        "sub01,EP01_2,offset,14,12,the face turns away,by eye\n"
        "sub01,EP02_01f,onset,1,97,this sheet is already mended,by eye\n"
    )
    database = read_casme2(casme2.resolve(), None, known)
    first, second = database.footage[:2]
    assert (first.clip.offset, first.clip.flags) == (12, ("corrected-offset",))
    assert first.frames[-1].number == 12
    assert (second.clip.onset, second.clip.flags) == (96, ())
    (applied,) = database.corrections
    assert (applied.id, applied.annotated, applied.used) == ("casme2/sub01/EP01_2", "14", "12")


def test_without_corrections_the_sheet_is_read_as_it_is(casme2: Path) -> None:
    database = read_database("casme2", root=casme2, correct=False)
    assert database.corrections == ()
    assert [item.clip.offset for item in database.footage] == [row[4] for row in ROWS]
