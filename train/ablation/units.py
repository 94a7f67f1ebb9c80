"""Units: the runs that a study consists of, and which of them one job of an array runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.errors import UsageError
from raicl.common.share import Share
from raicl.train.ablation.grid import Grid, Layers
from raicl.train.model.networks.own import check_own
from raicl.train.run.key import identifying
from raicl.train.run.reuse import training
from raicl.train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One row under one seed: an ordinary run, which `raicl-train` can continue too.

    Attributes
    ----------
    folder : ``ROW/seed-N`` in the study's folder. A row that equals the reference has the
        reference's folder.
    """

    row: str
    seed: int
    settings: TrainSettings
    flows: tuple[Path, ...]
    folder: Path

    @property
    def name(self) -> str:
        """The unit in words."""
        return f"{self.row}, seed {self.seed}"


def plan_units(
    grid: Grid, seeds: Sequence[int], flows: Sequence[Path], base: Layers, folder: Path
) -> tuple[Unit, ...]:
    """Every unit of a study.

    Parameters
    ----------
    base : layers of settings that all rows share. A row's own settings override them.

    Raises
    ------
    UsageError : a row has a setting that does not exist, a value out of bounds, or a protocol of
        its own, is a control and not marked as one, or has a network that does not keep the
        protocol of one's own.
    SetupError : one's own network cannot be imported.
    """
    made = {
        (name, seed): row.resolve(name, base, seed)
        for seed in seeds
        for name, row in grid.rows.items()
    }
    for settings in made.values():
        check_own(settings)
    protocols = sorted({settings.protocol for settings in made.values()})
    if len(protocols) > 1:
        raise UsageError(
            f"the rows have the protocols {' and '.join(protocols)}: nothing to compare",
            fix="give --protocol, and none in a row",
        )

    def trained_as(name: str, seed: int) -> str:
        ours, others = ((made[row, seed], grid.rows[row].flows) for row in (name, grid.reference))
        same = identifying(ours[0]) == identifying(others[0]) and ours[1] == others[1]
        return grid.reference if same else name

    return tuple(
        Unit(
            row=name,
            seed=seed,
            settings=settings,
            flows=grid.rows[name].caches(flows),
            folder=folder / trained_as(name, seed) / f"seed-{seed}",
        )
        for (name, seed), settings in made.items()
    )


def units_of(share: Share, units: Sequence[Unit]) -> tuple[Unit, ...]:
    """The units of a share, in their order.

    Units that train alike are in one share, so that no network is trained by two jobs.
    """
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        trained = [training(unit.settings), list(map(str, unit.flows))]
        groups.setdefault(json.dumps(trained, sort_keys=True), []).append(unit)
    chosen = {unit.name for group in share.of(list(groups.values())) for unit in group}
    return tuple(unit for unit in units if unit.name in chosen)
