"""CAS(ME)^3, part A: every quirk of its two releases, on miniature trees."""

import importlib.util
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.data.database import read_database
from raicl.data.miniature.casme3 import (
    RELEASES,
    ROWS,
    SHEET,
    Casme3Row,
    casme3_workbook,
    table,
    write_casme3,
)
from raicl.data.readers.casme3 import read_casme3
from raicl.data.records import Database, Footage, Frame
from raicl.data.sheets.corrections import KnownError, parse_corrections, read_corrections
from raicl.preprocess.frames import read_frame
from tests.benchmarks.audit import measure, write_sized
from tests.data.conftest import put_frames, read_only, snapshot

Read = tuple[str, int | None, int, tuple[int, ...], tuple[str, ...]]

# subject, video, onset: emotion, apex, last frame, frames missing in between, flags
USABLE: dict[tuple[str, str, int], Read] = {
    ("spNO.1", "a", 8): ("disgust", 11, 14, (), ()),
    ("spNO.1", "a", 96): ("surprise", 99, 104, (100, 101), ("frame-gap",)),
    ("spNO.1", "a", 102): ("happiness", 104, 110, (), ()),
    ("spNO.1", "b", 20): ("others", 21, 22, (), ()),
    ("spNO.2", "a", 30): ("anger", 30, 41, (36,), ("frame-gap",)),
    ("spNO.3", "J", 40): ("others", 43, 47, (), ()),
    ("spNO.14", "d", 112): ("sadness", None, 119, (), ("apex-implausible",)),
    ("spNO.21", "c", 15): ("disgust", 18, 34, (), ("truncated",)),
}
REASONS = {
    "casme3/spNO.12/e@52": "its onset 52 is not before its offset 0",
    "casme3/spNO.12/e@97": "its onset 97 is not before its offset 0",
    "casme3/spNO.21/d@148": "its onset 148 is not before its offset 71",
    "casme3/spNO.30/f@50": "its subject has no folder on disk",
}


def reasons_of(database: Database) -> dict[str, str]:
    return {skipped.id: skipped.reason for skipped in database.skipped}


def read_rows_of(root: Path, rows: list[list[Any]]) -> tuple[Footage, ...]:
    """What is read of a cut miniature whose sheet has these lines."""
    (root / SHEET).write_bytes(casme3_workbook(rows))
    return read_database("casme3", root=root).footage


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    write_casme3(tmp_path / "casme3", "clip")
    return tmp_path / "casme3"


@pytest.mark.parametrize("cell", [str, int])
@pytest.mark.parametrize(
    "nesting", [None, Path(), Path("one"), Path("a", "CAS(ME)^3", *RELEASES["split"][0].parts)]
)
@pytest.mark.parametrize("release", sorted(RELEASES))
def test_every_quirk_of_every_release_is_read_for_what_it_is(
    tmp_path: Path, release: str, nesting: Path | None, cell: Any
) -> None:
    root = tmp_path / "casme3"
    write_casme3(root, release, nesting=nesting, cell=cell)
    database = read_database("casme3", root=root)
    assert (database.name, database.layout, database.sheet) == ("casme3", release, "v2")
    # subjects, videos and onsets in the order of their numbers, not of their texts
    assert [item.clip.id for item in database.footage] == [
        f"casme3/{subject}/{video}@{onset}" for subject, video, onset in USABLE
    ]
    for item, key in zip(database.footage, USABLE, strict=True):
        emotion, apex, last, missing, flags = USABLE[key]
        clip, onset = item.clip, key[2]
        assert (clip.subject, clip.name, clip.onset) == key
        assert (clip.emotion, clip.apex, clip.fps, clip.sheet) == (emotion, apex, 30.0, "v2")
        longer = 5 if "truncated" in flags and release == "split" else 0  # the video goes on
        expected = [n for n in range(onset, last + longer + 1) if n not in missing]
        assert [frame.number for frame in item.frames] == expected
        assert [frame.path.name for frame in item.frames] == [f"{n}.jpg" for n in expected]
        assert clip.flags == flags
    end = 11 if release == "split" else 6
    expected_reasons = REASONS | {
        "casme3/spNO.21/e@0": f"its onset frame 0 is not on disk, where frames 1 to {end} are"
    }
    if release == "clip":
        expected_reasons["casme3/spNO.2/b@70"] = "folder without a row in the sheet"
    assert reasons_of(database) == expected_reasons


def test_a_video_without_an_expression_is_no_clip_and_not_listed(tmp_path: Path) -> None:
    tree = write_casme3(tmp_path)
    assert (tree / "spNO.2" / "b" / "color").is_dir()
    assert "casme3/spNO.2/b" not in reasons_of(read_database("casme3", root=tmp_path))


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_the_root_may_be_given_at_any_level(tmp_path: Path, release: str) -> None:
    tree = write_casme3(tmp_path / "casme3", release)
    expected = read_database("casme3", root=tmp_path / "casme3").footage
    levels = [folder for folder in (tree, *tree.parents) if folder.is_relative_to(tmp_path)]
    assert len(levels) > 4
    for level in levels:
        assert read_database("casme3", root=level).footage == expected


@pytest.mark.parametrize(
    ("release", "inside"),
    [("split", "spNO.1"), ("split", "spNO.1/a/color"), ("clip", "spNo.1_a_8")],
)
def test_a_root_inside_the_database_is_told_where_to_point(
    tmp_path: Path, release: str, inside: str
) -> None:
    tree = write_casme3(tmp_path, release)
    with pytest.raises(InputError, match="inside the database") as caught:
        read_database("casme3", root=tree / inside)
    assert caught.value.where == str(tree / inside)
    assert caught.value.fix.endswith(f"--root {tree}")


def test_a_clip_is_called_by_its_onset_even_where_its_video_holds_one(cut: Path) -> None:
    alone = next(
        item.clip for item in read_database("casme3", root=cut).footage if item.clip.name == "b"
    )
    assert alone.repeated
    assert alone.id == "casme3/spNO.1/b@20"


def test_of_both_releases_the_whole_videos_are_read_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_casme3(tmp_path / "cut", "clip")
    (tmp_path / "cut" / SHEET).unlink()
    write_casme3(tmp_path / "whole", "split")
    assert read_database("casme3", root=tmp_path).layout == "split"
    assert "using split" in capsys.readouterr().err


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_depth_and_video_are_no_frames(tmp_path: Path, release: str) -> None:
    tree = write_casme3(tmp_path, release)
    present = {path.suffix for path in tree.parent.rglob("*")} | {
        path.suffix for path in tree.rglob("*")
    }
    assert ".png" in present
    footage = read_database("casme3", root=tmp_path).footage
    assert {frame.path.suffix for item in footage for frame in item.frames} == {".jpg"}


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_a_frame_of_zero_bytes_does_not_stop_the_reader_and_is_named_by_stage_one(
    tmp_path: Path, release: str
) -> None:
    write_casme3(tmp_path, release)
    footage = read_database("casme3", root=tmp_path).footage
    [item] = [item for item in footage if item.clip.subject == "spNO.3"]
    [empty] = [frame.path for frame in item.frames if frame.path.stat().st_size == 0]
    assert empty.name == "45.jpg"
    with pytest.raises(InputError, match="zero bytes") as caught:
        read_frame(Frame(0, empty))
    assert caught.value.where == f"{empty.parent.name}/45.jpg"


def test_neither_order_nor_case_nor_blank_columns_of_the_sheet_matter(cut: Path) -> None:
    expected = read_database("casme3", root=cut).footage
    lines: list[list[Any]] = [[None, *reversed(line), None, None] for line in table()]
    lines[0] = [f"  {cell.upper()} " if cell else cell for cell in lines[0]]
    assert read_rows_of(cut, [["A title"], [], lines[0], *reversed(lines[1:])]) == expected


@pytest.mark.parametrize(
    "write",
    [
        lambda s: s.lower(),
        lambda s: s.upper(),
        lambda s: f" {s} ",
        lambda s: s.removeprefix("spNO."),
        lambda s: int(s.removeprefix("spNO.")),
        lambda s: float(s.removeprefix("spNO.")),
    ],
)
def test_subjects_in_any_case_as_text_or_number_are_the_same(cut: Path, write: Any) -> None:
    expected = read_database("casme3", root=cut).footage
    header, *lines = table()
    for line in lines:
        line[0] = write(line[0])
    assert read_rows_of(cut, [header, *lines]) == expected


def test_a_second_row_of_one_onset_is_listed_and_the_first_one_used(cut: Path) -> None:
    again = Casme3Row("spNO.1", "A", "8.0", "11", "14", "4", "III", "Disgust")
    footage = read_rows_of(cut, table([*ROWS, again]))
    assert (footage[0].clip.emotion, footage[0].clip.offset) == ("disgust", 14)
    reasons = reasons_of(read_database("casme3", root=cut))
    assert reasons["casme3/spNO.1/a@8"] == "row 14 repeats row 2"


def test_macro_expressions_of_the_wider_sheet_are_left_out_and_counted(
    cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [item.clip.id for item in read_database("casme3", root=cut).footage]
    header, *lines = table()
    macro = Casme3Row("spNO.2", "b", "70", "72", "74", "4", "III", "disgust")
    wider = [[*header, "Expression type"], *([*line, "Micro-expression"] for line in lines)]
    wider.append([*macro, "Macro-expression"])
    capsys.readouterr()
    assert [item.clip.id for item in read_rows_of(cut, wider)] == expected
    assert "1 macro-expressions of the sheet are left out" in capsys.readouterr().err


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_a_read_only_tree_is_read_and_nothing_in_it_changes(tmp_path: Path, release: str) -> None:
    root = tmp_path / "casme3"
    write_casme3(root, release)
    with read_only(root):
        before = snapshot(root)
        assert len(read_database("casme3", root=root).footage) == len(USABLE)
        assert snapshot(root) == before


def used_rows() -> dict[tuple[str, str], list[KnownError]]:
    """The listed corrections by subject and clip."""
    rows = defaultdict(list)
    for error in read_corrections("casme3"):
        rows[error.subject, error.clip].append(error)
    return rows


@pytest.mark.parametrize("release", sorted(RELEASES))
@pytest.mark.parametrize(("subject", "clip"), sorted(used_rows()))
def test_every_listed_correction_makes_its_row_usable(
    tmp_path: Path, subject: str, clip: str, release: str
) -> None:
    errors = used_rows()[subject, clip]
    name, _, onset = clip.partition("@")
    used = {error.field: int(error.used) for error in errors}
    first = used.get("onset", int(onset))
    apex = used.get("apex", first + 1)
    last = used.get("offset", apex + 9)
    annotated = {"onset": onset, "apex": str(apex), "offset": str(last)}
    annotated |= {error.field: error.annotated for error in errors}
    row = Casme3Row(subject, name, *annotated.values(), "4", "III", "disgust")
    place = f"{subject}/{name}/color" if release == "split" else f"{subject}_{name}_{onset}"
    put_frames(tmp_path / "frame" / place, range(first, last + 1), "")
    lines = casme3_workbook(table([row]))
    (tmp_path / SHEET).write_bytes(lines)

    database = read_database("casme3", root=tmp_path)
    [item] = database.footage
    assert (item.clip.onset, item.clip.apex, item.clip.offset) == (first, apex, last)
    assert item.clip.flags == tuple(f"corrected-{error.field}" for error in errors)
    assert {correction.id for correction in database.corrections} == {item.clip.id}


def test_without_corrections_the_sheet_is_read_as_it_is(tmp_path: Path) -> None:
    row = Casme3Row("spNO.40", "e", "1812", "1824", "0", "4", "III", "disgust")
    other = Casme3Row("spNO.149", "d", "112", "83", "119", "4", "III", "disgust")
    put_frames(tmp_path / "frame" / "spNo.40_e_1812", range(1812, 1846), "")
    put_frames(tmp_path / "frame" / "spNo.149_d_112", range(112, 120), "")
    (tmp_path / SHEET).write_bytes(casme3_workbook(table([row, other])))
    database = read_database("casme3", root=tmp_path, correct=False)
    assert [item.clip.flags for item in database.footage] == [("apex-implausible",)]
    assert reasons_of(database) == {
        "casme3/spNO.40/e@1812": "its onset 1812 is not before its offset 0"
    }
    assert len(read_database("casme3", root=tmp_path).footage) == 2


def test_a_correction_is_applied_to_the_row_of_its_onset_alone(cut: Path) -> None:
    known = parse_corrections(
        "subject,clip,field,annotated,used,reason,source\n"
        "spNO.12,e@97,offset,0,110,the sheet has no offset,by eye\n"
    )
    database = read_casme3(cut.resolve(), None, known)
    corrected = [item.clip for item in database.footage if item.clip.name == "e"]
    assert [(clip.onset, clip.offset) for clip in corrected] == [(97, 110)]
    assert "casme3/spNO.12/e@52" in reasons_of(database)


def test_of_two_versions_of_the_sheet_the_latest_is_read_and_named(
    cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (cut / SHEET.replace("v2", "v1")).write_bytes(casme3_workbook(table(ROWS[:2])))
    database = read_database("casme3", root=cut)
    assert (database.sheet, len(database.footage)) == ("v2", len(USABLE))
    assert "v1, v2 are here" in capsys.readouterr().err
    chosen = read_database("casme3", root=cut, annotations=cut / SHEET.replace("v2", "v1"))
    assert (chosen.sheet, len(chosen.footage)) == ("v1", 2)


def test_a_sheet_whose_name_tells_no_version_has_none(cut: Path) -> None:
    (cut / SHEET).rename(cut / "labels.xlsx")
    assert read_database("casme3", root=cut).sheet == ""


def test_two_sheets_of_one_version_are_ambiguous(cut: Path) -> None:
    (cut / f"edited {SHEET}").write_bytes(casme3_workbook(table(ROWS[:2])))
    with pytest.raises(InputError, match="2 candidates") as caught:
        read_database("casme3", root=cut)
    assert "--annotations" in caught.value.fix


def test_an_old_xls_without_xlrd_is_told_what_to_install(
    cut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlrd", None)
    old = (cut / SHEET).rename(cut / "cas(me)3_part_A_ME_label_JpgIndex_v1.xls")
    old.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000))
    for annotations in (None, old):
        with pytest.raises(InputError, match=r"old \.xls format") as caught:
            read_database("casme3", root=cut, annotations=annotations)
        assert "pip install xlrd" in caught.value.fix
        assert "save it as .xlsx" in caught.value.fix


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("xlrd", "xlwt"))), reason="needs xlrd and xlwt"
)
def test_an_old_xls_is_read_where_xlrd_is_installed(cut: Path) -> None:
    import xlwt

    expected = [item.clip.id for item in read_database("casme3", root=cut).footage]
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for number, line in enumerate(table(cell=int)):
        for column, value in enumerate([*line, 3, 4.5] if number else line):
            sheet.write(number, column, value)
    (cut / SHEET).unlink()
    path = cut / "cas(me)3_part_A_ME_label_JpgIndex_v1.xls"
    book.save(str(path))
    database = read_database("casme3", root=cut)
    assert database.sheet == "v1"
    assert [item.clip.id for item in database.footage] == expected
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match="the sheet is damaged"):
        read_database("casme3", root=cut)


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_the_audit_of_the_whole_database_is_quick_and_small(tmp_path: Path, release: str) -> None:
    assert 25_000 <= write_sized(tmp_path, release) <= 26_000
    cost = measure(tmp_path)
    assert "860 clips of 94 subjects, 0 skipped" in cost.output
    assert cost.processor_seconds < 10  # whatever else the machine does
    assert cost.megabytes < 300


@pytest.mark.skipif("RAICL_CASME3" not in os.environ, reason="needs the licensed database")
def test_the_real_database_gives_the_published_counts() -> None:
    database = read_database("casme3", root=None)
    rows = [skipped for skipped in database.skipped if "without a row" not in skipped.reason]
    assert len(database.footage) + len(rows) == 860
    assert len(database.footage) >= 854  # what users of the sheet v2 end with
    emotions = Counter(item.clip.emotion for item in database.footage)
    # counted in the sheet v2; at most a few clips of each lack their frames
    published = {"disgust": 250, "surprise": 187, "others": 161, "fear": 86}
    published |= {"anger": 64, "sadness": 57, "happiness": 55}
    assert set(emotions) == set(published)
    assert all(published[name] - 6 <= n <= published[name] for name, n in emotions.items())
    assert len({item.clip.subject for item in database.footage}) == 94
    assert len(database.corrections) == len(read_corrections("casme3"))
