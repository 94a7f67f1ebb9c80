"""The cache, the run and the model that the tests of `raicl fit` make, too."""

from collections.abc import Callable

import pytest

from tests.train.commands import Answer
from tests.train.conftest import Raicl
from tests.train.fitted.conftest import made, place

__all__ = ["made", "place"]
Predict = Callable[..., Answer]


@pytest.fixture
def predict(raicl: Raicl) -> Predict:
    """Run `raicl predict` without pictures: ``predict("model", "flows.h5") -> Answer``."""
    return lambda *words: raicl("predict", *words, "--out", "out", "--no-pictures")
