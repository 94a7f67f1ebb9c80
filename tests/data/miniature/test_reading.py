"""Every reader on the miniature of its database, in each of its forms: clips, order, reasons."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raicl.data.database import read_database
from raicl.data.miniature import samm, smic
from raicl.data.records import Database
from raicl.data.sheets.annotation import read_emotion


def reasons_of(database: Database) -> dict[str, str]:
    return {skipped.id: skipped.reason for skipped in database.skipped}


def flags_of(database: Database) -> dict[str, tuple[str, ...]]:
    return {item.clip.name: item.clip.flags for item in database.footage if item.clip.flags}


def numbers_of(database: Database) -> dict[str, list[int]]:
    return {item.clip.name: [frame.number for frame in item.frames] for item in database.footage}


@pytest.mark.parametrize("subject", [str, int])
@pytest.mark.parametrize("preamble", [True, False])
@pytest.mark.parametrize(
    ("nesting", "layout"),
    [("SAMM/SAMM", "raw"), ("", "raw"), ("SAMM_clip", "raw"), ("SAMM_CROP", "cropped")],
)
def test_samm_in_every_form(
    tmp_path: Path, nesting: str, layout: str, preamble: bool, subject: Callable[[str], object]
) -> None:
    root = tmp_path / "database"
    samm.write_samm(root, nesting=Path(nesting), preamble=preamble, subject=subject)
    database = read_database("samm", root=root)
    assert database.layout == layout
    names = ["006_1_2", "006_1_3", "006_3_1", "011_3_9", "011_3_10", "014_4_1", "021_3_1"]
    names.append("037_1_1")
    assert [item.clip.name for item in database.footage] == names  # 9 before 10
    rows = {row.name: row for row in samm.ROWS}
    for item in database.footage:
        row = rows[item.clip.name]
        assert item.clip.subject == row.subject
        assert item.clip.emotion == read_emotion(row.emotion)
        expected = [n for n in range(row.onset, row.offset + 1) if (row.name, n) != samm.GAP]
        assert [frame.number for frame in item.frames] == expected
        assert [frame.path.name for frame in item.frames] == [
            samm.frame_name(row, n) for n in expected
        ]
    assert flags_of(database) == {
        "014_4_1": ("apex-implausible",),  # after the offset
        "021_3_1": ("apex-implausible", "frame-gap"),  # a typing error, before the onset
    }
    assert reasons_of(database) == {
        "samm/011/011_6_9": "folder without a row in the sheet",
        "samm/037/037_3_2": "its row has no folder on disk",
    }


@pytest.mark.parametrize("nesting", [None, Path(), Path("SMIC", "clips")])
@pytest.mark.parametrize("release", sorted(smic.RELEASES))
def test_smic_in_every_form(tmp_path: Path, release: str, nesting: Path | None) -> None:
    root = tmp_path / "database"
    smic.write_smic(root, release, nesting=nesting)
    database = read_database("smic", root=root)
    assert (database.layout, database.sheet) == (release, "hs")
    assert {item.clip.id: item.clip.emotion for item in database.footage} == {
        "smic/s01/s01_ne_01": "negative",
        "smic/s01/s01_po_01": "positive",
        "smic/s02/s02_sur_01": "surprise",
        "smic/s03/s03_ne_03": "negative",
        "smic/s12/s12_sur_02": "surprise",
        "smic/s20/s20_ne_09": "negative",
        "smic/s20/s20_ne_10": "negative",
    }
    for item, row in zip(database.footage, smic.ROWS, strict=True):
        assert (item.clip.onset, item.clip.offset) == (row.numbers[0], row.numbers[-1])
        assert [f.number for f in item.frames] == [
            n for n in row.numbers if (row.name, n) != smic.GAP
        ]
    assert flags_of(database)["s20_ne_09"] == ("apex-missing", "frame-gap")
    assert reasons_of(database) == {"smic/s12/s12_po_01": "its folder holds no frame"}


@pytest.mark.parametrize("camera", ["vis", "nir"])
def test_smic_s_other_cameras_lie_beside(tmp_path: Path, camera: str) -> None:
    smic.write_smic(tmp_path / "database")
    database = read_database("smic", root=tmp_path / "database", variant=camera)
    assert numbers_of(database) == {"s01_ne_01": list(range(76600, 76610))}


@pytest.mark.parametrize("inner", ["", "HS"])
def test_smic_e_in_every_form(tmp_path: Path, inner: str) -> None:
    root = tmp_path / "database"
    smic.write_smic_e(root, nesting=Path("SMIC-E_raw image", "HS_long", "SMIC-HS-E", inner))
    database = read_database("smic", root=root, variant="e-hs")
    assert [(item.clip.id, item.clip.emotion) for item in database.footage] == [
        ("smic/s01/s01_ne_01", "negative"),
        ("smic/s01/s01_po_01", "positive"),
        ("smic/s02/s02_sur_01@17581039", "surprise"),  # two expressions of one clip
        ("smic/s02/s02_sur_01@17581060", "surprise"),
        ("smic/s12/s12_sur_02", "surprise"),  # negative in the sheet
        ("smic/s20/s20_ne_09", "negative"),
        ("smic/s20/s20_ne_10", "negative"),
    ]
    # the offsets are formulas without a stored value
    lengths = [len(item.frames) for item in database.footage]
    assert lengths == [13, 12, 14, 12, 15, 12, 12]
    assert database.skipped == ()
