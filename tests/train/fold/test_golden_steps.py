"""The defaults stay what they are: an option must not move a run that does not ask for it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from raicl.common.cache.flows import open_cache
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.fold.inference import predict
from raicl.train.inputs.instances import load_instances
from raicl.train.settings import TrainSettings

# Recorded with one thread (torch 2.6 or newer, x86-64) before the method had any alternative, on
# the cache and the network below, every epoch being one step.
TERMS = ("loss", "cls", "acl", "align", "c")
STEPS = [
    (2.0876877308, 1.2050126791, 0.5557109714, 1.5881460905, 0.8265057206),
    (1.8638284206, 1.0728734732, 0.5016099811, 1.4319092035, 0.7212643623),
    (1.7926948071, 0.9657545686, 0.4634266496, 1.4205231667, 0.7356852293),
    (1.7148367167, 0.9185283184, 0.4209155738, 1.4258432388, 0.6643862724),
]
FIRST_CLIP = (0.8124042749, 0.1342216432, 0.0533739999)


def test_the_first_steps_of_the_default_method_are_those_on_record(
    tmp_path: Path, make_cache: Callable[..., Path], small: TrainSettings
) -> None:
    cache = open_cache(make_cache(tmp_path / "flows.h5", n=[6, 2, 3]))
    sources = [(cache, record) for record in cache.records]
    device = torch.device("cpu")
    instances = load_instances(sources, size=33, device=device, where="device")
    [fold, *_] = leave_one_subject_out([record.clip for record in cache.records])
    emotions = ("disgust", "happiness", "surprise")
    labels = {record.id: emotions.index(record.clip.emotion) for record in cache.records}
    settings = small.model_copy(update={"epochs": len(STEPS), "batch_size": 24})
    model, scale = fit_fold(
        fold,
        instances,
        labels,
        settings,
        n_classes=3,
        device=device,
        output=Output(folder=tmp_path, say=print),
    )
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for row, expected in zip(log, STEPS, strict=True):
        assert [row[name] for name in TERMS] == pytest.approx(expected, abs=1e-6)
    [first, *_] = predict(
        model,
        instances,
        scale,
        clips=fold.test,
        subjects=dict.fromkeys(fold.test, fold.name),
        labels=labels,
    )
    assert first.probabilities == pytest.approx(FIRST_CLIP, abs=1e-5)
