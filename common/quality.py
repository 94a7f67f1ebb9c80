"""Quality: what the onset and the motion of a clip are like, in numbers that a cache keeps."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pydantic import FiniteFloat, TypeAdapter

SMALL_EYES = 40.0  # px between the eyes; below, the crop invents more detail than the frame has


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well a clip shows its face. A number is None where it is unknown.

    Whoever prepares a clip measures them; docs/method.md 1.1 says how. From `head_motion` on they
    are of all frames that were sampled, and of the worst of them. Px of the crop are those of u and
    v. An older raicl measured none from `repeated_frames` on.

    Attributes
    ----------
    eye_distance : between the eye centres on the onset, px of the raw frame.
    roll : of the line through the eyes in the raw frame, degrees; clockwise is positive, and a head
        that stands on its top has ±180.
    turn : how far the nose is beside the middle of the eyes, along the line through them, in
        distances between them; 0 from the front, positive if the head is turned to the picture's
        right.
    brightness : mean of the aligned onset within the face, grey levels from 0 to 255.
    contrast : standard deviation of the same, grey levels.
    sharpness : share of the contrast that lies in fine detail, from 0 to 1. Noise is fine detail
        too.
    head_motion : how far the head moves the eyes and the bridge of the nose from the onset on, px
        of the crop.
    background_flow : how far what is beside and above the head moves from the onset on, px of the
        crop. None if little of it is seen.
    repeated_frames : number of frames whose crop is that of an earlier one, pixel by pixel.
    continuity : least share of points of the face that go on in a frame, from the frame before or
        from the onset.
    coarse_motion : how far the face moves from the onset on, by tracked points, px of the crop. It
        tells motions beyond the reach of the flow. None if no frame has enough such points.
    onset_sharpness : sharpness of the onset over the median of the other frames'.
    combing : how much neighbouring lines of a raw frame differ, over how much neighbouring columns
        do, each compared with the lines or columns after next. Interlaced frames have much more
        than 1.
    unexplained : share of the face that is not found again where the flow says.
    faces : number of faces in the onset frame. None without landmarks.
    """

    eye_distance: FiniteFloat | None = None
    roll: FiniteFloat | None = None
    turn: FiniteFloat | None = None
    brightness: FiniteFloat | None = None
    contrast: FiniteFloat | None = None
    sharpness: FiniteFloat | None = None
    head_motion: FiniteFloat | None = None
    background_flow: FiniteFloat | None = None
    repeated_frames: FiniteFloat | None = None
    continuity: FiniteFloat | None = None
    coarse_motion: FiniteFloat | None = None
    onset_sharpness: FiniteFloat | None = None
    combing: FiniteFloat | None = None
    unexplained: FiniteFloat | None = None
    faces: FiniteFloat | None = None

    @property
    def is_checked(self) -> bool:
        """Whether it is known if the clip is plausible; an older raicl did not ask."""
        return self.repeated_frames is not None

    def within(self, other: Quality | None) -> bool:
        """Whether `other` says the same, and perhaps more."""
        return other is not None and self.to_json().items() <= other.to_json().items()

    def to_json(self) -> dict[str, float]:
        """The numbers that are known, all as floats: a count is written as it will be read."""
        return {name: float(value) for name, value in asdict(self).items() if value is not None}

    def encode(self) -> bytes:
        """The bytes that a shard holds: compact, sorted, equal for equal numbers."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, content: bytes) -> Quality:
        """The inverse of `encode`; names that are not known are left out.

        Raises
        ------
        ValueError : not JSON, or a value is no finite number.
        """
        return _ADAPTER.validate_json(content, strict=True)


_ADAPTER = TypeAdapter(Quality)
UNITS = {  # of each number, for people
    "eye_distance": "px of the frame",
    "roll": "degrees",
    "turn": "eye distances",
    "brightness": "grey levels",
    "contrast": "grey levels",
    "sharpness": "of the contrast",
    "head_motion": "px of the crop",
    "background_flow": "px of the crop",
    "repeated_frames": "frames",
    "continuity": "of the points",
    "coarse_motion": "px of the crop",
    "onset_sharpness": "of the other frames'",
    "combing": "of columns",
    "unexplained": "of the face",
    "faces": "faces",
}
