"""What is particular to the databases known from secondary sources; see test_readers."""

from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.data.database import read_database
from raicl.data.protocols.audit import audit
from raicl.data.protocols.audit_table import audit_table
from raicl.data.records import Database
from tests.data.conftest import put_frames
from tests.data.trees import CASME, DFME, FOUR_D, MMEW, Sample

SECONDARY = {sample.dataset: sample for sample in (CASME, MMEW, FOUR_D, DFME)}


def reasons_of(database: Database) -> dict[str, str]:
    return {skipped.id: skipped.reason for skipped in database.skipped}


@pytest.fixture(params=sorted(SECONDARY))
def sample(request: pytest.FixtureRequest) -> Sample:
    return SECONDARY[request.param]


def test_the_audit_says_that_the_layout_is_from_secondary_sources(
    sample: Sample, tmp_path: Path
) -> None:
    text = audit_table(audit(sample.read(sample.write(tmp_path))))
    assert text.startswith(f"{sample.dataset} (layout from secondary sources)")


def test_they_are_found_by_the_environment(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = sample.write(tmp_path / "somewhere")
    monkeypatch.setenv(f"RAICL_{sample.dataset.upper()}", str(root))
    assert read_database(sample.dataset, root=None).root == root


@pytest.mark.parametrize(
    ("sample", "fps"),
    [(CASME, [60, 60, 60]), (MMEW, [90, 90, 90]), (FOUR_D, [60, 60, 60]), (DFME, [500, 200, 300])],
)
def test_the_rate_is_the_database_s_or_the_row_s(
    sample: Sample, fps: list[float], tmp_path: Path
) -> None:
    footage = sample.read(sample.write(tmp_path)).footage
    assert [item.clip.fps for item in footage] == fps


@pytest.mark.parametrize(
    ("sample", "emotions"),
    [
        (CASME, ["tense", "repression", "happiness"]),
        (MMEW, ["disgust", "surprise", "others"]),
        (FOUR_D, ["negative", "positive", "surprise"]),
        (DFME, ["contempt", "happiness", "fear"]),
    ],
)
def test_emotions_are_known_ones(sample: Sample, emotions: list[str], tmp_path: Path) -> None:
    footage = sample.read(sample.write(tmp_path)).footage
    assert [item.clip.emotion for item in footage] == emotions
    assert {item.clip.flags for item in footage} == {()}


def test_casme_s_apex_is_the_first_of_its_two(tmp_path: Path) -> None:
    footage = CASME.read(CASME.write(tmp_path)).footage
    assert [item.clip.apex for item in footage] == [10, 99, 22]


def test_mmew_s_emotion_is_the_sheet_s_and_not_the_folder_s(tmp_path: Path) -> None:
    root = MMEW.write(tmp_path)
    others = root / MMEW.tree / "others"
    others.rename(others.with_name("repression"))
    footage = MMEW.read(root).footage
    assert [item.clip.emotion for item in footage] == ["disgust", "surprise", "others"]


def test_mmew_s_macro_expressions_are_no_clips(tmp_path: Path) -> None:
    root = MMEW.write(tmp_path)
    put_frames(root / "MMEW" / "Macro_Expression" / "S01" / "anger" / "S01-07-001", range(5), "")
    database = MMEW.read(root)
    assert [item.clip.id for item in database.footage] == MMEW.ids
    assert database.skipped == ()


def test_two_folders_of_one_mmew_clip_are_not_chosen_between(tmp_path: Path) -> None:
    root = MMEW.write(tmp_path)
    put_frames(root / MMEW.tree / "anger" / "S01-02-001", range(8, 15), "")
    with pytest.raises(InputError, match="2 candidates") as caught:
        MMEW.read(root)
    assert "anger" in caught.value.where


def test_two_gray_micros_are_not_chosen_between(tmp_path: Path) -> None:
    root = FOUR_D.write(tmp_path)
    (root / "copy" / "Gray_Micro").mkdir(parents=True)
    with pytest.raises(InputError, match="2 candidates"):
        FOUR_D.read(root)


def test_a_gray_micro_that_leads_elsewhere_is_an_error_that_says_where(tmp_path: Path) -> None:
    root = FOUR_D.write(tmp_path / "database")
    gray = (root / FOUR_D.tree).rename(tmp_path / "elsewhere")
    (root / FOUR_D.tree).symlink_to(gray)
    with pytest.raises(InputError, match="a link that leads out of the database") as caught:
        FOUR_D.read(root)
    assert caught.value.where == str(root / FOUR_D.tree)


@pytest.mark.parametrize("written", ["1", 1, "001", " 001 "])
def test_4dme_s_subjects_as_text_or_number_are_the_same(written: object, tmp_path: Path) -> None:
    root = FOUR_D.write(tmp_path)
    FOUR_D.change(root, 0, subject=written)
    assert [item.clip.id for item in FOUR_D.read(root).footage] == FOUR_D.ids


def test_dfme_counts_frames_from_zero(tmp_path: Path) -> None:
    root = DFME.write(tmp_path)
    put_frames(root / DFME.tree / "01_0001", range(8), "000")
    DFME.change(root, 0, onset=0)
    item = DFME.read(root).footage[0]
    assert [frame.number for frame in item.frames] == list(range(14))
    assert item.clip.flags == ()


def test_of_dfme_s_many_folders_an_error_names_a_few(tmp_path: Path) -> None:
    root = DFME.write(tmp_path)
    for number in range(50):
        put_frames(root / f"other data {number}" / "clip", range(2), "000")
    (root / DFME.sheet).unlink()
    with pytest.raises(InputError, match="the sheet is missing") as caught:
        DFME.read(root)
    assert caught.value.where.startswith(f"{root}, ")
    assert caught.value.where.count(", ") == 8
    assert caught.value.where.endswith(" more folders")


def test_of_several_parts_of_dfme_one_is_named(tmp_path: Path) -> None:
    root = DFME.write(tmp_path)
    DFME.write_sheet(root, DFME.lines[:2])
    (root / DFME.sheet).rename(root / "DFME_testA.xlsx")
    DFME.write_sheet(root, DFME.lines)
    with pytest.raises(InputError, match="2 candidates") as caught:
        DFME.read(root)
    assert "--annotations" in caught.value.fix
    part = DFME.read(root, annotations=root / "DFME_testA.xlsx")
    assert [item.clip.id for item in part.footage] == DFME.ids[:1]
    assert part.skipped == ()
