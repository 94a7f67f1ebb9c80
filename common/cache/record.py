"""ClipRecord: what the index of a cache holds about a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

from raicl.common.clip import Clip
from raicl.common.quality import Quality
from raicl.common.terminal.wording import counted


@dataclass(frozen=True, kw_only=True)
class ClipRecord:
    """The annotation of a clip, and which instances of it are stored where.

    Attributes
    ----------
    clip : the annotation; its flags include those of the preparation.
    frames : annotation numbers of the instances, ascending, one per instance.
    middle : row of the instance that inference uses: the clip's middle frame, or its apex.
    n_frames : frames on disk from onset to offset.
    shard : file name of the shard.
    digest : SHA-256 of the shard's content.
    untrained : rows that only inference uses, or that a run does not sample.
    quality : the shard's; None if it is unknown.
    """

    clip: Clip
    frames: tuple[int, ...]
    middle: int
    n_frames: int
    shard: str
    digest: str
    untrained: tuple[int, ...] = ()
    quality: Quality | None = None

    def __post_init__(self) -> None:
        if not set(self.untrained) < set(range(len(self.frames))):
            raise ValueError(f"{self.id}: untrained rows {self.untrained} of {len(self.frames)}")
        if not 0 <= self.middle < len(self.frames):
            raise ValueError(f"{self.id}: middle {self.middle} of {len(self.frames)} instances")

    def __repr__(self) -> str:
        frames = f"{self.frames[0]} to {self.frames[-1]}" if self.frames else "none"
        return (
            f"ClipRecord({self.id}: {self.clip.emotion}, "
            f"{counted(len(self.frames), 'instance')} of frames {frames}, middle {self.middle})"
        )

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.clip.id

    @property
    def subject_key(self) -> str:
        """The clip's ``dataset/subject``."""
        return self.clip.subject_key

    @property
    def train_rows(self) -> tuple[int, ...]:
        """Rows of the instances that are trained on, ascending."""
        return tuple(sorted(set(range(len(self.frames))) - set(self.untrained)))

    @property
    def used_rows(self) -> tuple[int, ...]:
        """Rows that a run needs: those trained on, then the inference row if not among them."""
        rows = self.train_rows
        return rows if self.middle in rows else (*rows, self.middle)

    def middle_alone(self) -> ClipRecord:
        """The same record, with its inference instance as the only one that is used."""
        others = tuple(row for row in range(len(self.frames)) if row != self.middle)
        return replace(self, untrained=others)

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """Numbers of all frames on disk, the onset first; None if the record does not say them."""
        if len(self.frames) == self.n_frames - 1:
            return (self.clip.onset, *self.frames)
        annotated = range(self.clip.onset, self.clip.offset + 1)
        return tuple(annotated) if len(annotated) == self.n_frames else None

    def to_json(self) -> dict[str, object]:
        """Plain values, as a manifest holds them."""
        values: dict[str, object] = {
            "clip": self.clip.to_json(),
            "frames": list(self.frames),
            "middle": self.middle,
            "n_frames": self.n_frames,
            "shard": self.shard,
            "digest": self.digest,
        }
        if self.untrained:
            values["untrained"] = list(self.untrained)
        if self.quality is not None:
            values["quality"] = self.quality.to_json()
        return values
