"""Difficulty: how hard the classes of a synthetic database are to tell apart."""

from __future__ import annotations

from dataclasses import dataclass


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


# The values of `raicl synth --difficulty`; medium is halfway between the others.
DIFFICULTIES = {
    "default": Difficulty(),
    "medium": Difficulty(
        amplitude=(0.22, 0.8),
        one_sided=0.7,
        turn=25.0,
        distractor_amplitude=(0.25, 0.9),
        drift=0.6,
    ),
    "hard": Difficulty(
        amplitude=(0.2, 0.7),
        one_sided=0.8,
        turn=30.0,
        distractors=(3, 6),
        distractor_amplitude=(0.3, 1.0),
        drift=0.7,
    ),
}
