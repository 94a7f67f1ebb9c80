"""Folds with next to nothing in them, and protocols that leave clips out, by commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.train.conftest import Command, MakeCache

PROTOCOL = """
name = "mine"
title = "three classes"
classes = ["negative", "positive", "surprise"]
[databases.casme2.emotions]
disgust = "negative"
happiness = "positive"
surprise = "surprise"
[databases.casme2.exclude]
"""


@pytest.fixture
def excluding(tmp_path: Path) -> Any:
    def write(line: str, content: str = PROTOCOL) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(content + line + "\n")
        return path

    return write


@pytest.mark.parametrize(
    "imbalance",
    ["none", "logit-adjustment", "effective-number", "balanced-sampler", "prior-correction"],
)
@pytest.mark.promise("input 59")
def test_a_class_that_a_fold_trains_without_is_told_and_the_fold_ends_in_numbers(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    excluding: Any,
    imbalance: str,
) -> None:
    alone = excluding('test = ["sub02/EP03", "sub03/EP03"]')  # only sub01 is ever surprised
    words = [flows, "--protocol", alone, "--fold", "sub01", *options, "--imbalance", imbalance]
    assert command(*words) == 0
    assert "note: fold casme2/sub01 trains without surprise" in capfd.readouterr().err
    done = json.loads((tmp_path / "run/folds/casme2/sub01/done.json").read_text())
    assert (done["class_counts"], done["clips"]) == ([2, 2, 0], 3)
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert results["classes"]["surprise"] == {"f1": 0.0, "recall": 0.0, "clips": 1}
    assert results["over_tested"] is None  # the class is tested, and never given


@pytest.mark.promise("input 60")
def test_a_fold_with_one_clip_to_test_is_a_fold(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    excluding: Any,
) -> None:
    one = excluding('test = ["sub01/EP01", "sub01/EP02"]')
    assert command(flows, "--protocol", one, "--fold", "sub01", *options) == 0
    shown = capfd.readouterr()
    assert shown.out.startswith("partial, 1 of 3 subjects: 1 clip of 1 subject")
    assert "no interval from one subject" in shown.out
    words = "negative, positive have no tested clip and count 0, so that UF1 and UAR cannot exceed"
    assert f"{words} 0.3333" in shown.out
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert results["over_tested"]["absent"] == ["negative", "positive"]
    assert results["uf1"] in (0, pytest.approx(1 / 3))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('test = ["SUB01/EP01"]', "SUB01/EP01 is excluded, and there is no such clip of version "
         "test; did you mean sub01/EP01?"),
        ('2014 = ["sub01/EP01"]', "1 clip of version 2014 excluded (sub01/EP01), and the clips are "
         "of version test"),
    ],
)  # fmt: skip
def test_an_exclusion_that_excludes_nothing_is_told_by_every_command_and_result(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    excluding: Any,
    line: str,
    told: str,
) -> None:
    words = [flows, "--protocol", excluding(line)]
    assert command(*words, "--list-folds") == 0
    assert f"warning: protocol mine: casme2: {told}" in capfd.readouterr().err
    assert command(*words, *options, "--fold", "#0") == 0
    shown = capfd.readouterr()
    assert f"warning: protocol mine: casme2: {told}" in shown.err
    assert f"excluded in vain: casme2: {told}" in shown.out
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert results["idle_exclusions"] == [f"casme2: {told}"]


def test_a_private_protocol_with_a_built_in_name_is_told(
    flows: Path, options: list[object], command: Command, capfd: Any, excluding: Any
) -> None:
    path = excluding("", PROTOCOL.replace('"mine"', '"cde"'))
    assert command(flows, "--protocol", path, *options, "--fold", "#0") == 0
    shown = capfd.readouterr()
    differs = "casme2: repression is left out in place of negative"
    assert f"warning: protocol cde is not raicl's of that name: {differs}" in shown.err
    assert f"protocol      cde (not raicl's: {differs}" in shown.out


@pytest.mark.promise("input 71")
def test_one_subject_id_in_two_databases_is_two_folds(
    tmp_path: Path, make_cache: MakeCache, command: Command, capfd: Any
) -> None:
    caches = [make_cache(tmp_path / f"{n}.h5", dataset=n, subjects=2) for n in ("casme2", "samm")]
    assert command(*caches, "--list-folds", "--json") == 0
    rows = json.loads(capfd.readouterr().out)
    assert [row["subject"] for row in rows] == [
        "casme2/sub01", "casme2/sub02", "samm/sub01", "samm/sub02"]  # fmt: skip
    assert command(*caches, "--list-folds", "--fold", "sub01") == 2
    assert "ambiguous" in capfd.readouterr().err
