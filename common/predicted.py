"""Predicted: what ``predictions.json`` holds, from which videos are annotated."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from raicl.common.files import write_json
from raicl.common.versioned import Versioned, read_versioned

How = Literal["given", "proposed", "cache"]


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Flag(_Values):
    """Something about a clip that makes its prediction less sure than its probabilities say.

    Attributes
    ----------
    name : e.g. ``face-small``.
    value : the number that was found. None if the flag has none.
    limit : the limit that it passes. None if it has none.
    sentence : what it means, for people.
    """

    name: str
    value: float | None = None
    limit: float | None = None
    sentence: str


class PredictedClip(_Values):
    """What a model says of one clip. Both ends of the interval are included.

    Attributes
    ----------
    clip : the clip's id.
    input : the file or folder that it is from, as it was given.
    onset, offset : first and last frame, by the numbers of the input.
    onset_s, offset_s : the same in seconds from the beginning of the input. None if not known.
    fps : frames per second. None if not known.
    predicted : name of the class, ``class`` in the file.
    probabilities : by class name; `Predicted.classes` has the order.
    said_by : which networks were asked.
    flags : what is out of range.
    how : whether the interval was ``given``, ``proposed`` by what moves, or is that of a ``cache``.
    picture : its picture, from the folder of the file. Empty if none was drawn.
    """

    clip: str
    input: str
    onset: int
    offset: int
    onset_s: float | None
    offset_s: float | None
    fps: float | None
    predicted: str = Field(alias="class")
    probabilities: dict[str, float]
    said_by: str
    flags: tuple[Flag, ...]
    how: How
    picture: str = ""


class Still(_Values):
    """An input in which nothing moved enough to be proposed, which is an answer.

    Attributes
    ----------
    input : the file or folder, as it was given.
    sentence : what was looked at, for people.
    """

    input: str
    sentence: str


class Predicted(Versioned):
    """The content of ``predictions.json``.

    Attributes
    ----------
    model : name of the model's folder.
    kind : ``model`` of ``raicl fit``, ``fold`` of a run, or ``run``, whose folds vote.
    digest : digest of the model, or of the weights.
    classes : class names, in the order of their indices.
    use : what it is for, and what not.
    notes : what holds for every clip, for people.
    clips : in the order of the inputs.
    still : inputs without a clip.
    """

    model: str
    kind: Literal["model", "fold", "run"]
    digest: str
    classes: tuple[str, ...]
    use: str
    notes: tuple[str, ...] = ()
    clips: tuple[PredictedClip, ...]
    still: tuple[Still, ...] = ()


def write_predicted(path: Path, content: Predicted) -> None:
    """Write the file atomically."""
    write_json(path, content.model_dump(mode="json", by_alias=True))


def read_predicted(path: Path) -> Predicted:
    """Read the file.

    Raises
    ------
    InputError : missing, damaged, or not such a file.
    VersionError : written by a newer version.
    """
    fix = "give the predictions.json of a raicl predict command that has ended"
    return read_versioned(path, Predicted, fix=fix, kind="the file of predictions")
