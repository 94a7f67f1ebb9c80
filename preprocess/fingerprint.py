"""Fingerprint: the digest of what a shard is made of, which is also its name.

Equal inputs and settings give an equal fingerprint. Paths and times are left out, so that a
database can be moved and keeps its cache.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from raicl.common.files import sha256_file
from raicl.common.provenance import installed_version
from raicl.common.sampling.sample import Sample
from raicl.common.settings import SettingValue
from raicl.data.records import Footage, Frame
from raicl.preprocess.face.models import model_file
from raicl.preprocess.flow.engine import describe_engine
from raicl.preprocess.frames import FULL, RawFrame, read_frame, used_bits
from raicl.preprocess.sampling import sample_footage
from raicl.preprocess.settings import PrepSettings

# Increase it whenever the code of stage 1 changes what an instance holds. It was not increased when
# faces began to be checked: instances of faces stayed the same. Shards of before are known by their
# missing quality and are checked again (see `stored`), so that no cache is computed anew for it.
SCHEMA = 2


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a clip's shard is made of.

    Attributes
    ----------
    base : digest of the onset and of what makes an instance. Two shards with the same base may
        share instances.
    fingerprint : digest of the base, the annotated span and the sampled frames.
    onset : the onset as it was read.
    frames : the sampled frames as they were read.
    sample : which frames are sampled, and which of them are trained on.
    face : which face of the onset is meant, by size from 1.
    bits : how many bits the pictures use if they have 16, see `raicl.preprocess.frames.used_bits`.
    """

    base: str
    fingerprint: str
    onset: RawFrame
    frames: tuple[RawFrame, ...]
    sample: Sample
    face: int = 1
    bits: int = FULL

    @property
    def shard(self) -> str:
        """The shard's file name."""
        return f"{self.base[:24]}-{self.fingerprint[:24]}.h5"

    @property
    def flags(self) -> tuple[str, ...]:
        """``bits-10``: the pictures have 16 bits and use 10, which were taken as all."""
        return () if self.bits == FULL else (f"bits-{self.bits}",)


def making(settings: PrepSettings) -> dict[str, SettingValue]:
    """What turns frames into instances: settings, models and versions, as plain values."""
    values: dict[str, SettingValue] = settings.model_dump(
        include={"size", "margin", "align", "match_light", "head_motion"}
    )
    values |= describe_engine(settings)
    if settings.align == "none":
        values["landmarks"] = "none"
    else:
        values["landmarks"] = _digest_of(model_file(settings.landmarks))
        values["detectors"] = _digest_of(model_file("cnn"))
        values["dlib"] = _dlib_version()
    return values | {"schema": SCHEMA, "opencv": _opencv_version()}


def identify(
    footage: Footage, settings: PrepSettings, *, read: Callable[[Frame], RawFrame] = read_frame
) -> Identity:
    """Read each frame that a clip's instances need once, and name the shard that they give.

    Parameters
    ----------
    read : gives the content of a frame.

    Raises
    ------
    InputError : a frame cannot be read, or the clip cannot be sampled; or a frame of 16 bits cannot
        be decoded.
    """
    sample = sample_footage(footage, settings)
    onset = read(footage.frames[0])
    frames = tuple(read(footage.frames[index]) for index in sample.indices)
    bits = used_bits((onset, *frames))
    made_of: dict[str, object] = {"making": making(settings), "onset": onset.digest.hex()}
    if footage.face != 1:  # left out, so that shards of the largest face keep their names
        made_of["face"] = footage.face
    if bits != FULL:  # likewise
        made_of["bits"] = bits
        onset = replace(onset, bits=bits)
        frames = tuple(replace(frame, bits=bits) for frame in frames)
    base = _digest(made_of)
    sampled = [[frame.number, frame.digest.hex()] for frame in frames]
    span = [footage.clip.onset, footage.clip.offset]
    fingerprint = _digest({"base": base, "span": span, "frames": sampled})
    return Identity(
        base=base,
        fingerprint=fingerprint,
        onset=onset,
        frames=frames,
        sample=sample,
        face=footage.face,
        bits=bits,
    )


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


@cache
def _digest_of(path: Path) -> str:
    return sha256_file(path)


def _opencv_version() -> str:
    found = installed_version("opencv-contrib-python", "opencv-contrib-python-headless")
    if found is None:
        from raicl.preprocess.opencv import opencv

        found = str(opencv().__version__)
    return found


def _dlib_version() -> str:
    found = installed_version("dlib-bin", "dlib")
    if found is None:
        import dlib

        found = str(dlib.__version__)
    return found
