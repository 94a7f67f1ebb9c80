"""Results: what a run found and how, as ``results.json`` holds it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

from raicl.common.versioned import Versioned
from raicl.train.clips.folds import WITHIN
from raicl.train.scores.absent import OverTested, over_tested
from raicl.train.scores.calibration import Reliability

ScoreName = Literal["uf1", "uar", "accuracy"]
SCORE_NAMES: dict[ScoreName, str] = {"uf1": "UF1", "uar": "UAR", "accuracy": "accuracy"}
SHUFFLED = "CONTROL: labels shuffled between clips"
Ends = tuple[float, float]


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class ClassScore(_Values):
    """F1, recall and number of clips of one class.

    Attributes
    ----------
    f1 : F1 of the class.
    recall : share of its clips that are given it.
    clips : its clips.
    """

    f1: float
    recall: float
    clips: int


class Intervals(_Values):
    """The ends of every score's 95 % interval, by a bootstrap over subjects.

    Attributes
    ----------
    uf1 : lower and upper end for UF1.
    uar : for UAR.
    accuracy : for the accuracy.
    """

    uf1: Ends
    uar: Ends
    accuracy: Ends

    def of(self, name: ScoreName) -> Ends:
        """The interval of one score."""
        ends: Ends = getattr(self, name)
        return ends


class Scored(_Values):
    """The three scores, as fractions.

    Attributes
    ----------
    uf1 : unweighted mean of the classes' F1.
    uar : unweighted mean of the classes' recall.
    accuracy : share of clips given their true class.
    """

    uf1: float
    uar: float
    accuracy: float

    def score(self, name: ScoreName) -> float:
        """One of the scores."""
        return float(getattr(self, name))


class Scores(Scored):
    """The scores of pooled predictions.

    Attributes
    ----------
    clips : tested clips.
    subjects : tested subjects.
    interval_95 : 95 % intervals. None for a single subject, whose resamples are all the same.
    classes : scores by class name, in the order of the confusion matrix.
    confusion : number of clips, one row per true class and one column per predicted class.
    over_tested : UF1 and UAR over the classes with a tested clip. None if every class has one.
    """

    clips: int
    subjects: int
    interval_95: Intervals | None
    classes: dict[str, ClassScore]
    confusion: tuple[tuple[int, ...], ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def over_tested(self) -> OverTested | None:
        """Computed and not stored, so that results of before say it as well."""
        clips = {name: row.clips for name, row in self.classes.items()}
        return over_tested(clips, self.uf1, self.uar)


class Stratum(_Values):
    """The scores of the clips in one quartile of motion.

    Attributes
    ----------
    clips : tested clips of the stratum.
    uf1 : UF1 of these clips.
    uar : UAR of these clips.
    accuracy : accuracy on these clips.
    motion_px : lowest and highest mean length of the tested flow, px of the crop. None, like the
        scores, if equal motions leave the stratum without clips.
    classes : number of clips by true class.
    """

    motion_px: Ends | None
    clips: int
    uf1: float | None
    uar: float | None
    accuracy: float | None
    classes: dict[str, int]


class PooledScores(Scores):
    """The scores of a run, for each of its databases, and for each quartile of motion.

    Attributes
    ----------
    databases : scores of the same predictions, restricted to each database.
    strata : scores by quartile of motion, the weakest first. Empty if nobody knows the unit of the
        flow.
    """

    databases: dict[str, Scores]
    strata: dict[str, Stratum]


class BestEpochs(Scored):
    """The scores if each fold were scored at its best epoch: test-selected, so invalid.

    Attributes
    ----------
    selection : says that the epochs were selected on the test.
    epochs : the best epoch of each fold.
    """

    selection: str
    epochs: dict[str, int]


class Progress(_Values):
    """How many folds or units are done, and how many there are.

    Attributes
    ----------
    done : how many are done.
    all : how many there are.
    """

    done: int
    all: int


class Terms(_Values):
    """How a result was found. It is shown together with the result.

    Attributes
    ----------
    protocol : name of the protocol.
    protocol_differs : how it differs from raicl's of that name for these databases, in words. Empty
        if it does not, or if raicl has none of that name.
    folds : folds that are done, and all of them.
    seed : seed of the run.
    cache_digest : digest of all instances.
    network : name of the network, and of one's own the digest of its module.
    evaluation : how the folds were made, in words.
    selection : which epoch is scored.
    device : what the folds were trained on: devices, chips, threads and versions of torch. The last
        digits of a result depend on them.
    duplicates : groups of clips with the same content under several subjects.
    flow : what nobody knows of the flow, and what was done about it. Empty of raicl's own.
    """

    protocol: str
    protocol_differs: str = ""
    evaluation: str
    folds: Progress
    selection: str
    seed: int
    cache_digest: str
    network: str = "resnet18"
    device: str
    duplicates: tuple[tuple[str, ...], ...]
    flow: str = ""

    @property
    def partial(self) -> str:
        """Which part of the folds is done, in words. Empty if all are done."""
        noun = "subjects" if self.evaluation == WITHIN else "folds"
        done, every = self.folds.done, self.folds.all
        return "" if done == every else f"partial, {done} of {every} {noun}"


class Results(PooledScores, Terms, Versioned):
    """The content of ``results.json``.

    Attributes
    ----------
    control : ``none``, or what was done to the labels so that nothing can be learnt.
    chance_uar : UAR of guessing, 1/L. None unless the run is a control.
    held_out : subjects of each finished fold, by the fold's name.
    sheets : version of the annotation by database, where a database has several.
    official_list : lines that say whether the clips are the published ones.
    unmet : lines with published counts that differ.
    idle_exclusions : lines with what the protocol excludes and no clip is.
    all_databases : databases of the whole run, with or without a finished fold.
    failed : reasons of failed folds, by fold.
    outside_protocol : number of clips without a class, by emotion.
    left_out : reasons of clips that were left out, by clip.
    flagged : number of clips by flag of the sampling, or of what makes a clip implausible.
    split : what is trained on and tested, in words. Empty if both are every clip.
    run_dir : the run's folder, as it was given.
    oracle : scores at the best epochs. None unless every fold was observed after every epoch.
    reliability : calibration of the probabilities. None in results from before it was measured.
    uncalibrated : the same before they were calibrated. None if they are not.
    """

    control: str
    chance_uar: float | None = None
    held_out: dict[str, tuple[str, ...]]
    sheets: dict[str, str]
    official_list: tuple[str, ...]
    unmet: tuple[str, ...]
    idle_exclusions: tuple[str, ...] = ()
    all_databases: tuple[str, ...]
    failed: dict[str, str]
    outside_protocol: dict[str, int]
    left_out: dict[str, str]
    flagged: dict[str, int]
    split: str
    run_dir: str
    oracle: BestEpochs | None = None
    reliability: Reliability | None = None
    uncalibrated: Reliability | None = None

    @property
    def is_control(self) -> bool:
        """Whether the labels were shuffled, so that the scores say nothing about the method."""
        return self.control != "none"
