"""Predictions of clips, as far as pictures of them need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_serializer

from raicl.common.versioned import Versioned, read_versioned

RESEARCH_ONLY = "research only"  # stands on every picture


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class PredictedFlag(_Values):
    """What is out of the range that a model was fitted on.

    Attributes
    ----------
    name : e.g. ``face-small``.
    value : the clip's number. None if the flag has none.
    limit : what it was compared with.
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
    probabilities : by class.
    flags : what is unusual.
    how : who chose the interval.
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
    how: Literal["given", "proposed"] = "given"

    @model_serializer(mode="wrap")
    def _as_in_the_file(self, plain: Any) -> dict[str, Any]:
        values: dict[str, Any] = plain(self)
        values["class"] = values.pop("class_name")
        return values


class Predictions(Versioned):
    """The content of ``predictions.json``; its writer may add more.

    Attributes
    ----------
    clips : in the order of the inputs and their onsets.
    """

    clips: tuple[PredictedClip, ...]


def read_predictions(path: Path) -> Predictions:
    """Read ``predictions.json``.

    Raises
    ------
    InputError, VersionError : see `read_versioned`.
    """
    return read_versioned(
        path, Predictions, fix="write it again with raicl predict", kind="the predictions"
    )
