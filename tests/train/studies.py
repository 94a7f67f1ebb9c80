"""Studies whose runs are only written: their predictions are known."""

from dataclasses import replace
from pathlib import Path

from raicl.data.protocols.protocol import Protocol
from raicl.train.ablation.grid import Claim, Grid, GridRow
from raicl.train.ablation.study import Study
from raicl.train.ablation.units import plan_units
from raicl.train.scores.predictions import Prediction
from tests.train.runs import predictions_of, write_run

TRUTHS = {f"synthetic/sub{n:02d}": (0, 1, 2, 0, 1, 2) for n in range(1, 9)}
ALL = [f"{subject}/EP{n:02d}" for subject in TRUTHS for n in range(1, 7)]
MANY = [clip for clip in ALL if clip[-1] in "123"]  # half of every subject's
SOME = ALL[::12]  # the first of every other subject's

SMALL = {"size": 33, "width": 4, "last_stride": 1, "device": "cpu"}


def study_of(
    folder: Path,
    rows: dict[str, list[list[Prediction]]],
    *claims: Claim,
    presets: bool = False,
    protocol: Protocol | None = None,
) -> Study:
    """A study: the predictions of each row's seeds; the last row is the reference."""
    grid = Grid(
        reference=list(rows)[-1],
        rows={name: GridRow(preset=name if presets else "") for name in rows},
        claims=claims,
    )
    seeds = tuple(range(max(map(len, rows.values()))))
    units = []
    for unit in plan_units(grid, seeds, [Path("flows.h5")], [("test", SMALL)], folder):
        # rows of equal settings would share a folder; these differ by what they predict
        units.append(replace(unit, folder=folder / unit.row / f"seed-{unit.seed}"))
        if unit.seed < len(rows[unit.row]):
            write_run(units[-1].folder, rows[unit.row][unit.seed], protocol=protocol)
    return Study(grid=grid, seeds=seeds, units=tuple(units), folds=None, folder=folder)


def wrong(*clips: str) -> list[Prediction]:
    return predictions_of(TRUTHS, wrong=clips)
