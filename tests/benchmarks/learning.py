"""What the network learns on the synthetic database, beside a linear classifier in the same run.

For each seed: leave-one-subject-out with a preset, the same with the labels shuffled between clips,
and where the attention of the held-out clips lies. Run: ``make bench-learning``, or with a cache
that exists: ``python tests/benchmarks/learning.py --database demo/database --flows demo/flows.h5``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from raicl.common.settings import merge
from raicl.common.terminal import console
from raicl.data.database import read_database
from raicl.data.protocols.protocol import load_protocol
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.truth import moving_region
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.clips.composite import Composite, compose
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.clips.plan import controlled, shuffle_labels
from raicl.train.inputs.instances import load_instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.model.network import Classifier
from raicl.train.run.cross_validate import cross_validate
from raicl.train.run.device import configure_torch
from raicl.train.run.experiment import Experiment
from raicl.train.run.opening import open_run
from raicl.train.scores.metrics import confusion_matrix, uar, uf1
from raicl.train.scores.results import Results
from raicl.train.settings import TrainSettings, load_preset

LINEAR_SIDE = 15  # px: 225 px instances as 15 x 15 means
SHUFFLES = 100  # of the linear classifier: what chance gives on so few clips


def linear_inputs(composite: Composite) -> dict[str, np.ndarray]:
    """The middle instance of each clip as 15 x 15 means of u, v and strain, by clip id."""
    inputs = {}
    for clip, (cache, record) in composite.records.items():
        middle = cache.read(record).instances[record.middle].astype(np.float32)
        size = (LINEAR_SIDE, LINEAR_SIDE)
        small = [cv2.resize(channel, size, interpolation=cv2.INTER_AREA) for channel in middle]
        inputs[clip] = np.stack(small).ravel()
    return inputs


def linear_scores(composite: Composite, inputs: dict[str, np.ndarray]) -> dict[str, float]:
    """Leave-one-subject-out scores of logistic regression on `linear_inputs`."""
    truth, predicted = [], []
    for fold in leave_one_subject_out(composite.clips):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        labels = [composite.labels[clip] for clip in fold.train]
        model.fit([inputs[clip] for clip in fold.train], labels)
        truth += [composite.labels[clip] for clip in fold.test]
        predicted += model.predict([inputs[clip] for clip in fold.test]).tolist()
    return pooled(truth, predicted, len(composite.classes))


def pooled(truth: list[int], predicted: list[int], n_classes: int) -> dict[str, float]:
    """UF1 and UAR of pooled predictions."""
    confusion = confusion_matrix(truth, predicted, n_classes)
    return {"uf1": uf1(confusion), "uar": uar(confusion)}


def network_scores(composite: Composite, settings: TrainSettings, folder: Path) -> Results:
    """Pooled results of a whole run."""
    composite = controlled(composite, settings)
    run = open_run(folder, composite, settings, overwrite=False)
    folds = leave_one_subject_out(composite.clips)
    experiment = Experiment(
        composite=composite,
        settings=settings,
        folds=folds,
        device=torch.device("cpu"),
        run=run,
        draw=False,
    )
    return cross_validate(experiment, folds)


def attention_gain(
    composite: Composite, settings: TrainSettings, folder: Path, database: Path
) -> float:
    """Median over held-out clips of (energy share / area share) of the truly moving region.

    Energy is the squared positive part of the true class's map on the middle instance, brought
    to the crop's size; 1 is attention that ignores motion.
    """
    instances = load_instances(
        composite.records.values(),
        size=settings.size,
        device=torch.device("cpu"),
        where="device",
    )
    gains = []
    for fold in leave_one_subject_out(composite.clips):
        kept = folder / "folds" / fold.name
        scale = Scale(**json.loads((kept / "done.json").read_text())["scale"])
        network = Classifier(settings, len(composite.classes))
        network.load_state_dict(load_file(kept / "weights.safetensors"))
        network.eval()
        for clip in fold.test:
            cache, record = composite.records[clip]
            rows = torch.tensor([instances.middle[clip]])
            with torch.no_grad():
                features = network.features(apply_scale(instances.gather(rows), scale))
                attention = network.maps(features)[0, composite.labels[clip]].numpy()
            energy = np.maximum(attention, 0) ** 2
            energy = cv2.resize(energy, (cache.size, cache.size), interpolation=cv2.INTER_LINEAR)
            region = true_region(database, record.clip.subject, record.clip.name, cache, record)
            if energy.sum() > 0:
                gains.append(energy[region].sum() / energy.sum() / region.mean())
            else:
                gains.append(0.0)
    return float(np.median(gains))


def true_region(database: Path, subject: str, name: str, cache: Any, record: Any) -> np.ndarray:
    """Where the action units move, in the crop."""
    region = moving_region(database / "truth" / subject / f"{name}.npz").astype(np.uint8)
    size = (cache.size, cache.size)
    crop = cv2.warpAffine(region, cache.read(record).transform, size, flags=cv2.INTER_NEAREST)
    return crop.astype(bool)


def print_row(name: str, values: Sequence[float]) -> None:
    """One line of the table: UF1, UAR, attention and the UAR of shuffled labels."""
    found, recall, gain, control = values
    print(f"{name:26}{found:>8.3f}{recall:>8.3f}{gain:>11.2f}{control:>14.3f}", flush=True)


def main() -> None:
    """Print one row per seed and the linear baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--database", type=Path, help="a synthetic database that exists already")
    parser.add_argument("--flows", type=Path, help="its cache, if it exists already")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    console.configure(quiet=True)
    changes = dict(item.split("=", 1) for item in options.set)
    with TemporaryDirectory() as name:
        folder = Path(name)
        database = options.database or folder / "database"
        if options.database is None:
            make_database(database)
        flows = options.flows or folder / "flows.h5"
        if options.flows is None:
            prepare(read_database("synthetic", root=database), flows, PrepSettings(), jobs=2)
        composite = compose([flows], load_protocol("cde"))
        inputs = linear_inputs(composite)
        scores = linear_scores(composite, inputs)
        print(f"{'':26}{'UF1':>8}{'UAR':>8}{'attention':>11}{'shuffled UAR':>14}", flush=True)
        chance = [
            linear_scores(shuffle_labels(composite, number), inputs)["uar"]
            for number in range(SHUFFLES)
        ]
        row = f"{scores['uf1']:>8.3f}{scores['uar']:>8.3f}"
        spread = f"{np.mean(chance):>14.3f} ± {np.std(chance):.3f} ({SHUFFLES} times)"
        print(f"{'linear, 15 x 15 px':26}{row}{'':11}{spread}", flush=True)
        rows = []
        for seed in (int(number) for number in options.seeds.split(",")):
            layers = (("preset", load_preset(options.preset)), ("--set", changes))
            settings = merge(TrainSettings, *layers, ("seed", {"seed": seed}))
            configure_torch(threads=settings.threads, deterministic=settings.deterministic)
            run = folder / f"run-{seed}"
            results = network_scores(composite, settings, run)
            shuffled = settings.model_copy(update={"control": "shuffle-labels"})
            control = network_scores(composite, shuffled, folder / f"shuffled-{seed}")
            gain = attention_gain(composite, settings, run, database)
            rows.append((results.uf1, results.uar, gain, control.uar))
            print_row(f"{options.preset}, seed {seed}", rows[-1])
        print_row("mean", np.mean(rows, axis=0))
    print("attention: median of (share of energy / share of area) of the truly moving region")


if __name__ == "__main__":
    main()
