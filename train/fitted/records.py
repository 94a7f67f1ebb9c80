"""Records: what the files of a model's folder hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from raicl.common.cache.measure import Measure
from raicl.common.settings import SettingValue
from raicl.common.versioned import Versioned
from raicl.train.fold.calibration import Calibration
from raicl.train.inputs.scaling import Scale
from raicl.train.run.records import Environment
from raicl.train.scores.results import Results
from raicl.train.settings import TrainSettings

MOST_CLASSES = 64  # far more than any protocol has


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class FittedDatabase(_Values):
    """The clips of one database that a model was fitted on.

    Attributes
    ----------
    clips : number of clips.
    subjects : number of subjects.
    classes : number of clips by class.
    sheet : version of the annotation, or variant of the recordings. Empty if there is only one.
    layout : which release was read. Empty if the cache does not say.
    """

    clips: int
    subjects: int
    classes: dict[str, int]
    sheet: str
    layout: str


class ModelRecord(Versioned):
    """The content of ``model.json``: what the weights need to be used, and what they learnt from.

    Attributes
    ----------
    classes : class names, in the order of their indices.
    class_counts : number of training clips by class.
    scale : the numbers that inputs are divided by.
    network : which of the two networks was saved.
    epochs : trained epochs.
    seed : the seed of the settings.
    crop : side of the instances that it was fitted on, px. Others are refused.
    preparation : what made these instances, as the caches say: the settings of stage 1 that have an
        effect, the digests of its models, and versions.
    databases : what it was fitted on, by database.
    outside_protocol : number of clips without a class, by emotion.
    left_out : reasons of clips that were left out, by clip.
    flagged : number of clips by flag of the sampling, or of what makes a clip implausible.
    official_list : lines that say whether the clips are the published ones.
    only_tested : number of clips that were not fitted on, because their database says so.
    subject_keys : ``dataset/subject`` of everybody that it was fitted on, so that nobody of them is
        taken for a new person. None if an older raicl fitted it.
    calibration : the temperature of the probabilities. None if they are not calibrated.
    """

    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=MOST_CLASSES)]
    class_counts: Annotated[tuple[int, ...], Field(min_length=2, max_length=MOST_CLASSES)]
    scale: Scale
    network: str
    epochs: int
    seed: int
    crop: int
    preparation: dict[str, SettingValue]
    databases: dict[str, FittedDatabase]
    outside_protocol: dict[str, int]
    left_out: dict[str, str]
    flagged: dict[str, int]
    official_list: tuple[str, ...]
    only_tested: int
    subject_keys: tuple[str, ...] | None = None
    calibration: Calibration | None = None

    @property
    def measure(self) -> Measure:
        """What the numbers of the flow mean that it was fitted on."""
        return Measure.of(self.preparation)

    @property
    def clips(self) -> int:
        """Number of clips that it was fitted on."""
        return sum(database.clips for database in self.databases.values())

    @property
    def subjects(self) -> int:
        """Number of subjects that it was fitted on."""
        return sum(database.subjects for database in self.databases.values())


class Quantity(_Values):
    """How one number is distributed over the clips.

    Attributes
    ----------
    unit : its unit.
    meaning : what it is.
    clips : number of clips that have it.
    unknown : number of clips that do not, because their database does not say.
    quantiles : its quantiles at the `shares`, by linear interpolation. None if no clip has it.
    """

    unit: str
    meaning: str
    clips: int
    unknown: int
    quantiles: tuple[float, ...] | None


class FrameRate(_Values):
    """The clips of one frame rate.

    Attributes
    ----------
    fps : frames per second. None if it is not known.
    clips : number of clips.
    """

    fps: float | None
    clips: int


class Statistics(Versioned):
    """The content of ``statistics.json``.

    Attributes
    ----------
    clips : number of clips that the model was fitted on.
    crop : side of the crop, px. Motion is in px of it.
    shares : shares of the clips that the quantiles are of, 0 to 1.
    quantities : distributions by name. A reader takes those that it knows.
    frame_rates : clips by frame rate, the slowest first, unknown ones last.
    """

    clips: int
    crop: int
    shares: tuple[float, ...]
    quantities: dict[str, Quantity]
    frame_rates: tuple[FrameRate, ...]


class FitEnvironment(Environment):
    """The content of ``provenance.json``: the environment in which the fit was started.

    Of programs and caches it has the names, not the paths.

    Attributes
    ----------
    device : what it was fitted on.
    seconds : duration of all epochs, whenever they were trained.
    """

    sealed: ClassVar[bool] = False  # the digests of the model cover it

    device: str
    seconds: float


class ScoresOfRun(Versioned):
    """The content of ``scores.json``: the leave-one-subject-out run whose scores stand for a model.

    They are scores of the run's networks, each on the subject that it has not seen. The weights of
    the model have no scores of their own: they were fitted on everybody.

    Attributes
    ----------
    run : name of the run's folder.
    predictions : SHA-256 of the run's ``predictions.csv``, from which the results follow.
    results : the content of its ``results.json``. Of the run's folder it has the name alone.
    """

    run: str
    predictions: str
    results: Results


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What the folder of a model says of its weights.

    Attributes
    ----------
    record : what they are, and what they were fitted on.
    settings : what they were trained with.
    environment : where they were fitted.
    statistics : motion, lengths and frame rates of the clips that they were fitted on.
    scores : the leave-one-subject-out run that stands for them. None if none was named.
    """

    record: ModelRecord
    settings: TrainSettings
    environment: FitEnvironment
    statistics: Statistics
    scores: ScoresOfRun | None
