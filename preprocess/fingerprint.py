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
from itertools import combinations
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

# [ours] Ways in which only some clips are computed. They name the shards of these clips alone: the
# largest face is still, so another was taken (`raicl.preprocess.face.several`); frames that the
# flow cannot reach were brought near the onset first (`raicl.preprocess.face.coarse`).
BY_MOTION, REGISTERED = "by-motion", "registered"
WAYS = (BY_MOTION, REGISTERED)


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
    ways : what turned out to be needed beyond what makes every clip; see `computed`.
    """

    base: str
    fingerprint: str
    onset: RawFrame
    frames: tuple[RawFrame, ...]
    sample: Sample
    face: int = 1
    bits: int = FULL
    ways: tuple[str, ...] = ()

    @property
    def shard(self) -> str:
        """The shard's file name."""
        return shard_name(self.base, self.fingerprint)

    def computed(self, *ways: str) -> Identity:
        """The identity of the same clip when its frames turn out to need these `WAYS` as well.

        Only its frames tell, so a clip has a name for each. What needs none keeps the name that it
        had before there were any.
        """
        found = self
        for way in ways:
            found = replace(
                found,
                base=_digest({"base": found.base, "way": way}),
                fingerprint=_digest({"fingerprint": found.fingerprint, "way": way}),
                ways=(*found.ways, way),
            )
        return found

    @property
    def variants(self) -> tuple[Identity, ...]:
        """The clip as it is, and by every combination of the `WAYS`; the longest first."""
        counts = range(len(WAYS), -1, -1)
        return tuple(self.computed(*ways) for n in counts for ways in combinations(WAYS, n))

    @property
    def flags(self) -> tuple[str, ...]:
        """``bits-10``: the pictures have 16 bits and use 10, which were taken as all."""
        return () if self.bits == FULL else (f"bits-{self.bits}",)


def shard_name(base: str, fingerprint: str) -> str:
    """File name of a shard."""
    return f"{base[:24]}-{fingerprint[:24]}.h5"


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
