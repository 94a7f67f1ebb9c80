"""What the network learns on the synthetic database, beside a linear classifier in the same run.

For each seed: leave-one-subject-out with a preset, the same with the labels shuffled between clips,
and where the attention of the held-out clips lies. Then what regions and attention are worth
against the truth, as in the report, beside ``--rows`` of a study or for finished ``--runs``. Run:
``make bench-learning``, or with a cache that exists:
``python tests/benchmarks/learning.py --database demo/database --flows demo/flows.h5``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from raicl.common.settings import merge
from raicl.common.terminal import console
from raicl.data.database import read_database
from raicl.data.protocols.protocol import load_protocol
from raicl.data.synthetic.database import make_database
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.clips.compose import compose
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.clips.plan import assemble, controlled, shuffle_labels
from raicl.train.report.measured import ONE, MeasuredRun, MeasureRow, measure_rows
from raicl.train.report.regions import measure
from raicl.train.run.cross_validate import cross_validate
from raicl.train.run.device import configure_torch
from raicl.train.run.experiment import Experiment
from raicl.train.run.opening import open_run
from raicl.train.run.outcome import read_outcomes
from raicl.train.scores.metrics import confusion_matrix, uar, uf1
from raicl.train.scores.results import Results
from raicl.train.settings import TrainSettings, preset_layers

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


def measured(folder: Path, flows: Path, database: Path) -> MeasuredRun:
    """The regions and the attention of a finished run against the truth."""
    [outcome] = read_outcomes([folder])
    return measure(outcome, [flows], database)


def attention_gain(run: MeasuredRun) -> float:
    """Median over held-out clips of (energy share / area share) of the truly moving region."""
    assert run.coverage is not None
    return float(np.median(list(run.coverage["all"].clips.values())))


def print_measures(columns: dict[str, list[MeasuredRun]]) -> None:
    """Means over seeds, one column per row of a study; in brackets what chance gives."""
    print(f"\n{'regions against the truth':34}" + "".join(f"{name:>16}" for name in columns))
    found = {name: [measure_rows(run) for run in runs] for name, runs in columns.items()}
    whole = max((run for runs in found.values() for run in runs), key=len)  # others lack MRD
    for key, row in whole.items():
        cells = [_mean_cell([run[key] for run in runs if key in run]) for runs in found.values()]
        print(f"{row.name:34}" + "".join(f"{cell:>16}" for cell in cells), flush=True)
    for name, runs in columns.items():
        ones = [run.sharing is not None and run.sharing.are_one for run in runs]
        if any(ones):
            print(f"{name}, {sum(ones)} of {len(ones)} runs: {ONE}")


def _mean_cell(rows: Sequence[MeasureRow]) -> str:
    values, chance = (
        [value for value in column if value is not None]
        for column in ([row.value for row in rows], [row.by_chance for row in rows])
    )
    by_chance = f" ({np.mean(chance):.3f})" if chance else ""
    return f"{np.mean(values):.3f}{by_chance}" if values else "-"


def print_finished(folders: Sequence[Path], flows: Path, database: Path) -> None:
    """Measure finished runs; those that differ in the seed alone share a column."""
    columns: dict[str, list[MeasuredRun]] = {}
    experiments: dict[str, str] = {}  # by name of the column
    for outcome in read_outcomes(folders):
        settings = outcome.settings.model_dump_json(exclude={"seed"})
        folder = outcome.folder.resolve()
        row = folder.parent if folder.name.startswith("seed-") else folder  # of a study
        name = next((name for name, same in experiments.items() if same == settings), row.name)
        name = name if experiments.setdefault(name, settings) == settings else str(folder)
        columns.setdefault(name, []).append(measure(outcome, [flows], database))
    print_measures(columns)


def print_row(name: str, values: Sequence[float]) -> None:
    """One line of the table: UF1, UAR, attention and the UAR of shuffled labels."""
    found, recall, gain, control = values
    print(f"{name:26}{found:>8.3f}{recall:>8.3f}{gain:>11.2f}{control:>14.3f}", flush=True)


def settings_of(layers: Sequence[tuple[str, dict[str, Any]]], seed: int) -> TrainSettings:
    """Settings of a run; its threads are set for the whole process."""
    settings = merge(TrainSettings, *layers, ("seed", {"seed": seed}))
    configure_torch(settings)
    return settings


def main() -> None:
    """Print one row per seed and the linear baseline, then the regions against the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--rows", default="", help="presets on top, such as M2,M4,M5,M6")
    parser.add_argument("--runs", type=Path, nargs="+", help="finished runs: only measure them")
    parser.add_argument("--database", type=Path, help="a synthetic database that exists already")
    parser.add_argument("--flows", type=Path, help="its cache, if it exists already")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    console.configure(quiet=True)
    if options.runs:
        if options.database is None or options.flows is None:
            parser.error("--runs needs their --flows and --database")
        print_finished(options.runs, options.flows, options.database)
        return
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
        print_linear(composite)
        rows = []
        columns: dict[str, list[MeasuredRun]] = {options.preset: []}
        for seed in (int(number) for number in options.seeds.split(",")):
            settings = settings_of([*preset_layers(options.preset), ("--set", changes)], seed)
            results = network_scores(composite, settings, folder / f"run-{seed}")
            shuffled = settings.model_copy(update={"control": "shuffle-labels"})
            control = network_scores(composite, shuffled, folder / f"shuffled-{seed}")
            run = measured(folder / f"run-{seed}", flows, database)
            columns[options.preset].append(run)
            rows.append((results.uf1, results.uar, attention_gain(run), control.uar))
            print_row(f"{options.preset}, seed {seed}", rows[-1])
            for row in filter(None, options.rows.split(",")):
                presets = preset_layers(f"{options.preset},{row}")
                settings = settings_of([*presets, ("--set", changes)], seed)
                place = folder / f"{row}-{seed}"
                network_scores(assemble([flows], composite.protocol, settings), settings, place)
                columns.setdefault(row, []).append(measured(place, flows, database))
        print_row("mean", np.mean(rows, axis=0))
        print("attention: median of (share of energy / share of area) of the truly moving region")
        print_measures(columns)


def print_linear(composite: Composite) -> None:
    """The head of the table, and the row of the linear classifier."""
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


if __name__ == "__main__":
    main()
