"""What a study is said to take, unit by unit."""

from pathlib import Path

from tests.train.ablation.conftest import Words
from tests.train.conftest import Raicl


def test_a_study_is_estimated_unit_by_unit_and_writes_nothing(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    answer = raicl(*study, "--estimate")
    assert answer.code == 0, answer.err
    *units, total = answer.out.splitlines()
    assert [line.split(":")[0] for line in units] == [
        f"{row}, seed {seed}" for seed in (0, 1) for row in ("plain", "whole", "apex")
    ]
    assert all(" x " in line and "pairs in" in line for line in units)
    assert total.startswith("together about")
    assert not (tmp_path / "study").exists()
    part = raicl(*study, "--estimate", "--shard", "1/6").out.splitlines()
    assert [line.split(":")[0] for line in part[:-1]] == ["whole, seed 0"]
