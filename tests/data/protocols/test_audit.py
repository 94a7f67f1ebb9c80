"""The audit shows what would be read and why the rest would not."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from raicl.data.database import edition, read_database
from raicl.data.miniature.casme2 import ROWS
from raicl.data.parts import part_of
from raicl.data.protocols.audit import audit, contradictions
from raicl.data.protocols.audit_table import audit_table
from raicl.data.protocols.protocol import PROTOCOLS
from raicl.data.records import Correction, Database
from tests.data.conftest import put_frames


@pytest.fixture
def database(casme2: Path) -> Database:
    tree = casme2 / "CASME2_RAW_selected" / "CASME2_RAW_selected"
    put_frames(tree / "sub02" / "EP02_07", range(3))
    (tree / "sub02" / "EP09f" / "img66.jpg").unlink()
    return read_database("casme2", root=casme2)


def test_every_clip_is_shown_with_its_class_in_every_protocol(database: Database) -> None:
    found = audit(database)
    json.dumps(found)
    assert (found["dataset"], found["layout"], found["sheet"]) == ("casme2", "raw-selected", "2014")
    clips = {clip["id"]: clip for clip in found["clips"]}
    assert clips["casme2/sub01/EP02_01f"] == {
        "id": "casme2/sub01/EP02_01f",
        "subject": "sub01",
        "emotion": "disgust",
        "onset": 96,
        "apex": 99,
        "offset": 104,
        "n_frames": 9,
        "flags": [],
        "labels": {
            "cde": "negative",
            "five": "disgust",
            "three": None,
            "four": "negative",
            "seven": "disgust",
        },
    }
    assert clips["casme2/sub02/EP09f"]["n_frames"] == 6
    assert clips["casme2/sub02/EP09f"]["labels"] == {
        "cde": None,
        "five": "others",
        "three": None,
        "four": "others",
        "seven": "others",
    }


def test_no_row_and_no_folder_is_lost(database: Database) -> None:
    found = audit(database)
    assert len(found["clips"]) + len(found["skipped"]) == len(ROWS) + 1
    assert found["skipped"] == [
        {"id": "casme2/sub02/EP02_07", "reason": "folder without a row in the sheet"}
    ]


def test_counts_are_those_of_the_clips(database: Database) -> None:
    found = audit(database)
    counts = found["counts"]
    assert (counts["clips"], counts["subjects"], counts["skipped"]) == (9, 4, 1)
    assert counts["flags"] == {"apex-missing": 1, "truncated": 1}
    assert sum(counts["emotions"].values()) == 9
    # without the clip without an apex and the one whose apex is its onset
    assert counts["protocols"]["cde"]["classes"] == {"negative": 1, "positive": 1, "surprise": 1}
    assert counts["protocols"]["cde"]["subjects"] == 2
    assert counts["protocols"]["cde"]["expected"] == {
        "subjects": 24,
        "classes": {"negative": 88, "positive": 32, "surprise": 25},
    }
    assert list(found["clips"][0]["labels"]) == list(PROTOCOLS)
    for name in counts["protocols"]:
        labels = [clip["labels"][name] for clip in found["clips"]]
        for label, n in counts["protocols"][name]["classes"].items():
            assert labels.count(label) == n


def test_the_table_names_versions_flags_corrections_and_every_skipped_clip(
    database: Database,
) -> None:
    correction = Correction("casme2/sub01/EP01_2", "offset", "14", "12", "turned away", "by eye")
    text = audit_table(audit(dataclasses.replace(database, corrections=(correction,))))
    assert "casme2 (raw-selected, sheet of 2014): 9 clips of 4 subjects, 1 skipped" in text
    assert "1 apex-missing, 1 truncated" in text
    assert "offset 14 -> 12 (turned away; by eye)" in text
    assert "casme2/sub02/EP02_07  folder without a row in the sheet" in text


def test_the_table_shows_expected_counts_only_where_the_found_ones_differ(
    database: Database,
) -> None:
    text = audit_table(audit(database))
    assert re.search(r"class negative +expected 88 +found 1\n", text)
    assert re.search(r"subject sub02 +expected 5,1,3 +found 0,0,1\n", text)
    assert "official CDE list: no, these differ: casme2/sub01, casme2/sub02" in text
    whole = audit(read_database("synthetic", root=database.root))
    assert whole["counts"]["protocols"]["cde"]["expected"] is None
    assert "expected" not in audit_table(whole)
    assert "official" not in audit_table(whole)
    assert contradictions(whole) == []


def test_the_differing_subjects_are_all_in_the_json_and_the_first_few_in_the_table(
    database: Database,
) -> None:
    found = audit(database)
    rows = found["counts"]["protocols"]["cde"]["differences"]
    assert {"what": "subject sub02", "expected": (5, 1, 3), "found": (0, 0, 1)} in rows
    assert len([row for row in rows if row["what"].startswith("subject ")]) == 24
    assert "and 16 more subjects\n" in audit_table(found)


def test_a_brief_table_says_how_many_numbers_it_leaves_out_and_hides_no_verdict(
    database: Database,
) -> None:
    found = audit(database)
    full, brief = audit_table(found), audit_table(found, brief=True)
    rows = found["counts"]["protocols"]["cde"]["differences"]
    assert f"and {len(rows) - 3} more numbers, see --strict or --json\n" in brief
    assert brief.count("official CDE list: no") == full.count("official CDE list: no") == 1
    shown = len(re.findall(r"expected .* found ", brief))
    assert shown == 3 * len([p for p in found["counts"]["protocols"].values() if p["differences"]])
    assert shown < len(re.findall(r"expected .* found ", full))


def test_a_part_of_a_database_is_not_compared(database: Database) -> None:
    found = audit(part_of(database, limit=2), part=True)
    assert found["counts"]["protocols"]["cde"]["differences"] == []
    assert found["counts"]["protocols"]["cde"]["official"] is None
    assert contradictions(found) == []
    assert "a part of the database, not compared" in audit_table(found)


@pytest.mark.parametrize(
    ("name", "sheet", "words"),
    [
        ("casme2", "2014", "sheet of 2014"),
        ("casme3", "v2", "sheet v2"),
        ("smic", "hs", "variant hs"),
        ("smic", "e-hs", "variant e-hs"),
        ("samm", "", ""),
    ],
)
def test_a_variant_of_the_recordings_is_not_called_a_sheet(
    database: Database, name: str, sheet: str, words: str
) -> None:
    assert edition(name, sheet) == words
    text = audit_table(audit(dataclasses.replace(database, name=name, sheet=sheet)))
    told = f"raw-selected, {words}" if words else "raw-selected"
    assert text.startswith(f"{name} ({told}): ")


def test_what_contradicts_a_publication_is_named_by_database_and_protocol(
    database: Database,
) -> None:
    assert contradictions(audit(database)) == [
        "casme2/cde",
        "casme2/five",
        "casme2/four",
        "casme2/seven",
    ]


def test_a_table_never_moves_the_cursor_of_a_terminal(database: Database) -> None:
    item = database.footage[0]
    clip = dataclasses.replace(item.clip, emotion="\x1b[2Jhappiness")
    changed = dataclasses.replace(database, footage=(dataclasses.replace(item, clip=clip),))
    assert "\x1b" not in audit_table(audit(changed))
