"""A run of the first version stays readable: its folder lies in tests/golden."""

from pathlib import Path

import pytest

from raicl.common.errors import VersionError
from raicl.common.files import read_json, write_json
from raicl.train.report.compare import compare
from raicl.train.run.outcome import read_outcome

GOLDEN = Path(__file__).parents[2] / "golden" / "run-v1"


def test_the_first_runs_are_read_and_their_scores_follow_from_their_predictions() -> None:
    outcome = read_outcome(GOLDEN, "golden")  # which scores the predictions again
    results = outcome.results
    assert results.version == 1
    assert (results.uf1, results.uar) == pytest.approx((4 / 15, 1 / 3))
    assert (results.partial, results.folds.all) == ("partial, 2 of 3 subjects", 3)
    assert list(outcome.folds) == ["casme2/sub01", "casme2/sub02"]
    assert [len(log) for log in outcome.logs.values()] == [2, 2]
    assert outcome.environment.protocol.name == "cde"
    assert outcome.settings.width == 4
    assert results.oracle is not None
    assert set(results.oracle.epochs) == set(outcome.folds)


def test_a_golden_run_can_be_compared_with_itself() -> None:
    outcome = read_outcome(GOLDEN, "golden")
    [against] = compare([outcome, outcome]).against_first
    assert against.scores["uf1"].difference == 0


@pytest.mark.parametrize("name", ["results.json", "env.json"])
def test_a_file_of_a_newer_version_is_refused_with_both_versions(tmp_path: Path, name: str) -> None:
    for path in GOLDEN.rglob("*.*"):
        copy = tmp_path / path.relative_to(GOLDEN)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    write_json(tmp_path / name, read_json(tmp_path / name, fix="") | {"version": 2})
    with pytest.raises(VersionError, match="written in version 2, this program reads up to 1"):
        read_outcome(tmp_path, "golden")
