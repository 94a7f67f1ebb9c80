"""Ablation: the table of a study, as ``table.json`` holds it and the page shows it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from raicl.common.versioned import Versioned, read_versioned
from raicl.train.report.blocks import RowClasses, RowStrength
from raicl.train.scores.paired import Difference
from raicl.train.scores.results import Ends, Progress, ScoreName

TABLE = "table.json"
APART = "not as in the paper"  # key of `StudyTable.integrity`: why its figures are of another thing


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class MeanOverSeeds(_Values):
    """A score of a row.

    Attributes
    ----------
    mean : mean over seeds.
    sd : sample standard deviation over seeds. None for one seed.
    by_seed : score of each seed.
    interval_95 : 95 % interval of the mean over seeds. None for one subject.
    """

    mean: float
    sd: float | None
    by_seed: tuple[float, ...]
    interval_95: Ends | None


class RowScores(_Values):
    """The three scores of a row.

    Attributes
    ----------
    uf1 : UF1 over seeds.
    uar : UAR over seeds.
    accuracy : accuracy over seeds.
    """

    uf1: MeanOverSeeds
    uar: MeanOverSeeds
    accuracy: MeanOverSeeds


class PairedScores(_Values):
    """A row's scores minus another's, over the clips that both tested.

    Attributes
    ----------
    clips : clips that both tested.
    uf1 : difference in UF1.
    uar : difference in UAR.
    accuracy : difference in accuracy.
    """

    clips: int
    uf1: Difference
    uar: Difference
    accuracy: Difference


class RowCost(_Values):
    """The cost of a row: counted (see `raicl.train.ablation.cost.Cost`), except the seconds.

    Attributes
    ----------
    trained : parameters that the optimiser holds.
    tested : parameters of the network that classifies.
    pair_flops : operations of a training step per pair.
    instance_flops : operations per tested instance.
    step_bytes : bytes that a training step keeps.
    fold_seconds : seconds of a fold, median over folds and seeds.
    """

    trained: int
    tested: int
    pair_flops: int
    instance_flops: int
    step_bytes: int
    fold_seconds: float


class PublishedScores(_Values):
    """What the paper reports for the preset of a row, and where that was read.

    Attributes
    ----------
    uf1 : published UF1.
    uar : published UAR.
    source : where it was read.
    """

    uf1: float | None
    uar: float | None
    source: str


class StudyRow(_Values):
    """One row of a study.

    Attributes
    ----------
    row : name of the row.
    published : None where nothing is published.
    note : what the row is, in words.
    seeds : seeds that have results.
    remarks : lines about clips that its runs left out or sampled otherwise.
    clips : number of clips that every seed tested.
    scores, against_reference, cost : None without results. `against_reference` is also None for
        the reference.
    classes : which classes are taken for which. None without results.
    strength : how strong the instances are. None without results or without the cache.
    holm_p : p of the difference in UF1 after Holm's correction over the rows that have one.
    """

    row: str
    note: str
    seeds: tuple[int, ...]
    remarks: tuple[str, ...]
    published: PublishedScores | None
    clips: int = 0
    scores: RowScores | None = None
    against_reference: PairedScores | None = None
    holm_p: float | None = None
    cost: RowCost | None = None
    classes: RowClasses | None = None
    strength: RowStrength | None = None


class JudgedClaim(_Values):
    """A claim about two rows, and what the runs say about it.

    Attributes
    ----------
    first : the row that is claimed to score lower, or one of two alike.
    second : the other row.
    verdict : what the difference in UF1 and `holm_p` say of the claim.
    difference : scores of the second row minus those of the first.
    alike : whether the claim is that the two are alike. Otherwise it is that the first scores
        lower.
    holm_p : p of the difference in UF1 after Holm's correction over the claims of the table.
    """

    first: str
    second: str
    alike: bool
    verdict: str
    difference: PairedScores | None
    holm_p: float | None


class StudyTable(Versioned):
    """The content of ``table.json``.

    Version 1 had p-values by a bootstrap, which few subjects cannot carry, and verdicts by them. It
    is refused, since the command that wrote it writes the table anew from the same runs.

    Attributes
    ----------
    reference : the row that the others are compared with.
    rows : in the order of the grid.
    best : the row that is clearly the best by each score, see
        `raicl.train.scores.best.clearly_best`. Without a score where there is none, and empty in a
        table of an older raicl.
    claims : the grid's claims, judged.
    units : units with results, and all of them.
    incomplete : reasons of the units that are not complete, by name of the unit.
    integrity : how the results of the study were found, with several values where they differ.
    """

    newest: ClassVar[int] = 2
    oldest: ClassVar[int] = 2

    version: int = 2
    reference: str
    rows: tuple[StudyRow, ...]
    best: dict[ScoreName, str] = Field(default_factory=dict)
    claims: tuple[JudgedClaim, ...]
    units: Progress
    incomplete: dict[str, str]
    integrity: dict[str, tuple[str, ...]]


def read_ablation(folder: Path) -> StudyTable:
    """The table of a study.

    Raises
    ------
    InputError : the table is missing or of version 1, or the file is not such a table.
    """
    fix = (
        "give the --dir of a raicl ablate command that has ended; the same command writes an older "
        "table anew and trains nothing again"
    )
    return read_versioned(folder / TABLE, StudyTable, fix=fix, kind="the table of the ablation")
