"""Measured: the regions and the attention of runs in numbers, as a file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from raicl.common.versioned import Versioned
from raicl.data.synthetic.truth import Units
from raicl.train.scores.results import Ends

UNITS: tuple[Units, ...] = ("all", "strong", "weak")
ONE = "The regions are one: MRD tells no part of the face from another."


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class Sharing(_Values):
    """How the regions share the face; means over the folds' networks, by tested clips.

    Attributes
    ----------
    usage : exp(H(mean P)), regions in use, 1 to M. M also if all are equal.
    usage_of_largest : the same of the region with the largest share of each cell.
    cosine : mean absolute cosine between different regions of an image.
    entropy : mean entropy of a cell's assignment, nats.
    information : mutual information between place and region, nats.
    information_by_chance : the same with the cells of every clip shuffled.
    are_one : whether the means say that the regions tell no part of the face from another.
    folds_one : number of folds in which they do not.
    folds : number of folds.
    """

    usage: float
    usage_of_largest: float
    cosine: float
    entropy: float
    information: float
    information_by_chance: float
    are_one: bool
    folds_one: int
    folds: int


class Consistency(_Values):
    """Adjusted mutual information with the parts of the face; means over the folds, by cells.

    Attributes
    ----------
    regions : of the assignment, each cell by its largest region.
    shuffled : of the same labels shuffled over the cells.
    features : of k-means of the network's features, fitted on the clips it was trained on.
    places : of k-means of the places of the map, which is the same for all clips.
    folds : `regions` of each fold.
    """

    regions: float
    shuffled: float
    features: float
    places: float
    folds: dict[str, float]


class Coverage(_Values):
    """Energy share over area share of the moving region; means over clips, then over subjects.

    Attributes
    ----------
    mean : mean over the subjects. None if no clip has such an action unit.
    interval_95 : its 95 % interval, by a bootstrap over subjects. None for one subject.
    by_chance : the same with the maps of the fold's other clips. None if no fold has several.
    subjects : value of each subject, so that two runs can be paired.
    clips : value of each clip.
    without : clips that have no such action unit and are left out.
    """

    mean: float | None
    interval_95: Ends | None
    by_chance: float | None
    subjects: dict[str, float]
    clips: dict[str, float]
    without: int


class MeasuredRun(_Values):
    """One run.

    Attributes
    ----------
    name : name of the run.
    clips : tested clips.
    queries : number M of regions. 0 without MRD.
    map_shape : height and width of the feature map.
    sharing : None without MRD.
    consistency : None without MRD or without a truth.
    coverage : by the action units whose region it is. None without a truth.
    """

    name: str
    clips: int
    queries: int
    map_shape: tuple[int, int]
    sharing: Sharing | None
    consistency: Consistency | None
    coverage: dict[Units, Coverage] | None


class Measurements(Versioned):
    """The content of the file beside a page.

    Attributes
    ----------
    runs : in the order of the page.
    """

    runs: tuple[MeasuredRun, ...]


class MeasureRow(NamedTuple):
    """One measure in a table. `value` and `by_chance` are None where there is none."""

    name: str
    value: float | None
    interval: Ends | None
    by_chance: float | None
    meaning: str


_SHARING = {
    "usage": ("Regions in use", "1 if one region has everything; M if they share, or are equal"),
    "usage_of_largest": (
        "Regions in use, largest share",
        "the same when each cell goes to its largest region: about 1 if one wins everywhere",
    ),
    "cosine": ("Likeness of the regions", "mean cosine of their embeddings: 1 if all are equal"),
    "entropy": (
        "Entropy of a cell, nats",
        "0 if each cell has one region; ln M if it has all alike",
    ),
    "information": (
        "Place tells region, nats",
        "0 if a region is anywhere; ln M if each has a place of its own",
    ),
}
_CONSISTENCY = {
    "regions": (
        "Regions and parts of the face",
        "adjusted mutual information with brows, eyes, nose, cheeks, mouth, chin and background "
        "over people: 1 if a region means a part",
    ),
    "features": (
        "Beside: k-means of the features",
        "the same for as many clusters of the network’s features",
    ),
    "places": (
        "Beside: k-means of the places",
        "the same for blocks of the map that look at no clip; faces are aligned",
    ),
}
_COVERAGE: dict[Units, tuple[str, str]] = {
    "all": (
        "Attention on the motion",
        "energy share of the true class’s map over area share, where the action units move: "
        "1 ignores them",
    ),
    "strong": ("Attention on the strong unit", "the same where the strong action unit moves"),
    "weak": ("Attention on the weak units", "the same where the weak action units move"),
}


def measure_rows(run: MeasuredRun) -> dict[str, MeasureRow]:
    """The measures of a run as rows of a table, by key, as far as it has them."""
    rows: dict[str, MeasureRow] = {}
    if run.sharing is not None:
        chance = {"information": run.sharing.information_by_chance}
        rows |= _rows(_SHARING, run.sharing.model_dump(), chance)
    if run.consistency is not None:
        found = run.consistency
        rows |= _rows(_CONSISTENCY, found.model_dump(), {"regions": found.shuffled})
    for units, covered in (run.coverage or {}).items():
        name, meaning = _COVERAGE[units]
        if covered.without:
            meaning += f"; {covered.without} of {run.clips} clips have none"
        rows[units] = MeasureRow(
            name, covered.mean, covered.interval_95, covered.by_chance, meaning
        )
    return rows


def _rows(
    words: Mapping[str, tuple[str, str]], values: Mapping[str, float], chance: Mapping[str, float]
) -> dict[str, MeasureRow]:
    return {
        key: MeasureRow(name, values[key], None, chance.get(key), meaning)
        for key, (name, meaning) in words.items()
    }
