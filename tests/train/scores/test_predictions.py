"""Files of predictions, logs and epochs are not believed to be of any size."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.common.limits import LIST_BYTES
from raicl.train.fold.log import read_log
from raicl.train.fold.oracle import _rows
from raicl.train.scores.predictions import read_predictions


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("predictions.csv", read_predictions),
        ("log.jsonl", lambda path: read_log(path.parent)),
        ("oracle.jsonl", _rows),
    ],
)
def test_a_list_that_is_larger_than_any_is_not_read(
    tmp_path: Path, name: str, read: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    path.touch()
    os.truncate(path, LIST_BYTES + 1)  # it takes no room on the disk
    with pytest.raises(InputError, match="it has more than") as refused:
        read(path)
    assert refused.value.where == str(path)
    assert refused.value.fix
