"""A study on a cluster ends in the table of this machine."""

import json
from pathlib import Path

import pytest

from tests.dask_cluster import LocalDask
from tests.train.ablation.conftest import Words
from tests.train.conftest import Raicl


@pytest.mark.slow
def test_a_study_on_a_cluster_ends_in_the_table_of_this_machine(
    tmp_path: Path, study: Words, raicl: Raicl, dask: LocalDask
) -> None:
    once = [*study, "--rows", "plain,whole", "--seeds", 0]
    assert raicl(*once, "--dir", tmp_path / "here").code == 0
    answer = raicl(*once, "--cluster", dask.address)
    assert answer.code == 0, answer.err
    assert "2 units at a time" in answer.err
    tables = [
        json.loads((tmp_path / name / "table.json").read_text()) for name in ("study", "here")
    ]
    for table in tables:
        for row in table["rows"]:
            del row["cost"]["fold_seconds"]
    assert tables[0] == tables[1]
