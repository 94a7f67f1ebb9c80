"""Predictions of clips, as ``predictions.json`` holds them and pictures of a video need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_serializer

from raicl.common.limits import LIST_BYTES
from raicl.common.versioned import Versioned, read_versioned


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class PredictedFlag(_Values):
    """What makes a prediction less sure than its probabilities say.

    Attributes
    ----------
    name : e.g. ``face-small``.
    value : the clip's number. None if the flag has none.
    limit : what it was compared with. None if it has none.
    sentence : what that means, in plain words.
    """

    name: str
    value: float | None = None
    limit: float | None = None
    sentence: str


class PredictedClip(_Values):
    """What a model says of one clip.

    Attributes
    ----------
    clip : id of the clip.
    input : path of the video or folder of frames, as it was given; of a cache otherwise.
    onset, offset : frame numbers (see `raicl.common.video.VideoInput`).
    onset_s, offset_s : their times, seconds. None if they are not known.
    fps : frame rate. None if it is not known.
    class_name : the class, in the file ``class``.
    probabilities : by class; `Predictions.classes` has their order.
    flags : what is unusual.
    how : who chose the interval: the user, the search, or whoever prepared the cache.
    said_by : which networks were asked, in words.
    picture : its picture, from the folder of the file. Empty if none was drawn.
    """

    clip: str
    input: str
    onset: int
    offset: int
    onset_s: float | None = None
    offset_s: float | None = None
    fps: float | None = None
    class_name: str = Field(validation_alias=AliasChoices("class", "class_name"))
    probabilities: dict[str, float]
    flags: tuple[PredictedFlag, ...] = ()
    how: Literal["given", "proposed", "cache"] = "given"
    said_by: str = ""
    picture: str = ""

    @model_serializer(mode="wrap")
    def _as_in_the_file(self, plain: Any) -> dict[str, Any]:
        values: dict[str, Any] = plain(self)
        values["class"] = values.pop("class_name")
        return values


class WithoutClip(_Values):
    """An input, or an interval of one, of which nothing is predicted.

    Attributes
    ----------
    input : path of the input, as it was given.
    nothing_moved : whether that is the answer: intervals were searched for, and none was found.
    sentence : why, in plain words.
    """

    input: str
    nothing_moved: bool
    sentence: str


class Predictions(Versioned):
    """The content of ``predictions.json``.

    Attributes
    ----------
    clips : in the order of the inputs and their onsets.
    without : inputs and intervals of which nothing is predicted.
    model : name of the model's folder.
    kind : ``model`` of raicl fit, ``fold`` of a run, or ``run``, whose folds vote.
    digest : digest of the model, or of the weights.
    classes : class names, in the order of their indices.
    notes : what holds for every clip, for people.
    use : what it is for, and what not.
    """

    most: ClassVar[int] = LIST_BYTES

    clips: tuple[PredictedClip, ...]
    without: tuple[WithoutClip, ...] = ()
    model: str = ""
    kind: Literal["model", "fold", "run"] = "model"
    digest: str = ""
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    use: str = ""


def read_predicted(path: Path) -> Predictions:
    """Read ``predictions.json``.

    Raises
    ------
    InputError, VersionError : see `read_versioned`.
    """
    return read_versioned(
        path, Predictions, fix="write it again with raicl predict", kind="the predictions"
    )
