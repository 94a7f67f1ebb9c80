"""`raicl validate` asks every installed examiner, and tells each bad file with the reason."""

import json
from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.common.folders import validate_folder

# a package of somebody else that is installed beside raicl, with examiners of two kinds of folder
EXAMINERS = """
from raicl.common.folders import Examined

def examine_whole(folder):
    if folder.name == "whole":
        files = {folder / "a": "", folder / "b": ""}
        return Examined(kind="box", files=files, fix="nothing", note="c is not covered")

def examine_bad(folder):
    if folder.name in ("bad", "whole"):
        files = {folder / "a": "", folder / "b": "changed", folder / "c": "missing"}
        return Examined(kind="bag", files=files, fix="pack it again")
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    told = site / "examiners-1.0.dist-info"
    told.mkdir(parents=True)
    (site / "examiners_of_tests.py").write_text(EXAMINERS, encoding="utf-8")
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: examiners\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(
        "[raicl.folders]\nzz-bad = examiners_of_tests:examine_bad\n"
        "aa-whole = examiners_of_tests:examine_whole\n"
    )
    monkeypatch.syspath_prepend(site)


def test_a_folder_that_no_stage_knows_is_told_to_the_caller(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate_folder(tmp_path / "other", as_json=False) is False
    assert capsys.readouterr().out == ""


def test_the_first_that_knows_a_folder_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "whole"
    assert validate_folder(folder, as_json=False) is True
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{folder}: box, 2 of 2 files are whole", "note: c is not covered"]


def test_every_bad_file_is_told_and_the_first_in_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bad"
    with pytest.raises(InputError) as caught:
        validate_folder(folder, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        f"bad  {folder / 'b'}: changed",
        f"bad  {folder / 'c'}: missing",
        f"{folder}: bag, 1 of 3 files are whole",
    ]
    assert caught.value.what == "2 files of the bag missing or changed, first b: changed"
    assert caught.value.where == str(folder / "b")
    assert caught.value.fix == "pack it again"


def test_the_same_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "bad"
    with pytest.raises(InputError):
        validate_folder(folder, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "path": str(folder),
        "kind": "bag",
        "whole": 1,
        "bad": [
            {"path": str(folder / "b"), "reason": "changed"},
            {"path": str(folder / "c"), "reason": "missing"},
        ],
        "note": "",
    }
