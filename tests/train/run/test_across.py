"""`--test` and `--leave database`: whole databases are held out, by the same machinery."""

import json
from pathlib import Path
from typing import Any

import pytest

from raicl.train.report.compare import compare
from raicl.train.report.page import write_page
from raicl.train.run.outcome import read_outcomes
from raicl.train.scores.predictions import read_predictions
from tests.train.conftest import Command, MakeCache

Caches = dict[str, Path]


@pytest.fixture
def caches(tmp_path: Path, make_cache: MakeCache) -> Caches:
    """Three databases of two, three and two subjects; instances and frames differ."""
    sizes = {"casme2": 2, "samm": 3, "smic": 2}
    words = {"smic": ["negative", "positive", "surprise"]}
    usual = ["disgust", "happiness", "surprise"]
    return {
        name: make_cache(
            tmp_path / f"{name}.h5",
            dataset=name,
            subjects=subjects,
            seed=seed,
            emotions=words.get(name, usual),
        )
        for seed, (name, subjects) in enumerate(sizes.items())
    }


def test_one_fold_trains_on_all_of_the_one_and_tests_all_of_the_other(
    tmp_path: Path, caches: Caches, options: list[object], command: Command, capfd: Any
) -> None:
    words = [caches["casme2"], "--test", caches["samm"]]
    assert command(*words, "--list-folds", "--json") == 0
    [fold] = json.loads(capfd.readouterr().out)
    assert (fold["database"], fold["clips"], fold["train"]) == ("samm", 9, 6)
    assert command(*words, *options, "--fold", "samm") == 0
    shown = capfd.readouterr()
    told = "tested across databases: trained on casme2, tested on samm"
    assert told in shown.err
    assert f"protocol      cde, {told}\n" in shown.out
    assert "leave-one-subject-out" not in shown.out + shown.err
    assert shown.out.startswith("9 clips of 3 subjects, predictions pooled")
    run = tmp_path / "run"
    rows, _ = read_predictions(run / "predictions.csv")
    assert {row.subject for row in rows} == {f"samm/sub0{n}" for n in (1, 2, 3)}
    assert all(row.clip.startswith(row.subject + "/") for row in rows)
    results = json.loads((run / "results.json").read_text())
    assert results["interval_95"] is not None  # a bootstrap over three subjects
    assert results["held_out"] == {"samm": [f"samm/sub0{n}" for n in (1, 2, 3)]}
    done = json.loads((run / "folds/samm/done.json").read_text())
    assert (done["class_counts"], done["clips"]) == ([2, 2, 2], 9)
    again = ["--train", caches["casme2"], "--test", caches["samm"]]
    assert command(*again, *options) == 0
    assert "1 of 1 folds are finished already" in capfd.readouterr().err
    assert command(*words, *options, "--overwrite") == 0  # the lock of such a fold is found


def test_the_sides_are_part_of_what_a_run_is(
    tmp_path: Path,
    caches: Caches,
    config: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = caches["casme2"], caches["samm"]
    assert command(one, "--test", two, *options) == 0
    capfd.readouterr()
    for words in ([two, "--test", one], [one, two]):
        assert command(*words, *options) == 6
        assert "labels " in capfd.readouterr().err
    assert command(one, two, "--leave", "database", *options) == 6
    assert "leave = 'subject', now 'database'" in capfd.readouterr().err
    monkeypatch.chdir(tmp_path)
    common = ["--config", config, "--no-pictures", "--epochs", 1]
    assert command(one, "--test", two, *common) == 0
    assert command(one, two, "--leave", "database", *common) == 0
    names = sorted(path.name.rsplit("-", 1)[0] for path in (tmp_path / "runs").iterdir())
    assert names == ["casme2+samm-cde-leave-database", "casme2-to-samm-cde"]


def test_each_database_is_left_out_in_turn(
    tmp_path: Path, caches: Caches, options: list[object], command: Command, capfd: Any
) -> None:
    words = [*caches.values(), "--leave", "database", *options]
    assert command(*words, "--list-folds") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["row", "database", "clips"]
    assert [line.split()[1] for line in lines[1:]] == ["casme2", "samm", "smic"]
    assert [line.split()[-1] for line in lines[1:]] == ["15", "12", "15"]
    assert command(*words, "--fold", "1") == 0
    shown = capfd.readouterr()
    assert shown.out.startswith("partial, 1 of 3 folds: 9 clips of 3 subjects")
    assert "[2/3] samm  9 clips" in shown.err
    assert command(*words, "--jobs", 2) == 0
    shown = capfd.readouterr()
    assert shown.out.startswith("21 clips of 7 subjects")
    assert "tested across databases: trained on all but one, tested on that one" in shown.out
    run = tmp_path / "run"
    rows, _ = read_predictions(run / "predictions.csv")
    assert len(rows) == len({row.clip for row in rows}) == 21
    pytest.importorskip("jinja2")
    write_page(tmp_path / "page.html", read_outcomes([run]), faces=False)
    page = (tmp_path / "page.html").read_text()
    assert "tested across databases: trained on all but one" in page
    assert "this run, run" not in page  # in no table of figures that left subjects out
    assert "smic/sub02" in page


def test_a_run_across_databases_is_drawn_compared_and_has_an_oracle(
    tmp_path: Path, caches: Caches, config: Path, command: Command, capfd: Any
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    runs = [tmp_path / f"seed-{seed}" for seed in (0, 1)]
    for seed, run in enumerate(runs):
        words = [caches["casme2"], "--test", caches["samm"], "--config", config, "--oracle"]
        assert command(*words, "--run-dir", run, "--seed", seed) == 0
    out = capfd.readouterr().out
    assert "test-selected, invalid" in out
    assert list(json.loads((runs[0] / "results.json").read_text())["oracle"]["epochs"]) == ["samm"]
    outcomes = read_outcomes(runs)
    assert compare(outcomes).over_seeds is not None
    write_page(tmp_path / "page.html", outcomes)
    assert "leave-one-subject-out. Predictions" not in (tmp_path / "page.html").read_text()


def test_a_database_on_both_sides_is_refused(
    tmp_path: Path, caches: Caches, make_cache: MakeCache, command: Command, capfd: Any
) -> None:
    (tmp_path / "more").mkdir()
    more = make_cache(tmp_path / "more/casme2.h5", dataset="casme2", seed=9)
    for other in (caches["casme2"], more):
        assert command(caches["casme2"], "--test", other, "--list-folds") == 3
        assert "database casme2 would be trained on and tested" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("names", "words", "code", "message"),
    [
        (["casme2"], ["--leave", "database"], 3, "leave-one-database-out needs two databases"),
        (["casme2"], ["--leave", "database", "--test", "samm"], 2, "give one of them"),
        ([], ["--test", "samm"], 2, "no cache to train on"),
        (["casme2"], ["--test", "samm", "--fold", "casme2"], 2, "no such subject or row"),
    ],
)
def test_what_cannot_be_is_said(
    caches: Caches,
    command: Command,
    capfd: Any,
    names: list[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    given = [caches.get(word, word) if word != "casme2" else word for word in words]
    assert command(*(caches[name] for name in names), *given) == code
    assert message in capfd.readouterr().err


def test_one_subject_is_enough_of_each_but_not_one_class(
    tmp_path: Path, make_cache: MakeCache, options: list[object], command: Command, capfd: Any
) -> None:
    one = make_cache(tmp_path / "one.h5", dataset="casme2", subjects=1)
    two = make_cache(tmp_path / "two.h5", dataset="samm", subjects=1, seed=1)
    alone = make_cache(tmp_path / "alone.h5", dataset="smic", emotions=["positive"], seed=2)
    assert command(one, "--test", two, *options, "--epochs", 1) == 0
    capfd.readouterr()
    assert command(alone, "--test", two, "--list-folds") == 3
    assert "needs clips of two classes, found 0 negative" in capfd.readouterr().err


def test_the_controls_look_at_the_sides_that_there_are(
    tmp_path: Path, make_cache: MakeCache, leaks: Command, capfd: Any
) -> None:
    # of one seed the two databases draw the same instances and the same digests of frames
    one, two = (make_cache(tmp_path / f"{n}.h5", dataset=n) for n in ("casme2", "samm"))
    assert leaks(one, "--test", two) == 3
    out = capfd.readouterr().out
    assert "casme2/sub01 and samm/sub01: " in out
    assert "casme2/sub01 and casme2/sub02" not in out
