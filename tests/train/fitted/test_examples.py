"""The examples in docstrings run as they stand."""

import doctest
from pathlib import Path

import raicl.train


def test_the_example_of_load_model_runs(place: Path) -> None:
    [found] = doctest.DocTestFinder().find(
        raicl.train.load_model, "load_model", globs={}, module=raicl.train
    )
    assert len(found.examples) > 5
    assert doctest.DocTestRunner(verbose=False).run(found).failed == 0
