"""`--scores`: only a finished leave-one-subject-out run of the very same experiment stands."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raicl.common.files import sha256_file
from raicl.train.scores.predictions import read_predictions, write_predictions
from raicl.train.scores.summary import summarise
from tests.train.conftest import Command, MakeCache
from tests.train.fitted.conftest import OF_ALL, Fit
from tests.train.runs import seal_again


def refused(fit: Fit, message: str, *words: object, run: str = "run") -> None:
    """The run is refused in three lines before anything is trained or written."""
    answer = fit(*OF_ALL[:2], "--out", "new", "--scores", run, *words)
    assert answer.code == 3, answer.err
    assert message in answer.err
    assert [line.split(":")[0] for line in answer.err.splitlines()[-3:]] == [
        "error",
        "  where",
        "  fix",
    ]
    assert not list(Path().glob("new*"))


def edit(file: str, **changed: Any) -> None:
    path = Path("run") / file
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    seal_again(Path("run"))


def test_the_scores_are_those_of_the_run_and_its_name_is_told(place: Path) -> None:
    told = json.loads((place / "model/scores.json").read_text())
    results = json.loads((place / "run/results.json").read_text())
    assert told["run"] == "run"
    assert told["results"] == results | {"run_dir": "run"}
    assert told["predictions"] == sha256_file(place / "run/predictions.csv")


def test_what_is_no_run_and_what_has_no_results_is_refused(place: Path, fit: Fit) -> None:
    refused(fit, "not the folder of a run", run="model")
    refused(fit, "not the folder of a run", run="none")
    (place / "run/results.json").unlink()
    refused(fit, "the run has no results yet")


def test_an_unfinished_run_is_refused(place: Path, fit: Fit, command: Command) -> None:
    words = ["flows.h5", "--config", "small.toml", "--run-dir", "part", "--no-pictures"]
    assert command(*words, "--fold", "0-1") == 0
    refused(fit, "run part is not finished: partial, 2 of 3 subjects", run="part")


def test_a_control_is_refused_even_for_a_control(place: Path, fit: Fit, command: Command) -> None:
    words = ["flows.h5", "--config", "small.toml", "--run-dir", "control", "--no-pictures"]
    assert command(*words, "--control", "shuffle-labels") == 0
    refused(fit, "run control is a control, whose labels are shuffled", run="control")


def test_a_run_with_test_selected_scores_is_refused_until_it_is_pooled_without(
    place: Path, fit: Fit, command: Command
) -> None:
    words = ["flows.h5", "--config", "small.toml", "--run-dir", "oracle", "--no-pictures"]
    assert command(*words, "--oracle") == 0
    refused(fit, "run oracle also has scores that were selected on the test", run="oracle")
    assert command(*words) == 0
    assert fit(*OF_ALL[:2], "--out", "new", "--scores", "oracle").code == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"evaluation": "tested across databases"}, "run run is tested across databases"),
        ({"selection": "best epoch"}, "run run selects its epoch otherwise: best epoch"),
    ],
)
def test_scores_of_another_kind_are_refused(
    place: Path, fit: Fit, changed: dict[str, str], message: str
) -> None:
    edit("results.json", **changed)
    refused(fit, message)


def test_other_settings_are_refused_and_named_but_not_where_it_is_computed(
    place: Path, fit: Fit
) -> None:
    refused(fit, "another experiment: lr = 0.001, now 0.5", "--lr", "0.5")
    refused(fit, "infer = 'middle', now 'mean'", "--infer", "mean")
    refused(fit, "seed = 0, now 3", "--seed", "3")
    words = ["--instances", "stream", "--threads", "1"]
    assert fit(*OF_ALL[:2], "--out", "new", "--scores", "run", *words).code == 0


def test_other_caches_and_other_labels_are_refused(
    place: Path, fit: Fit, make_cache: MakeCache
) -> None:
    make_cache(place / "more.h5", dataset="samm", seed=1)
    refused(fit, "another experiment: cache ", "more.h5")
    (place / "mine.toml").write_text(
        'name = "mine"\ntitle = "two classes"\nclasses = ["other", "smile"]\n'
        '[databases.casme2.emotions]\nhappiness = "smile"\ndisgust = "other"\n'
    )
    refused(fit, "another experiment: labels ", "--protocol", "mine.toml")


def rewrite(keep: Callable[[str], bool]) -> None:
    """Drop clips from the predictions of the run, and let its results follow from the rest."""
    path = Path("run/predictions.csv")
    rows, classes = read_predictions(path)
    rows = [row for row in rows if keep(row.clip)]
    write_predictions(path, rows, classes)
    edit("results.json", **summarise(read_predictions(path)[0], classes).model_dump(mode="json"))


def test_other_clips_are_refused(place: Path, fit: Fit) -> None:
    rewrite(lambda clip: clip != "casme2/sub02/EP03")
    refused(fit, "run run tested other clips than there are, first casme2/sub02/EP03")


def test_changed_scores_are_refused(place: Path, fit: Fit) -> None:
    edit("results.json", uf1=0.99)
    refused(fit, "the predictions of the run give other results: uf1")
