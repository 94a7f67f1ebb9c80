import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.train.report.compare import Difference, compare
from raicl.train.report.text import comparison_text
from raicl.train.run.outcome import read_outcomes
from tests.train.runs import TRUTHS, predictions_of, write_run

FIRST, SECOND = ["synthetic/sub02/EP02"], ["synthetic/sub02/EP02", "synthetic/sub04/EP01"]


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [
        write_run(tmp_path / "a", predictions_of(TRUTHS, wrong=FIRST)),
        write_run(tmp_path / "b", predictions_of(TRUTHS, wrong=SECOND), seed=1),
    ]


def test_scores_are_those_of_the_results_and_differences_those_of_the_scores(
    runs: list[Path],
) -> None:
    compared = compare(read_outcomes(runs))
    stored = [json.loads((run / "results.json").read_text()) for run in runs]
    assert [row.name for row in compared.runs] == ["a", "b"]
    for row, results in zip(compared.runs, stored, strict=True):
        for key in ("uf1", "uar", "accuracy", "interval_95", "seed"):
            assert row.model_dump(mode="json")[key] == results[key]
    [other] = compared.against_first
    for key, found in other.scores.items():
        assert found.difference == pytest.approx(stored[1][key] - stored[0][key], abs=1e-15)
        assert found.interval_95[0] <= found.difference <= found.interval_95[1]
    assert (other.clips_that_differ, other.right_in_first_alone) == (1, 1)
    assert (other.right_here_alone, other.mcnemar_p) == (0, 1)


def test_a_run_compared_with_itself_differs_by_nothing(runs: list[Path]) -> None:
    [other] = compare(read_outcomes([runs[0], runs[0]])).against_first
    for found in other.scores.values():
        assert found == Difference(
            difference=0, interval_95=(0, 0), p=1, least_p=0.125, detectable=None
        )
    assert (other.clips_that_differ, other.mcnemar_p) == (0, 1)


def test_the_text_names_both_runs_and_says_that_p_is_not_corrected(runs: list[Path]) -> None:
    text = comparison_text(compare(read_outcomes(runs)))
    assert "b minus a" in text
    uf1 = json.loads((runs[0] / "results.json").read_text())["uf1"]
    assert f"UF1      a  {uf1:.4f}   95 % interval" in text
    assert "1 clip given another class; right in a alone 1, in b alone 0" in text
    assert "not corrected" in text
    assert "4 subjects allow no p below 0.1250: nothing can be told apart at 5 %" in text
    assert "p 1.0000, finds –" in text  # one subject of four differs
    for line in ("protocol      cde, leave-one-subject-out", "folds         4 of 4 done"):
        assert text.splitlines().count(line) == 1
    assert "seed          a: 0, plus the row of the fold\nseed          b: 1, plus" in text
    assert "partial" not in text


def test_the_text_says_which_difference_so_many_subjects_find(tmp_path: Path) -> None:
    subjects = {f"synthetic/sub{n:02d}": (0, 1, 2, 0) for n in range(1, 8)}
    wrong = [f"{name}/EP01" for name in list(subjects)[:6]] + ["synthetic/sub01/EP02"]
    runs = [
        write_run(tmp_path / name, predictions_of(subjects, wrong=clips))
        for name, clips in (("a", []), ("b", wrong))
    ]
    compared = compare(read_outcomes(runs))
    found = compared.against_first[0].scores["accuracy"]
    assert found.p == 2 / 2**6  # six of seven subjects differ, all in one direction
    assert found.least_p == 2 / 2**7
    text = comparison_text(compared)
    assert f"p 0.0312, finds {found.detectable:.4f}" in text
    assert text.endswith("7 subjects allow no p below 0.0156")


def test_a_partial_comparison_says_so(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, folds=9) for name in "ab"]
    assert comparison_text(compare(read_outcomes(runs))).endswith("partial, 4 of 9 subjects")


def other_clips(rows: list[Any]) -> dict[str, Any]:
    return {"rows": rows[:-1]}


def other_classes(rows: list[Any]) -> dict[str, Any]:
    return {"rows": rows, "classes": ("negative", "positive", "wonder")}


def other_truth(rows: list[Any]) -> dict[str, Any]:
    return {"rows": predictions_of({**TRUTHS, "synthetic/sub04": (0, 1, 2, 2)})}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_clips, "synthetic/sub04/EP04 is in a alone"),
        (other_classes, "surprise and negative, positive, wonder, the first clip synthetic/sub01"),
        (other_truth, "synthetic/sub04/EP04 is negative in a and surprise in b"),
    ],
)
def test_runs_that_are_not_of_the_same_clips_and_classes_are_refused_by_a_clip(
    tmp_path: Path,
    change: Callable[[list[Any]], dict[str, Any]],
    message: str,
) -> None:
    rows = predictions_of(TRUTHS)
    first = write_run(tmp_path / "a", rows)
    second = write_run(tmp_path / "b", **change(rows))
    with pytest.raises(InputError, match=message) as refused:
        compare(read_outcomes([first, second]))
    assert str(tmp_path / "b") in refused.value.where
    assert refused.value.fix


def test_controls_of_two_seeds_are_refused_for_what_they_are(tmp_path: Path) -> None:
    shuffled = {"control": "shuffle-labels", "chance_uar": 1 / 3}
    runs = [
        write_run(
            tmp_path / str(seed), **other_truth([]) if seed else {}, seed=seed, results=shuffled
        )
        for seed in (0, 1)
    ]
    with pytest.raises(InputError, match="controls of two seeds"):
        compare(read_outcomes(runs))


def test_runs_that_differ_in_the_seed_alone_have_a_mean_and_a_deviation(
    tmp_path: Path, runs: list[Path]
) -> None:
    compared = compare(read_outcomes(runs))
    scores = [json.loads((run / "results.json").read_text())["uf1"] for run in runs]
    found = compared.over_seeds["uf1"]
    assert found.mean == pytest.approx(statistics.mean(scores))
    assert found.sd == pytest.approx(statistics.stdev(scores))
    assert (
        f"over 2 seeds, mean and standard deviation\nUF1      {found.mean:.4f} ± "
        in comparison_text(compared)
    )
    other = write_run(tmp_path / "longer", epochs=9, seed=2)
    for others in ([*runs, other], [runs[0], runs[0]]):
        assert compare(read_outcomes(others)).over_seeds is None


def test_two_folders_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / place / "run") for place in ("one", "two")]
    assert [outcome.name for outcome in read_outcomes(runs)] == [str(run) for run in runs]


def without_results(run: Path) -> None:
    (run / "results.json").unlink()


def no_run(run: Path) -> None:
    (run / "config.toml").unlink()
    (run / "results.json").unlink()


def broken_results(run: Path) -> None:
    (run / "results.json").write_text("{")


def retouched_results(run: Path) -> None:
    values = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps(values | {"uf1": 0.99}))


def results_of_another_program(run: Path) -> None:
    (run / "results.json").write_text("{}")


def earlier_results(run: Path) -> None:
    values = json.loads((run / "results.json").read_text())
    del values["sheets"]
    (run / "results.json").write_text(json.dumps(values))


def foreign_log(run: Path) -> None:
    (run / "folds/synthetic/sub01/log.jsonl").write_text("[1]\n")


def broken_log(run: Path) -> None:
    (run / "folds/synthetic/sub01/log.jsonl").write_text("{")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without_results, "the run has no results yet"),
        (no_run, "not the folder of a run"),
        (broken_results, "cannot be read"),
        (retouched_results, "give other results: uf1"),
        (results_of_another_program, "it lacks version"),
        (earlier_results, "it lacks sheets"),
        (foreign_log, "log of a fold cannot be read: Input should be an object"),
        (broken_log, "log of a fold cannot be read"),
    ],
)
def test_a_run_that_cannot_be_trusted_is_refused(
    runs: list[Path], damage: Callable[[Path], None], message: str
) -> None:
    damage(runs[1])
    with pytest.raises(InputError, match=message) as refused:
        read_outcomes(runs)
    assert str(runs[1]) in refused.value.where
