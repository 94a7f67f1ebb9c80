"""`raicl-train` under protocols: own files, composites, official lists."""

import json
from pathlib import Path
from typing import Any

import pytest

from raicl.train.scores.predictions import read_predictions
from raicl.train.scores.summary import summarise
from tests.train.conftest import Command, MakeCache, UniteCaches

MINE = (
    'name = "mine"\ntitle = "a smile or not"\nclasses = ["other", "smile"]\n'
    "[databases.casme2.emotions]\n"
    'happiness = "smile"\ndisgust = "other"\nsurprise = "other"\n'
)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return path


def test_a_protocol_file_gives_the_classes_and_its_content_is_kept_with_the_run(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any, mine: Path
) -> None:
    assert command(flows, "--fold", "#0", *options, "--protocol", mine, "--json") == 0
    results = json.loads(capfd.readouterr().out)
    assert list(results["classes"]) == ["other", "smile"]
    assert (results["protocol"], results["official_list"]) == ("mine", [])
    kept = json.loads((tmp_path / "run" / "env.json").read_text())["protocol"]
    assert kept["databases"]["casme2"]["emotions"]["happiness"] == "smile"


def test_a_changed_protocol_file_does_not_continue_the_run(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any, mine: Path
) -> None:
    words = (flows, "--fold", "#0", *options, "--protocol", mine)
    assert command(*words) == 0
    moved = tmp_path / "elsewhere.toml"
    moved.write_text("# the same rules\n" + MINE)
    assert command(flows, "--fold", "#0", *options, "--protocol", moved) == 0
    assert "1 of 1 folds are finished already" in capfd.readouterr().err
    mine.write_text(MINE.replace('surprise = "other"', 'surprise = "smile"'))
    assert command(*words) == 6
    error = capfd.readouterr().err
    assert "labels " in error
    assert "by protocol mine" in error


def test_the_default_run_folder_follows_the_labels(
    tmp_path: Path, flows: Path, config: Path, command: Command, mine: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    words = (flows, "--fold", "#0", "--config", config, "--no-pictures", "--protocol", mine)
    assert command(*words) == 0
    mine.write_text(MINE.replace('surprise = "other"', 'surprise = "smile"'))
    assert command(*words) == 0
    names = [path.name for path in (tmp_path / "runs").iterdir()]
    assert len(names) == 2
    assert all(name.startswith("casme2-mine-") for name in names)


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, 3, "cannot read the protocol"),
        ("classes = ", 3, "not a TOML file"),
        ("colour = 1\n" + MINE, 2, "unknown key `colour`"),
        (MINE.replace('"smile"\n', '"grin"\n'), 2, "['grin'] are not classes"),
        (MINE.replace("casme2", "smic"), 3, "protocol mine has no rule for casme2"),
    ],
)
def test_a_faulty_protocol_file_ends_in_one_line_before_any_work(
    tmp_path: Path,
    flows: Path,
    command: Command,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("mine.toml").write_text(content)
    assert command(flows, "--protocol", "mine.toml") == code
    error = capfd.readouterr().err
    assert message in error
    assert error.count("error: ") == 1
    assert not Path("runs").exists()


def test_a_cache_of_three_databases_gives_the_results_of_three_caches(
    tmp_path: Path,
    make_cache: MakeCache,
    unite_caches: UniteCaches,
    config: Path,
    command: Command,
    capfd: Any,
) -> None:
    databases = {
        "casme2": ("disgust", "happiness", "surprise"),
        "samm": ("anger", "happiness", "surprise"),
        "smic": ("negative", "positive", "surprise"),
    }
    three = [
        make_cache(tmp_path / f"{name}.h5", dataset=name, subjects=1, emotions=emotions)
        for name, emotions in databases.items()
    ]
    one = unite_caches(three, tmp_path / "cde.h5")
    found = []
    for name, caches in (("three", three[::-1]), ("one", [one])):
        run = tmp_path / name
        words = (*caches, "--protocol", "cde", "--config", config, "--run-dir", run, "--json")
        assert command(*words, "--epochs", 1, "--no-pictures") == 0
        found.append(json.loads(capfd.readouterr().out) | {"run_dir": None})
    assert found[0] == found[1]
    rows, classes = read_predictions(tmp_path / "one" / "predictions.csv")
    assert (tmp_path / "three" / "predictions.csv").read_text() == (
        tmp_path / "one" / "predictions.csv"
    ).read_text()
    assert sorted(found[1]["databases"]) == ["casme2", "samm", "smic"]
    for name, scores in found[1]["databases"].items():
        alone = summarise([r for r in rows if r.subject.startswith(f"{name}/")], classes)
        shown = alone.model_dump(mode="json")
        assert scores == {key: shown[key] for key in scores}
    assert found[1]["official_list"][0].startswith("official CDE list: no, these differ: casme2/")


def test_the_log_shows_published_counts_that_are_not_met(
    flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, "--fold", "#0", *options) == 0
    shown = capfd.readouterr()
    assert "casme2: class negative  expected 88     found 3" in shown.err
    assert "official CDE list: no, these differ: casme2/sub01" in shown.out
