"""Difficulty: how hard the classes of a synthetic database are to tell apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Difficulty:
    """How hard the classes are to tell apart. Ranges are (low, high) of a uniform draw.

    [ours] Ridge regression on the true flow of the middle frame (28x28, with smooth errors of
    0.04 px) reaches a UF1 of about 0.9 on unseen people with the defaults, and 0.75 with ``hard``.

    Attributes
    ----------
    amplitude : peak displacement of the action units, px of a 225 px crop.
    strength : factor on the amplitude, one per person.
    asymmetry : standard deviation of the left-right log ratio, one per person.
    one_sided : probability that the action units of a clip show on one side of the face only.
    turn : standard deviation of an action unit's direction around its usual one, degrees; one
        draw per person and unit, and one of half that size per clip.
    jitter : standard deviation of the place of an action unit, px of a 225 px crop; one draw per
        person and unit, and one of half that size per clip.
    distractors : number of movements unrelated to the class, both ends included.
    distractor_amplitude : peak displacement of these movements, px of a 225 px crop.
    drift : largest translation of the head, px of a 225 px crop.
    roll : largest rotation of the head, degrees.
    noise : standard deviation of the camera's noise, grey levels, one per clip.
    weak : peak of a clip's weak action unit over that of its strong one. With a range, positive and
        negative clips share their strong unit (see `SIMILAR`). None leaves the units of an
        emotion as strong as they are drawn.
    missing : share of the test clips of those two classes that show the weak unit alone.
    """

    amplitude: tuple[float, float] = (0.25, 0.9)
    strength: tuple[float, float] = (0.75, 1.25)
    asymmetry: float = 0.3
    one_sided: float = 0.6
    turn: float = 20.0
    jitter: float = 6.0
    distractors: tuple[int, int] = (2, 5)
    distractor_amplitude: tuple[float, float] = (0.2, 0.8)
    drift: float = 0.5
    roll: float = 0.1
    noise: tuple[float, float] = (1.0, 1.5)
    weak: tuple[float, float] | None = None
    missing: float = 0.0


def described(difficulty: Difficulty) -> dict[str, Any]:
    """Its values as a database records them, without those of later versions that are off."""
    values = asdict(difficulty)
    return values if difficulty.weak else {k: v for k, v in values.items() if k not in _LATER}


_LATER = ("weak", "missing")
_MEDIUM = Difficulty(
    amplitude=(0.22, 0.8),
    one_sided=0.7,
    turn=25.0,
    distractor_amplitude=(0.25, 0.9),
    drift=0.6,
)
# The weak unit moves by 0.2 to 0.6 px, above the noise of the flow and below most distractors.
_SIMILAR = replace(_MEDIUM, amplitude=(0.6, 1.1), weak=(0.35, 0.5))

# The values of `raicl synth --difficulty`. medium is halfway between default and hard. In `similar`
# only a weak action unit tells two of the three classes apart.
DIFFICULTIES = {
    "default": Difficulty(),
    "medium": _MEDIUM,
    "hard": Difficulty(
        amplitude=(0.2, 0.7),
        one_sided=0.8,
        turn=30.0,
        distractors=(3, 6),
        distractor_amplitude=(0.3, 1.0),
        drift=0.7,
    ),
    "similar": _SIMILAR,
    "similar-missing": replace(_SIMILAR, missing=1 / 3),
}
