"""CASME II, SAMM and SMIC as one cache: the commands, on trees of their real shape."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.common.errors import ConflictError, InputError, UsageError
from raicl.data.database import read_database
from raicl.data.parts import part_of, read_composite
from raicl.data.protocols.agreement import whole_list
from raicl.data.protocols.audit import audit_composite, contradictions
from raicl.data.protocols.audit_table import audit_table
from raicl.data.protocols.protocol import load_protocol
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.clips.compose import compose
from raicl.train.clips.folds import leave_one_subject_out
from tests.commands import run
from tests.data.conftest import workbook

MEMBERS = ("casme2", "samm", "smic")
QUICK = PrepSettings(align="none", size=48, n_frames=4, flow="dis")
OPTIONS = ["--align", "none", "--size", "48", "--n-frames", "4", "--flow", "dis"]

CASME2 = [("01", "EP01_02", "happiness"), ("01", "EP03_01f", "others"), ("02", "EP09f", "disgust")]
SAMM = [("006", "006_1_2", "Anger"), ("007", "007_3_1", "Other"), ("007", "007_5_3", "Surprise")]
SMIC = [
    ("s1", "negative", "s1_ne_01"),
    ("s1", "surprise", "s1_sur_02"),
    ("s20", "positive", "s20_po_01"),
]


def put_clip(folder: Path, name: str) -> None:
    """Frames 5 to 12: noise that moves right by one px a frame, another noise for every clip."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(list(folder.name.encode()))
    noise = cv2.GaussianBlur(rng.integers(0, 256, (64, 80)).astype(np.float32), (0, 0), 2)
    texture = np.clip(128 + 8 * (noise - noise.mean()), 0, 255).astype(np.uint8)
    for number in range(5, 13):
        cv2.imwrite(str(folder / name.format(number)), texture[:, 12 - number : 84 - number])


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three databases of three clips each, laid out as `$RAICL_DATA` is."""
    place = tmp_path_factory.mktemp("data")
    frames = ("Onset Frame", "Apex Frame", "Offset Frame")
    for subject, clip, _ in CASME2:
        put_clip(place / "casme2" / "CASME2-RAW" / f"sub{subject}" / clip, "img{}.jpg")
    header = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Estimated Emotion"]
    rows = [[subject, clip, 5, 8, 12, emotion] for subject, clip, emotion in CASME2]
    sheet = place / "casme2" / "CASME2-coding-20140508.xlsx"
    sheet.write_bytes(workbook([header, *rows]))
    for subject, clip, _ in SAMM:
        put_clip(place / "samm" / "SAMM" / subject / clip, subject + "_{:04d}.jpg")
    header = ["Subject", "Filename", *frames, "Estimated Emotion"]
    rows = [[subject, clip, 5, 8, 12, emotion] for subject, clip, emotion in SAMM]
    sheet = place / "samm" / "SAMM_Micro_FACS_Codes_v2.xlsx"
    sheet.write_bytes(workbook([header, *rows]))
    for subject, emotion, clip in SMIC:
        folder = place / "smic" / "HS" / subject / "micro" / emotion / clip
        put_clip(folder, "image{:06d}.bmp")
    return {name: place / name for name in MEMBERS}


def test_one_cache_of_three_databases_is_the_three_caches(
    roots: dict[str, Path], tmp_path: Path
) -> None:
    words = [word for name in MEMBERS for word in (f"--root-{name}", roots[name])]
    made = run("raicl-prep", "cde", *words, "--out", "cde.h5", *OPTIONS, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "cde.h5: 9 clips (9 computed" in made.stdout
    assert "official CDE list: no, these differ: casme2/sub01" in made.stderr
    three = [tmp_path / f"{name}.h5" for name in MEMBERS]
    for name, path in zip(MEMBERS, three, strict=True):
        prepare(read_database(name, root=roots[name]), path, QUICK)
    protocol = load_protocol("cde")
    one, other = compose([tmp_path / "cde.h5"], protocol), compose(three[::-1], protocol)
    assert one.digest == other.digest
    assert one.labels == other.labels
    assert len(one.labels) == 7  # without the two clips of others
    assert leave_one_subject_out(one.clips) == leave_one_subject_out(other.clips)
    cache = open_cache(tmp_path / "cde.h5")
    assert len(cache.records) == 9  # one cache serves every protocol
    assert [part.name for part in cache.manifest.provenance.databases] == list(MEMBERS)
    assert cache.manifest.provenance.databases[0].sheet == "2014"
    assert compose([tmp_path / "casme2.h5"], load_protocol("five")).classes[2] == "repression"


def test_roots_are_found_by_the_usual_order_and_the_audit_has_one_table_for_each(
    roots: dict[str, Path], tmp_path: Path
) -> None:
    data = str(roots["samm"].parent)
    answer = run("raicl-prep", "cde", "--dry-run", "--json", cwd=tmp_path, RAICL_DATA=data)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["dataset"], found["official"]) == ("cde", {"cde": False})
    assert [item["dataset"] for item in found["databases"]] == list(MEMBERS)
    assert found["databases"][2]["clips"][0]["id"] == "smic/s01/s01_ne_01"
    assert found["databases"][1]["clips"][0]["labels"] == {
        "cde": "negative",
        "five": "anger",
        "three": None,
        "four": "negative",
        "seven": "anger",
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["cde", "--out", "x.h5"], 3, "--root-casme2 (not given)"),
        (["cde", "--root", "{samm}", "--out", "x.h5"], 2, "--root-casme2 DIR --root-samm DIR"),
        (["cde", "--annotations", "a.xlsx", "--out", "x.h5"], 2, "--annotations belongs to a"),
        (["cde", "--variant", "nir", "--out", "x.h5"], 2, "--variant belongs to a"),
        (["samm", "--root-samm", "{samm}", "--out", "x.h5"], 2, "samm takes --root DIR"),
        (["samm", "--root", "{samm}", "--dry-run", "--strict"], 3, "samm/cde, samm/five"),
        (
            ["samm", "--root", "{samm}", "--dry-run", "--strict", "--limit", "1"],
            2,
            "whole database",
        ),
        (["samm", "--root", "{samm}", "--out", "x.h5", "--strict"], 3, "without --strict"),
    ],
)
def test_a_wrong_command_ends_in_one_line(
    roots: dict[str, Path], tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    answer = run("raicl-prep", *[word.format(**roots) for word in words], cwd=tmp_path)
    assert answer.returncode == code, answer.stderr
    assert said in answer.stderr
    assert answer.stderr.count("error: ") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_member_is_named_before_anything_is_read(
    roots: dict[str, Path], tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("RAICL_SMIC", "RAICL_DATA"):
        monkeypatch.delenv(name, raising=False)
    two = {name: roots[name] for name in MEMBERS[:2]}
    with pytest.raises(InputError, match="smic was not found") as caught:
        read_composite("cde", two)
    assert "--root-smic (not given)" in caught.value.where
    with pytest.raises(InputError, match="--root-smic does not exist"):
        read_composite("cde", two | {"smic": tmp_path / "none"})
    assert capsys.readouterr().err == ""


def test_a_selection_takes_the_first_clips_of_each_and_subjects_by_either_name(
    roots: dict[str, Path],
) -> None:
    database = read_composite("cde", roots)
    first = part_of(database, limit=1)
    assert [item.clip.dataset for item in first.footage] == list(MEMBERS)
    chosen = part_of(database, subjects=["sub02", "smic/s20"])
    assert [item.clip.id for item in chosen.footage] == ["casme2/sub02/EP09f", "smic/s20/s20_po_01"]
    assert [member.name for member in chosen.members] == ["casme2", "smic"]
    text = audit_table(audit_composite(chosen, part=True))
    assert text.count("a part of the database, not compared") == 2
    assert "official" not in text


def test_the_output_may_lie_in_none_of_the_databases_and_loses_no_clip(
    roots: dict[str, Path], tmp_path: Path
) -> None:
    database = read_composite("cde", roots)
    for name in MEMBERS:
        with pytest.raises(UsageError, match="never written to"):
            prepare(database, roots[name] / "cde.h5", QUICK)
    out = tmp_path / "cde.h5"
    prepare(database, out, QUICK)
    with pytest.raises(ConflictError, match="6 clips that this run would drop"):
        prepare(read_database("samm", root=roots["samm"]), out, QUICK)


def test_the_three_together_are_judged_by_the_digest_of_the_whole_list(
    roots: dict[str, Path],
) -> None:
    database = read_composite("cde", roots)
    clips = [item.clip for item in database.footage]
    assert whole_list(load_protocol("cde"), clips) is False
    assert whole_list(load_protocol("cde"), clips[:6]) is None
    assert contradictions(audit_composite(database))[0] == "casme2/cde"


def test_a_tree_with_the_164_clips_of_smic_is_the_official_part(tmp_path: Path) -> None:
    expected = load_protocol("cde").expected("smic", "hs")
    assert expected is not None
    kinds = (("negative", "ne"), ("positive", "po"), ("surprise", "sur"))
    picture = cv2.imencode(".bmp", np.zeros((2, 2), np.uint8))[1].tobytes()
    for subject, counts in expected.per_subject.items():
        person = f"s{int(subject[1:])}"
        for (emotion, short), n in zip(kinds, counts, strict=True):
            for number in range(1, n + 1):
                clip = f"{person}_{short}_{number:02d}"
                folder = tmp_path / "HS" / person / "micro" / emotion / clip
                folder.mkdir(parents=True)
                for frame in (7, 8):
                    (folder / f"image{frame:06d}.bmp").write_bytes(picture)
    words = ("raicl-prep", "smic", "--root", tmp_path, "--dry-run", "--strict")
    answer = run(*words, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "164 clips of 16 subjects: 70 negative, 51 positive, 43 surprise" in answer.stdout
    assert "official CDE list: yes (smic)" in answer.stdout
    assert "expected" not in answer.stdout
    shutil.rmtree(tmp_path / "HS" / "s5")
    answer = run(*words, cwd=tmp_path)
    assert answer.returncode == 3
    assert re.search(r"subject s05 +expected 1,0,1 +found 0,0,0\n", answer.stdout)
    assert "official CDE list: no, these differ: smic/s05" in answer.stdout
    assert "not the published clips: smic/cde" in answer.stderr
