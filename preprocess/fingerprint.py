"""What a shard is made of, as its name: equal inputs and settings give an equal fingerprint.

Paths and times stay out, so that moving a database keeps its cache.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from raicl.common.files import sha256_file
from raicl.common.sampling.sample import Sample
from raicl.data.records import Footage, Frame
from raicl.preprocess.flow.engine import describe_engine
from raicl.preprocess.frames import read_frame
from raicl.preprocess.landmarks import model_file
from raicl.preprocess.sampling import sample_footage
from raicl.preprocess.settings import PrepSettings

SCHEMA = 2  # raise it whenever the code of stage 1 changes what an instance holds


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A clip's inputs, by content.

    `base` holds everything but the frames sampled: two shards with the same base may share
    instances. `fingerprint` holds all of it. `sample` says which frames are trained on.
    """

    base: str
    fingerprint: str
    frames: tuple[Frame, ...]
    digests: tuple[str, ...]
    sample: Sample

    @property
    def shard(self) -> str:
        """The shard's file name."""
        return f"{self.base[:24]}-{self.fingerprint[:24]}.h5"


def making(settings: PrepSettings) -> dict[str, object]:
    """What makes an instance out of frames: settings, models and versions, as plain values."""
    values = settings.model_dump(include={"size", "margin", "align", "match_light", "head_motion"})
    values |= describe_engine(settings)
    if settings.align == "none":
        values["landmarks"] = "none"
    else:
        values["landmarks"] = _digest_of(model_file(settings.landmarks))
        values["detectors"] = _digest_of(model_file("cnn"))
        values["dlib"] = _dlib_version()
    return values | {"schema": SCHEMA, "opencv": _opencv_version()}


def identify(footage: Footage, settings: PrepSettings) -> Identity:
    """Read the frames a clip's instances need and name the shard they would give.

    Raises
    ------
    InputError : a frame cannot be read, or the clip cannot be sampled.
    """
    sample = sample_footage(footage, settings)
    frames = tuple(footage.frames[index] for index in sample.indices)
    digests = tuple(_digest_of_frame(frame) for frame in frames)
    onset = _digest_of_frame(footage.frames[0])
    base = _digest({"making": making(settings), "onset": onset})
    sampled = [[frame.number, digest] for frame, digest in zip(frames, digests, strict=True)]
    span = [footage.clip.onset, footage.clip.offset]
    fingerprint = _digest({"base": base, "span": span, "frames": sampled})
    return Identity(
        base=base, fingerprint=fingerprint, frames=frames, digests=digests, sample=sample
    )


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _digest_of_frame(frame: Frame) -> str:
    return hashlib.sha256(read_frame(frame.path)).hexdigest()


@cache
def _digest_of(path: Path) -> str:
    return sha256_file(path)


@cache
def _opencv_version() -> str:
    for name in ("opencv-contrib-python", "opencv-contrib-python-headless"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    from raicl.preprocess.opencv import opencv

    return str(opencv().__version__)


@cache
def _dlib_version() -> str:
    for name in ("dlib-bin", "dlib"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    import dlib

    return str(dlib.__version__)
