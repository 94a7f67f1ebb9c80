"""SMIC's short clips: what their names and folders say; what all readers do is in test_readers."""

import os
from pathlib import Path

import pytest

from raicl.common.errors import InputError, UsageError
from raicl.data.database import read_database
from raicl.data.protocols.audit import audit
from raicl.data.readers.smic_tree import ClipName, parse_name
from raicl.data.records import Database
from tests.data.conftest import PICTURE
from tests.data.trees import SMIC, SMIC_LONG


@pytest.fixture
def smic(tmp_path: Path) -> Path:
    return SMIC.write(tmp_path / "smic")


def reasons(database: Database) -> dict[str, str]:
    return {skipped.id: skipped.reason for skipped in database.skipped}


def put_clip(folder: Path, numbers: range = range(70000, 70004)) -> None:
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / f"image{number:06d}.bmp").write_bytes(PICTURE)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s3_ne_03", "s03_ne_03"),
        ("s03_ne_3", "s03_ne_03"),
        ("S20_SUR_12", "s20_sur_12"),
        ("s11 po 01 ", "s11_po_01"),  # VIS and NIR have blanks in names
        ("s1_n1", None),
        ("s1_ne_01_old", None),
        ("ne_01", None),
        ("s1_happy_01", None),
    ],
)
def test_a_clip_is_named_as_the_composite_list_names_it(text: str, name: str | None) -> None:
    parsed = parse_name(text)
    assert (None if parsed is None else str(parsed)) == name
    if parsed is not None:
        assert parse_name(str(parsed)) == parsed


def test_the_label_is_in_the_name() -> None:
    kinds = {kind: ClipName("s01", kind, 1).emotion for kind in ("ne", "po", "sur")}
    assert kinds == {"ne": "negative", "po": "positive", "sur": "surprise"}


def test_a_clip_goes_from_its_first_frame_to_its_last_and_has_no_apex(smic: Path) -> None:
    database = read_database("smic", root=smic)
    clips = [item.clip for item in database.footage]
    assert [(c.subject, c.emotion, c.onset, c.offset) for c in clips] == [
        ("s01", "negative", 76518, 76522),
        ("s01", "positive", 17581039, 17581043),
        ("s03", "negative", 99998, 100002),
        ("s20", "surprise", 559740, 559743),
    ]
    assert {(clip.apex, clip.flags) for clip in clips} == {(None, ("apex-missing",))}
    SMIC.frames(smic)[-1].unlink()
    assert read_database("smic", root=smic).footage[0].clip.offset == 76521


def test_numbers_padded_to_six_digits_and_longer_ones_are_read_as_numbers(smic: Path) -> None:
    names = [SMIC.frames(smic, clip)[0].name for clip in (0, 1)]
    assert names == ["image076518.bmp", "image17581039.bmp"]
    first = [item.frames[0].number for item in read_database("smic", root=smic).footage]
    assert first[:2] == [76518, 17581039]


def test_folders_of_subjects_and_clips_may_be_padded_or_not(smic: Path) -> None:
    expected = [item.clip for item in read_database("smic", root=smic).footage]
    tree = smic / SMIC.tree
    (tree / "s1" / "micro" / "negative" / "s1_ne_01").rename(
        tree / "s1" / "micro" / "negative" / "s01_ne_1"
    )
    (tree / "s1").rename(tree / "s01")
    assert [item.clip for item in read_database("smic", root=smic).footage] == expected


@pytest.mark.parametrize(("variant", "fps"), [("hs", 100.0), ("vis", 25.0), ("nir", 25.0)])
@pytest.mark.parametrize("parent", ["SMIC_all_raw", "SMIC_all_raw/SMIC_all_raw", "."])
def test_each_camera_has_its_folder_and_rate(
    tmp_path: Path, variant: str, fps: float, parent: str
) -> None:
    root = SMIC.write(tmp_path / "smic")
    for camera in ("VIS", "nir"):
        put_clip(root / "SMIC_all_raw" / parent / camera / "s11/micro/surprise/s11_sur_02")
    if variant == "hs":
        database = read_database("smic", root=root)
        assert database.footage == read_database("smic", root=root, variant="hs").footage
        assert len(database.footage) == 4
    else:
        database = read_database("smic", root=root, variant=variant)
        assert [item.clip.id for item in database.footage] == ["smic/s11/s11_sur_02"]
    assert database.sheet == variant
    assert {item.clip.sheet for item in database.footage} == {variant}
    assert {item.clip.fps for item in database.footage} == {fps}


def test_the_innermost_folder_that_names_one_camera_decides(smic: Path) -> None:
    for folder in ("SMIC_HS_VIS_NIR/NIR", "SMIC-vis/clips"):
        put_clip(smic / folder / "s11/micro/surprise/s11_sur_02")
    renamed = smic.with_name("HS copy")
    smic.rename(renamed)
    for variant, folder in (("nir", "NIR"), ("vis", "clips"), ("hs", "HS")):
        footage = read_database("smic", root=renamed, variant=variant).footage
        assert {item.frames[0].path.parents[4].name for item in footage} == {folder}


def test_a_camera_that_is_not_here_is_told_what_is(smic: Path) -> None:
    with pytest.raises(InputError, match="SMIC's variant vis is not here") as caught:
        read_database("smic", root=smic, variant="vis")
    assert caught.value.fix == "what is here is read with --variant hs"
    SMIC_LONG.write(smic.parent / "long")
    with pytest.raises(InputError, match="SMIC's variant hs is not here") as caught:
        read_database("smic", root=smic.parent / "long")
    assert caught.value.fix == "what is here is read with --variant e-hs"


def test_a_folder_that_names_no_camera_is_read_as_the_one_asked_for(
    smic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = smic.parent / "shorts"
    (smic / SMIC.tree).rename(renamed)
    assert len(read_database("smic", root=renamed).footage) == 4
    assert "no folder's name says which camera" in capsys.readouterr().err
    assert read_database("smic", root=renamed, variant="nir").footage[0].clip.fps == 25.0


def test_raw_frames_are_read_before_cropped_ones_and_the_choice_is_printed(
    smic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = SMIC.write(smic.parent / "copy")
    (copy / "SMIC_all_raw").rename(smic / "SMIC_all_cropped")
    cropped = smic / "SMIC_all_cropped" / "SMIC_all_raw" / "HS"
    for frame in cropped.rglob("*.bmp"):
        frame.rename(frame.with_name("reg_" + frame.name))
    database = read_database("smic", root=smic)
    assert database.layout == "raw"
    assert f"using raw in {smic / SMIC.tree}, not cropped in {cropped}" in capsys.readouterr().err
    database = read_database("smic", root=cropped)
    assert database.layout == "cropped"
    assert database.footage[0].frames[0].path.name == "reg_image076518.bmp"
    assert [item.clip.id for item in database.footage] == SMIC.ids


def test_what_is_no_micro_expression_is_left_alone(smic: Path) -> None:
    expected = read_database("smic", root=smic)
    put_clip(smic / SMIC.tree / "s1" / "non_micro" / "s1_n1")
    (smic / SMIC.tree / "li2013microexpressions.pdf").write_bytes(b"%PDF")
    assert read_database("smic", root=smic) == expected


def test_a_clip_in_the_folder_of_another_emotion_is_named_and_not_used(smic: Path) -> None:
    put_clip(smic / SMIC.tree / "s3" / "micro" / "positive" / "s3_ne_02")
    database = read_database("smic", root=smic)
    assert [item.clip.id for item in database.footage] == SMIC.ids
    reason = "its name says negative, but it lies in the folder positive"
    assert reasons(database) == {"smic/s03/s03_ne_02": reason}


@pytest.mark.parametrize(
    ("folder", "clip", "reason"),
    [
        ("s3/micro/negative/s1_ne_09", "s01_ne_09", "its name says s01, but it lies in"),
        ("s3/micro/negative/s3_n9", "s3_n9", "its name is not like s1_ne_01"),
        ("s3/micro/others/s3_oth_01", "s3_oth_01", "its name is not like s1_ne_01"),
        ("s3/micro/s3_ne_16", "s03_ne_16", "micro/s3_ne_16 repeats another folder of its name"),
        ("s3/micro/s3_neg_16", "s3_neg_16", "its name is no clip's, and it holds no folder"),
        ("s7/non_micro/s7_n1", "*", "the subject's folder has no folder micro"),
    ],
)
def test_a_folder_out_of_place_is_listed(smic: Path, folder: str, clip: str, reason: str) -> None:
    put_clip(smic / SMIC.tree / folder)
    database = read_database("smic", root=smic)
    assert [item.clip.id for item in database.footage] == SMIC.ids
    ((found, why),) = reasons(database).items()
    assert found == f"smic/s0{folder[1]}/{clip}"
    assert why.startswith(reason)


def test_clips_may_lie_in_micro_itself(smic: Path) -> None:
    put_clip(smic / SMIC.tree / "s3" / "micro" / "s3_po_11", range(70000, 70016))
    found = read_database("smic", root=smic).footage
    assert [item.clip.emotion for item in found if item.clip.name == "s03_po_11"] == ["positive"]


def test_a_clip_of_one_frame_is_listed(smic: Path) -> None:
    put_clip(smic / SMIC.tree / "s3" / "micro" / "negative" / "s3_ne_02", range(1, 2))
    found = reasons(read_database("smic", root=smic))
    assert found == {"smic/s03/s03_ne_02": "its folder holds a single frame"}


def test_a_link_out_in_place_of_an_emotion_costs_its_clips(smic: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (smic / SMIC.tree / "s1" / "micro" / "negative").rename(outside)
    (smic / SMIC.tree / "s1" / "micro" / "negative").symlink_to(outside)
    database = read_database("smic", root=smic)
    assert [item.clip.id for item in database.footage] == SMIC.ids[1:]
    assert "leads out of the database" in reasons(database)["smic/s01/negative"]


def test_a_sheet_is_refused_where_there_is_none(smic: Path) -> None:
    with pytest.raises(UsageError, match="no sheet") as caught:
        read_database("smic", root=smic, annotations=smic / "any.xlsx")
    assert "e-hs" in caught.value.fix


@pytest.mark.skipif("RAICL_SMIC" not in os.environ, reason="needs the licensed database")
def test_the_whole_database_has_the_published_counts() -> None:
    database = read_database("smic", root=Path(os.environ["RAICL_SMIC"]))
    found = audit(database)["counts"]
    assert (found["clips"], found["subjects"]) == (164, 16)
    assert found["emotions"] == {"negative": 70, "positive": 51, "surprise": 43}
    lengths = sorted(len(item.frames) for item in database.footage)
    assert (lengths[0], lengths[-1]) == (11, 58)
