"""Clip: one annotated sample of a database, and the keys that name it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, get_args

Split = Literal["", "train", "test"]
Label = Literal["emotion", "class"]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One annotated micro-expression, onset to offset, without its pixels.

    Frame numbers are those of the annotation, as in the file names. Both ends are included.

    Attributes
    ----------
    dataset : key of the database, e.g. ``casme2``.
    subject : the person as the database writes it, e.g. ``sub05``; unique only with `dataset`.
    name : the clip's folder, e.g. ``EP02_01f``.
    emotion : emotion as annotated, in lower case; a protocol decides the class at training time.
        The class itself if `labelled` says so.
    onset, offset : first and last frame number; ``onset < offset``.
    apex : number of the strongest frame, or None if none is annotated.
    fps : frames per second of the camera, or None if the database does not say.
    sheet : version of the annotation, e.g. ``2014``. For a database that is recorded in several
        variants, the variant, e.g. ``hs`` (SMIC).
    flags : what is unusual about the clip, e.g. ``apex-missing``.
    repeated : whether another clip of this subject has the same name (CAS(ME)^3).
    split : ``train`` (never tested), ``test`` (never trained on) or empty (both). Only the
        synthetic database sets it, so that it can have many more clips to test than to train on.
    onset_error, offset_error : frames by which `onset` and `offset` were moved away from the
        annotation on purpose (``raicl-prep --onset-error``). The id does not change.
    labelled : ``class`` if `emotion` is the name of a class, such as ``negative``, because whoever
        made the flow gives no emotion.
    numbered : whether the numbers of the frames are known. If not, the onset is 0, the instances
        are counted from 1, and the apex is None unless somebody says which instance shows it.
    """

    dataset: str
    subject: str
    name: str
    emotion: str
    onset: int
    offset: int
    apex: int | None = None
    fps: float | None = None
    sheet: str = ""
    flags: tuple[str, ...] = ()
    repeated: bool = False
    split: Split = ""
    onset_error: int = 0
    offset_error: int = 0
    labelled: Label = "emotion"
    numbered: bool = True

    def __post_init__(self) -> None:
        if self.split not in get_args(Split):
            raise ValueError(f"{self.id}: its split {self.split!r} is neither train nor test")
        if self.labelled not in get_args(Label):
            raise ValueError(f"{self.id}: labelled {self.labelled!r} is neither emotion nor class")

    @property
    def trained(self) -> bool:
        """Whether the folds of other subjects may train on this clip."""
        return self.split != "test"

    @property
    def tested(self) -> bool:
        """Whether the fold of its own subject tests this clip."""
        return self.split != "train"

    @property
    def subject_key(self) -> str:
        """``dataset/subject``, which names one person: folds are made of these."""
        return f"{self.dataset}/{self.subject}"

    @property
    def id(self) -> str:
        """``dataset/subject/name``, with ``@onset`` if the name is not unique without it."""
        suffix = f"@{self.annotated_onset}" if self.repeated else ""
        return f"{self.subject_key}/{self.name}{suffix}"

    @property
    def annotated_onset(self) -> int:
        """The onset before it was moved."""
        return self.onset - self.onset_error

    def to_json(self) -> dict[str, object]:
        """Plain values, as a manifest holds them."""
        values = asdict(self) | {"flags": list(self.flags)}
        for name, usual in _USUAL.items():
            if values[name] == usual:  # omitted, so that an index without them keeps its digest
                del values[name]
        return values


_USUAL = {"split": "", "onset_error": 0, "offset_error": 0, "labelled": "emotion", "numbered": True}
