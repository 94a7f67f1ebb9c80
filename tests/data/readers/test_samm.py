"""SAMM: the quirks of its sheet and of its folders; what all readers do is in test_readers."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.data.database import read_database
from raicl.data.protocols.audit import audit
from raicl.data.readers.samm import read_samm
from raicl.data.sheets.corrections import read_corrections
from tests.data.conftest import PICTURE
from tests.data.trees import SAMM, SAMM_HEADER, samm_line


@pytest.fixture
def samm(tmp_path: Path) -> Path:
    return SAMM.write(tmp_path / "samm")


def replace_row(root: Path, *row: Any) -> None:
    """Write another first row, of 006_1_2, whose frames are 5562 to 5567."""
    lines = [list(line) for line in SAMM.lines]
    lines[SAMM.header + 1] = samm_line(*row)
    SAMM.write_sheet(root, lines)


def test_values_are_those_of_the_sheet_at_200_frames_per_second(samm: Path) -> None:
    database = read_database("samm", root=samm)
    assert (database.layout, database.sheet) == ("raw", "")
    clips = [item.clip for item in database.footage]
    assert [(c.subject, c.onset, c.apex, c.offset) for c in clips] == [
        ("006", 5562, 5565, 5567),
        ("006", 97, 100, 103),
        ("011", 997, 997, 1003),
        ("020", 300, 304, 305),
    ]
    assert {(clip.fps, clip.flags) for clip in clips} == {(200.0, ())}


def test_the_singular_other_is_others(samm: Path) -> None:
    assert read_database("samm", root=samm).footage[1].clip.emotion == "others"


@pytest.mark.parametrize("width", [4, 5])
def test_frames_are_padded_to_four_or_five_digits_by_recording(samm: Path, width: int) -> None:
    expected = read_database("samm", root=samm).footage[2]
    for frame in SAMM.frames(samm, 2):
        subject, number = frame.stem.split("_")
        frame.rename(frame.with_name(f"{subject}_{int(number):0{width}d}.jpg"))
    found = read_database("samm", root=samm).footage[2]
    assert found.clip == expected.clip
    first, last = found.frames[0].path.name, found.frames[-1].path.name
    assert (first, last) == (f"011_{997:0{width}d}.jpg", f"011_{1003:0{width}d}.jpg")


def test_a_folder_may_hold_frames_outside_onset_to_offset(samm: Path) -> None:
    expected = read_database("samm", root=samm).footage
    for number in (5550, 5560, 5561, 5568, 9999):
        (SAMM.folder(samm) / f"006_{number:05d}.jpg").write_bytes(PICTURE)
    assert read_database("samm", root=samm).footage == expected


def test_the_header_may_stand_in_row_14_or_in_row_1(samm: Path) -> None:
    assert SAMM.header == 13
    expected = read_database("samm", root=samm).footage
    SAMM.write_sheet(samm, SAMM.lines[SAMM.header :])
    assert read_database("samm", root=samm).footage == expected


@pytest.mark.parametrize("column", ["Duration", "Micro", "Action Units", "Inducement Code"])
def test_lengths_without_a_value_and_units_in_prose_do_not_matter(samm: Path, column: str) -> None:
    expected = read_database("samm", root=samm).footage
    place = SAMM_HEADER.index(column)
    lines = [list(line) for line in SAMM.lines]
    for line, value in zip(lines[SAMM.header + 1 :], ("10A/B", None, "?", 4.5), strict=True):
        line[place] = value
    SAMM.write_sheet(samm, lines)
    assert read_database("samm", root=samm).footage == expected
    SAMM.write_sheet(samm, [line[:place] + line[place + 1 :] for line in lines])
    assert read_database("samm", root=samm).footage == expected


@pytest.mark.parametrize("subject", [6, 6.0, "6", "006", " 006 ", "００６"])
def test_a_subject_is_its_three_digits_however_its_cell_is_typed(
    samm: Path, subject: object
) -> None:
    replace_row(samm, subject, " 006_1_2 ", 5562, 5565, 5567, 12, " Anger ")
    clip = read_database("samm", root=samm).footage[0].clip
    assert (clip.id, clip.subject, clip.emotion) == ("samm/006/006_1_2", "006", "anger")


@pytest.mark.parametrize("apex", [5568, 5561, 1])
def test_an_apex_after_the_offset_or_before_the_onset_is_flagged_and_not_used(
    samm: Path, apex: int
) -> None:
    replace_row(samm, "006", "006_1_2", 5562, apex, 5567, 12, "Anger")
    clip = read_database("samm", root=samm).footage[0].clip
    assert (clip.apex, clip.flags) == (None, ("apex-implausible",))


def test_the_mistyped_apex_of_032_3_1_is_the_only_listed_correction() -> None:
    (known,) = read_corrections("samm")
    assert (known.subject, known.clip, known.field) == ("032", "032_3_1", "apex")
    assert (known.annotated, known.used) == ("1930", "4930")
    comments = (files("raicl.data") / "corrections" / "samm.csv").read_text()
    assert "028_4_1" in comments  # whose right value nothing decides


@pytest.mark.parametrize(
    ("annotated", "correct", "apex", "flags"),
    [
        (1930, True, 4930, ("corrected-apex",)),
        ("1930 ", True, 4930, ("corrected-apex",)),
        (1930, False, None, ("apex-implausible",)),
        (4931, True, 4931, ()),  # an edited copy is left alone
    ],
)
def test_the_mistyped_apex_is_corrected_where_the_sheet_still_has_it(
    tmp_path: Path, annotated: object, correct: bool, apex: int | None, flags: tuple[str, ...]
) -> None:
    folder = tmp_path / "SAMM" / "032" / "032_3_1"
    folder.mkdir(parents=True)
    for number in range(4926, 4934):  # invented, around the apex
        (folder / f"032_{number}.jpg").write_bytes(PICTURE)
    line = samm_line("032", "032_3_1", 4926, annotated, 4933, 4, "Anger")
    SAMM.write_sheet(tmp_path, [SAMM_HEADER, line])
    database = read_database("samm", root=tmp_path, correct=correct)
    clip = database.footage[0].clip
    assert (clip.apex, clip.flags) == (apex, flags)
    assert len(database.corrections) == ("corrected-apex" in flags)


def test_full_frames_are_read_before_crops_and_both_are_named(
    samm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (samm / "SAMM").rename(samm / "SAMM_CROP")
    assert read_database("samm", root=samm).layout == "cropped"
    assert "SAMM_CROP" in capsys.readouterr().err
    SAMM.write(samm.parent / "again")
    (samm.parent / "again" / "SAMM").rename(samm / "SAMM_clip")
    assert read_database("samm", root=samm).layout == "raw"
    assert "using raw in" in capsys.readouterr().err
    assert read_database("samm", root=samm / "SAMM_CROP").layout == "cropped"


def test_two_trees_of_full_frames_are_ambiguous(samm: Path) -> None:
    SAMM.write(samm.parent / "again")
    (samm.parent / "again" / "SAMM").rename(samm / "SAMM_clip")
    with pytest.raises(InputError, match="2 candidates") as caught:
        read_database("samm", root=samm)
    assert "--root" in caught.value.fix


def test_other_folders_of_three_digits_are_no_subjects(samm: Path) -> None:
    expected = read_database("samm", root=samm)
    (samm / "photos" / "100" / "006_1_2").mkdir(parents=True)
    (samm / "2018").mkdir()
    assert read_database("samm", root=samm) == expected


def test_a_database_of_other_clips_is_refused(samm: Path) -> None:
    SAMM.write_sheet(samm, [SAMM_HEADER, samm_line("006", "006_9_9", 1, 2, 3, 4, "Anger")])
    with pytest.raises(InputError, match="none of the sheet's clips"):
        read_database("samm", root=samm)


@pytest.mark.parametrize("name", ["SAMM.xlsx", "SAMM_20181215_Micro_FACS_Codes_v2.xlsx"])
def test_the_sheet_is_found_under_the_names_it_goes_by(samm: Path, name: str) -> None:
    (samm / SAMM.sheet).rename(samm / name)
    assert len(read_samm(samm, None, ()).footage) == 4


def test_the_sheet_of_the_long_videos_is_not_mistaken_for_it(samm: Path) -> None:
    (samm / "SAMM_LongVideos_V1_Release.xlsx").write_bytes(b"another table")
    assert len(read_database("samm", root=samm).footage) == 4


@pytest.mark.skipif("RAICL_SAMM" not in os.environ, reason="needs the licensed database")
def test_the_whole_database_has_the_published_counts() -> None:
    database = read_database("samm", root=Path(os.environ["RAICL_SAMM"]))
    found = audit(database)["counts"]
    assert (found["clips"], found["subjects"]) == (159, 29)
    assert found["emotions"] == {
        **{"anger": 57, "contempt": 12, "disgust": 9, "fear": 8},
        **{"happiness": 26, "others": 26, "sadness": 6, "surprise": 15},
    }
    cde = found["protocols"]["cde"]
    assert (cde["clips"], cde["subjects"]) == (133, 28)
    lengths = [item.clip.offset - item.clip.onset + 1 for item in database.footage]
    assert (min(lengths), max(lengths)) == (30, 101)
