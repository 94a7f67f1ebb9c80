"""The defaults stay what they are: an option must not move a run that does not ask for it."""

import json
from pathlib import Path

import pytest

from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache
from tests.train.harness import Data

# Recorded with one thread (torch 2.6 or newer, x86-64) before the method had any alternative, on
# the cache and the network below, every epoch being one step. Regions then started from zeros, and
# nothing kept them apart.
AS_THEN = {"query_start": "zero", "balance": "none"}
TERMS = ("loss", "cls", "acl", "align", "c")
STEPS = [
    (2.0876877308, 1.2050126791, 0.5557109714, 1.5881460905, 0.8265057206),
    (1.8638284206, 1.0728734732, 0.5016099811, 1.4319092035, 0.7212643623),
    (1.7926948071, 0.9657545686, 0.4634266496, 1.4205231667, 0.7356852293),
    (1.7148367167, 0.9185283184, 0.4209155738, 1.4258432388, 0.6643862724),
]
FIRST_CLIP = (0.8124042749, 0.1342216432, 0.0533739999)


def test_the_first_steps_of_the_method_are_those_on_record(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    data = Data.of_cache(make_cache(tmp_path / "flows.h5", n=[6, 2, 3]))
    [fold, *_] = data.folds
    settings = small.model_copy(update={"epochs": len(STEPS), "batch_size": 24, **AS_THEN})
    fitted = data.fit(fold, settings, tmp_path)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for row, expected in zip(log, STEPS, strict=True):
        assert [row[name] for name in TERMS] == pytest.approx(expected, abs=1e-6)
    [first, *_] = data.predict(fitted, fold.test)
    assert first.probabilities == pytest.approx(FIRST_CLIP, abs=1e-5)
