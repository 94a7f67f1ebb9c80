"""One's own clips."""

from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.data.database import read_database
from tests.data.conftest import put_frames

TABLE = (
    "subject,clip,onset,offset,emotion,apex,fps\n"
    "anna,laugh 1,8,12,Happy,10,30\n"
    "anna,frown,1,4,negative,,\n"
    "7,blink,1,3,others,2,25.5\n"
)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    root = tmp_path / "clips"
    put_frames(root / "anna" / "laugh 1", range(8, 13), "frame_")
    put_frames(root / "anna" / "frown", range(1, 5), "x")
    put_frames(root / "07" / "blink", range(1, 4), "take2_")
    (root / "clips.csv").write_text(TABLE)
    return root


def test_each_row_becomes_a_clip_named_as_its_folders(clips: Path) -> None:
    database = read_database("folder", root=clips)
    found = {item.clip.id: item.clip for item in database.footage}
    assert list(found) == ["folder/07/blink", "folder/anna/frown", "folder/anna/laugh 1"]
    laugh, frown = found["folder/anna/laugh 1"], found["folder/anna/frown"]
    assert (laugh.emotion, laugh.onset, laugh.apex, laugh.offset) == ("happiness", 8, 10, 12)
    assert (laugh.fps, laugh.flags) == (30.0, ())
    assert (frown.fps, frown.apex, frown.flags) == (None, None, ("apex-missing",))
    assert [frame.number for frame in database.footage[2].frames] == [8, 9, 10, 11, 12]
    assert (database.layout, database.sheet, database.skipped) == ("folder", "", ())


def test_apex_and_rate_are_optional_and_separators_may_differ(clips: Path) -> None:
    lines = ["clip;emotion;subject;offset;onset", "laugh 1;happiness;anna;12;8"]
    (clips / "clips.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    database = read_database("folder", root=clips)
    assert [item.clip.id for item in database.footage] == ["folder/anna/laugh 1"]
    assert {skipped.reason for skipped in database.skipped} == {"folder without a row in the sheet"}


@pytest.mark.parametrize(
    ("written", "rate"),
    [("29,97", 29.97), ("23,976", 23.976), ("30,0", 30.0), ("200", 200.0), ("1,5", 1.5)],
)
def test_a_table_saved_by_a_spreadsheet_with_decimal_commas_is_read(
    clips: Path, written: str, rate: float
) -> None:
    (clips / "clips.csv").write_text(
        f"subject;clip;onset;offset;emotion;fps\n7,0;blink;1,0;3,0;others;{written}\n"
    )
    (item,) = read_database("folder", root=clips).footage
    assert (item.clip.id, item.clip.fps) == ("folder/07/blink", rate)
    assert (item.clip.onset, item.clip.offset) == (1, 3)


def test_a_comma_that_may_stand_for_thousands_is_not_guessed(clips: Path) -> None:
    lines = (
        "subject;clip;onset;offset;emotion;fps\n7;blink;1;3;others;1,000\nanna;frown;1,000;4;x;\n"
    )
    (clips / "clips.csv").write_text(lines)
    with pytest.raises(InputError) as caught:
        read_database("folder", root=clips)
    assert "1,000" in caught.value.what


@pytest.mark.parametrize("subject", ["7.0", "007", "7", "07.00", " 7 "])
@pytest.mark.promise("input 13")
def test_a_subject_that_a_spreadsheet_made_a_number_fits_its_folder(
    clips: Path, subject: str
) -> None:
    (clips / "clips.csv").write_text(
        f"subject,clip,onset,offset,emotion\n{subject},blink,1,3,others\n"
    )
    assert [item.clip.subject for item in read_database("folder", root=clips).footage] == ["07"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "above",
    ["# my clips, made by Anna, Ben and Carla\n\n", "sep=;\n", "clips; all; of; them; here\n"],
)
@pytest.mark.promise("input 10", "input 14")
def test_lines_above_the_header_may_hold_any_separator(
    clips: Path, delimiter: str, above: str
) -> None:
    table = "subject,clip,onset,offset,emotion\n7,blink,1,3,others\n".replace(",", delimiter)
    (clips / "clips.csv").write_text(above + table)
    assert [item.clip.id for item in read_database("folder", root=clips).footage] == [
        "folder/07/blink"
    ]


@pytest.mark.parametrize(
    ("letter", "called"),
    [
        *[("\xa0", "U+00A0 (no-break space)"), ("\u3000", "U+3000 (ideographic space)")],
        *[("\u200c", "U+200C (zero width non-joiner)"), ("\t", "U+0009")],
        ("\\", "\\ in its name"),
    ],
)
@pytest.mark.promise("input 41")
def test_a_subject_that_could_not_name_a_fold_is_told_so_at_once(
    clips: Path, letter: str, called: str
) -> None:
    (clips / "07").rename(clips / f"0{letter}7")
    (clips / "clips.csv").write_text(TABLE.replace("\n7,", f"\n0{letter}7,"), encoding="utf-8")
    (reason,) = (skipped.reason for skipped in read_database("folder", root=clips).skipped)
    assert called in reason
    assert "rename the subject's folder" in reason


def test_several_expressions_of_one_clip_are_told_apart_by_their_onset(clips: Path) -> None:
    put_frames(clips / "anna" / "frown", range(5, 20), "x")
    more = "anna,frown,10,14,negative,,\nanna,frown,10,14.0,Negative,/,\n"
    (clips / "clips.csv").write_text(TABLE + more)
    database = read_database("folder", root=clips)
    ids = [item.clip.id for item in database.footage if item.clip.name == "frown"]
    assert ids == ["folder/anna/frown@1", "folder/anna/frown@10"]
    (skipped,) = database.skipped
    assert skipped.reason == "row 6 repeats row 5"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("bert,frown,1,4,negative,,", "its subject has no folder on disk"),
        ("anna,../../etc,1,4,negative,,", "its row has no folder on disk"),
        ("anna,frown,1,4,negative,,fast", "its fps 'fast' is not a positive number"),
        ("anna,frown,1,4,negative,,0", "its fps '0' is not a positive number"),
        ("anna,frown,1,4,negative,,inf", "its fps 'inf' is not a positive number"),
        ("anna,frown,0,4,negative,,", "its onset frame 0 is not on disk"),
    ],
)
def test_an_unusable_row_is_listed_with_its_reason(clips: Path, row: str, reason: str) -> None:
    lines = TABLE.splitlines()
    (clips / "clips.csv").write_text("\n".join([lines[0], lines[1], row]))
    database = read_database("folder", root=clips)
    assert [item.clip.name for item in database.footage] == ["laugh 1"]
    assert any(reason in skipped.reason for skipped in database.skipped)


def test_an_unknown_emotion_is_kept_and_flagged(clips: Path) -> None:
    (clips / "clips.csv").write_text(TABLE.replace("negative", "Boredom"))
    clip = read_database("folder", root=clips).footage[1].clip
    assert (clip.emotion, clip.flags) == ("boredom", ("apex-missing", "emotion-unknown"))


@pytest.mark.parametrize("level", ["..", "anna"])
def test_a_root_one_level_off_is_told_where_to_point(clips: Path, level: str) -> None:
    with pytest.raises(InputError, match=r"no \.csv") as caught:
        read_database("folder", root=clips / level)
    assert caught.value.fix == f"did you mean --root {clips}?"
