"""Regions: what the networks of a run make of the faces that they were not trained on.

Every tested clip is seen by the network of the fold that held its subject out, on its middle
instance. With the truth of a synthetic database the regions are compared with the parts of the
face, and the attention with the motion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from raicl.common.cache.flows import StoredClip
from raicl.data.synthetic.truth import Units
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import make_folds
from raicl.train.fold.inference import tested_regions
from raicl.train.inputs.instances import Instances, load_instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.model.losses import label_maps
from raicl.train.model.siamese import Siamese
from raicl.train.report.measured import (
    UNITS,
    Consistency,
    Coverage,
    MeasuredRun,
    Sharing,
)
from raicl.train.report.networks import composite_of, network_of
from raicl.train.report.truth import KnownClip
from raicl.train.run.outcome import Outcome
from raicl.train.scores import regions as measures
from raicl.train.scores.predictions import Prediction

Floats = NDArray[np.float32]
_BATCH = 128  # instances


class Seen(NamedTuple):
    """What the network of a fold makes of the N clips that it was tested on.

    Attributes
    ----------
    maps : class map of the true class, (N, h, w), signed.
    features : F (N, C, h, w).
    assignment, embeddings : P (N, M, h, w) and z (N, M, D). None without MRD.
    trained : F of the clips that it was trained on, (K, C, h, w). Empty unless asked for.
    """

    rows: tuple[Prediction, ...]
    maps: Floats
    features: Floats
    assignment: Floats | None
    embeddings: Floats | None
    trained: Floats


def measure(outcome: Outcome, flows: Sequence[Path], truth: Path | None = None) -> MeasuredRun:
    """Measure the regions of a run, and with a truth also its attention.

    Parameters
    ----------
    flows : caches of the run.
    truth : root of the synthetic database that the caches were made from.

    Raises
    ------
    InputError : the caches are not those of the run, the weights of a fold are missing or changed,
        or the truth is missing or of other clips.
    SetupError : there is a truth, and scikit-learn is not installed.
    """
    composite = composite_of(outcome, flows)
    compared = truth is not None and outcome.settings.mrd
    known = {}
    if truth is not None:
        clips = [row.clip for row in outcome.predictions]
        known = {clip: KnownClip(truth, composite.records[clip]) for clip in clips}
    folds, agreements = {}, {}
    for name, seen in _look(outcome, composite, compared):
        if compared:
            agreements[name] = _agreement(seen, known)
        # many clips are trained on, so only one fold's features of them are held at a time
        folds[name] = seen._replace(trained=np.empty(0, np.float32))
    first = next(iter(folds.values()))
    height, width = first.maps.shape[1:]
    return MeasuredRun(
        name=outcome.name,
        clips=len(outcome.predictions),
        queries=outcome.settings.queries if outcome.settings.mrd else 0,
        map_shape=(height, width),
        sharing=_sharing(folds) if outcome.settings.mrd else None,
        consistency=_consistency(folds, agreements) if compared else None,
        coverage={units: _coverage(folds, known, units) for units in UNITS} if known else None,
    )


def _look(outcome: Outcome, composite: Composite, trained_too: bool) -> Iterator[tuple[str, Seen]]:
    """What each finished fold's network sees, by fold. Only middle instances are read."""
    trains = {fold.name: fold.train for fold in make_folds(composite, outcome.settings)}
    tested = [row.clip for row in outcome.predictions]
    needed = [composite.records[clip] for clip in (composite.records if trained_too else tested)]
    instances = load_instances(
        [StoredClip(cache, record.middle_alone()) for cache, record in needed],
        size=outcome.settings.size,
        device=torch.device("cpu"),
        where="auto",
    )
    for name, record in outcome.folds.items():
        rows = tuple(row for row in outcome.predictions if outcome.fold_of(row.subject) == name)
        trained = trains[name] if trained_too else ()
        model = network_of(outcome, name)
        yield name, _see(model, instances, record.scale, rows, trained)
    instances.close()


@torch.no_grad()
def _see(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    rows: tuple[Prediction, ...],
    trained: Sequence[str],
) -> Seen:
    model.eval()
    classifier = model.tested.classifier

    def features_of(clips: Sequence[str]) -> Tensor:
        rows = [instances.middle[clip] for clip in clips]
        batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
        raw = [instances.gather(torch.tensor(batch)) for batch in batches]
        return torch.cat([classifier.features(apply_scale(batch, scale)) for batch in raw])

    features = features_of([row.clip for row in rows])
    truth = torch.tensor([row.truth for row in rows])
    regions = tested_regions(model, features)
    return Seen(
        rows=rows,
        maps=label_maps(classifier.maps(features), truth)[:, 0].numpy(),
        features=features.numpy(),
        assignment=None if regions is None else regions.assignment.numpy(),
        embeddings=None if regions is None else regions.embeddings.numpy(),
        trained=features_of(trained).numpy() if trained else np.empty(0, np.float32),
    )


def _sharing(folds: Mapping[str, Seen]) -> Sharing:
    found = {}
    for name, seen in folds.items():
        assert seen.assignment is not None
        assert seen.embeddings is not None
        found[name] = measures.sharing(seen.assignment, seen.embeddings)
    mean = _weighted(found, folds)
    one = _are_one(mean)
    return Sharing(
        **mean, are_one=one, folds_one=sum(map(_are_one, found.values())), folds=len(found)
    )


def _are_one(values: Mapping[str, float]) -> bool:
    return measures.are_one(
        values["usage_of_largest"], values["information"], values["information_by_chance"]
    )


def _agreement(seen: Seen, known: Mapping[str, KnownClip]) -> dict[str, float]:
    assert seen.assignment is not None
    height, width = seen.maps.shape[1:]
    parts = np.stack([known[row.clip].parts((height, width)) for row in seen.rows])
    return measures.consistency(seen.assignment, parts, seen.features, seen.trained)


def _consistency(folds: Mapping[str, Seen], found: Mapping[str, dict[str, float]]) -> Consistency:
    by_fold = {name: values["regions"] for name, values in found.items()}
    return Consistency(**_weighted(found, folds), folds=by_fold)


def _weighted(found: Mapping[str, dict[str, float]], folds: Mapping[str, Seen]) -> dict[str, float]:
    """Mean of each value over the folds, weighted by their tested cells: maps have equal sizes."""
    weights = [len(folds[name].rows) for name in found]
    keys = next(iter(found.values()))
    return {
        key: float(np.average([values[key] for values in found.values()], weights=weights))
        for key in keys
    }


def _coverage(folds: Mapping[str, Seen], known: Mapping[str, KnownClip], units: Units) -> Coverage:
    subjects: dict[str, list[float]] = {}
    by_chance: dict[str, list[float]] = {}
    clips, without = {}, 0
    for seen in folds.values():
        moving = [known[row.clip].moving(units) for row in seen.rows]
        there = [index for index, region in enumerate(moving) if region is not None]
        without += len(moving) - len(there)
        if not there:
            continue
        shown = [region for region in moving if region is not None]
        gains = measures.coverage(_energy(seen.maps, shown[0].shape[0]), shown)  # (N, shown)
        for column, index in enumerate(there):
            row, others = seen.rows[index], np.delete(gains[:, column], index)
            clips[row.clip] = float(gains[index, column])
            subjects.setdefault(row.subject, []).append(clips[row.clip])
            if len(others):
                by_chance.setdefault(row.subject, []).append(float(others.mean()))
    mean, interval = _over_subjects(subjects)
    return Coverage(
        mean=mean,
        interval_95=interval,
        by_chance=_over_subjects(by_chance)[0],
        subjects={name: float(np.mean(values)) for name, values in subjects.items()},
        clips=clips,
        without=without,
    )


def _over_subjects(
    values: Mapping[str, list[float]],
) -> tuple[float | None, tuple[float, float] | None]:
    if not values:
        return None, None
    return measures.mean_over_subjects({n: float(np.mean(each)) for n, each in values.items()})


def _energy(maps: Floats, size: int) -> Floats:
    """Squared positive part of maps (N, h, w), bilinear to (N, size, size).

    The map is not smoothed before it is squared, so that a cell's energy stays its own.
    """
    energy = torch.from_numpy(maps).clamp_min(0).square()[:, None]
    larger = F.interpolate(energy, size=(size, size), mode="bilinear", align_corners=False)
    return np.asarray(larger[:, 0].numpy(), np.float32)
