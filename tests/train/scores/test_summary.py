import dataclasses
import random
from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.train.scores.predictions import Prediction, read_predictions, write_predictions
from raicl.train.scores.results import PooledScores, Progress, Results, Scores
from raicl.train.scores.summary import results_text, summarise
from tests.train.runs import results_of

CLASSES = ("negative", "positive", "surprise")
TABLE = [[8, 2, 0], [3, 2, 0], [1, 0, 4]]


def predictions() -> list[Prediction]:
    """The golden table spread over two databases with subjects of the same names."""
    cells = [(t, p) for t in range(3) for p in range(3) for _ in range(TABLE[t][p])]
    return [
        Prediction(
            clip=f"{('casme2', 'samm')[n % 2]}/sub{n % 6 // 2}/EP{n}",
            subject=f"{('casme2', 'samm')[n % 2]}/sub{n % 6 // 2}",
            truth=truth,
            predicted=predicted,
            probabilities=tuple(0.5 if c == predicted else 0.25 for c in range(3)),
            motion_px=0.25,
        )
        for n, (truth, predicted) in enumerate(cells)
    ]


def test_pooled_scores_are_those_of_the_golden_table() -> None:
    results = summarise(predictions(), CLASSES)
    assert results.confusion == tuple(map(tuple, TABLE))
    assert results.uf1 == pytest.approx(68 / 99)
    assert results.uar == pytest.approx(2 / 3)
    assert results.accuracy == pytest.approx(14 / 20)
    assert results.subjects == 6


def test_the_order_of_rows_does_not_matter() -> None:
    rows = predictions()
    expected = summarise(rows, CLASSES, seed=1)
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        assert summarise(rows, CLASSES, seed=1) == expected


def test_the_rows_of_a_database_are_the_same_predictions_restricted() -> None:
    rows = predictions()
    databases = summarise(rows, CLASSES).databases
    assert list(databases) == ["casme2", "samm"]
    for name, part in databases.items():
        alone = summarise([row for row in rows if row.clip.startswith(name)], CLASSES)
        assert dict(part) == {key: getattr(alone, key) for key in Scores.model_fields}
    total = [
        [sum(d.confusion[i][j] for d in databases.values()) for j in range(3)] for i in range(3)
    ]
    assert total == TABLE


def test_one_subject_has_no_interval() -> None:
    rows = [row for row in predictions() if row.subject == "samm/sub0"]
    results = summarise(rows, CLASSES)
    assert results.interval_95 is None
    assert "no interval from one subject" in results_text(shown(results, done=1))


def test_predictions_survive_the_file_and_give_the_same_results(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    write_predictions(path, predictions(), CLASSES)
    rows, classes = read_predictions(path)
    assert (rows, classes) == (predictions(), CLASSES)
    assert path.read_text().splitlines()[0] == (
        "clip,subject,truth,predicted,motion_px,p_negative,p_positive,p_surprise"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "clip,subject,truth,predicted,motion_px,p_a,p_b\nd/s/c,d/s,a,other,1,0.5,0.5\n",
        "clip,subject,truth,predicted,motion_px,p_a,p_b\nd/s/c,d/s\n",
        "clip,subject,truth,predicted,motion_px,p_a,p_b\nd/s/c,d/s,a,b,1,high,0.5\n",
    ],
)
def test_a_file_that_is_no_predictions_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="not a readable file of predictions"):
        read_predictions(path)


def shown(scores: PooledScores, *, done: int, **changed: object) -> Results:
    terms = {
        "sheets": {"casme2": "2014"},
        "official_list": ("official CDE list: yes (casme2)",),
        "seed": 7,
        "folds": Progress(done=done, all=6),
        "cache_digest": "0123456789abcdef0123",
    }
    return results_of(scores, **(terms | changed))


def test_the_text_states_scores_protocol_and_how_the_epoch_was_chosen() -> None:
    text = results_text(shown(summarise(predictions(), CLASSES), done=6))
    assert "UF1      0.6869   95 % interval" in text
    assert "UAR      0.6667" in text
    assert "surprise" in text
    assert "casme2" in text
    for line in (
        "protocol      cde, leave-one-subject-out",
        "folds         6 of 6 done",
        "selection     last epoch of a fixed budget",
        "seed          7, plus the row of the fold",
        "cache digest  0123456789abcdef0123",
        "network       resnet18",
        "duplicates    no clip under two subjects",
    ):
        assert line in text.splitlines()
    assert text.endswith("annotation casme2 2014\nofficial CDE list: yes (casme2)")
    assert "partial" not in text


def test_the_text_has_a_line_for_every_quarter_of_the_motion() -> None:
    rows = [
        dataclasses.replace(row, motion_px=0.1 + n / 100) for n, row in enumerate(predictions())
    ]
    text = results_text(shown(summarise(rows, CLASSES), done=6))
    assert "weakest       0.333    0.333     1.000      5   0.100 to 0.140" in text
    assert text.count("strong") == 2


def test_duplicates_are_named_in_the_text() -> None:
    pairs = tuple((f"d/1/{n}", f"d/2/{n}") for n in "abcde")
    text = results_text(shown(summarise(predictions(), CLASSES), done=6, duplicates=pairs))
    told = "5 clips under several subjects: d/1/a = d/2/a; d/1/b = d/2/b; d/1/c = d/2/c"
    assert f"duplicates    {told}; and 2 more\n" in text


def test_a_partial_run_says_so_first() -> None:
    text = results_text(shown(summarise(predictions(), CLASSES), done=4))
    assert text.startswith("partial, 4 of 6 subjects")
