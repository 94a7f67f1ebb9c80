"""The file of predictions gives a run's results to whoever has csv and scikit-learn alone."""

import csv
import json
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from tests.train.conftest import Command


def test_predictions_give_the_results_without_any_code_of_ours(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    assert command(flows, *options) == 0
    results = json.loads((tmp_path / "run/results.json").read_text())
    with (tmp_path / "run/predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    classes = list(results["classes"])
    truth, predicted = ([row[side] for row in rows] for side in ("truth", "predicted"))
    assert results["confusion"] == confusion_matrix(truth, predicted, labels=classes).tolist()
    _, recall, f1, clips = precision_recall_fscore_support(
        truth, predicted, labels=classes, zero_division=0
    )
    assert results["uf1"] == pytest.approx(f1.mean(), abs=1e-12)
    assert results["uar"] == pytest.approx(recall.mean(), abs=1e-12)
    assert results["accuracy"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-12)
    for index, name in enumerate(classes):
        expected = {"f1": f1[index], "recall": recall[index], "clips": clips[index]}
        assert results["classes"][name] == pytest.approx(expected, abs=1e-12)
    for row in rows:
        probabilities = {name: float(row[f"p_{name}"]) for name in classes}
        assert probabilities[row["predicted"]] == max(probabilities.values())
