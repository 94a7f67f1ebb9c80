"""Measured: what the flow of a run's clips is in, and which settings need more than is known."""

from __future__ import annotations

from raicl.common.errors import UsageError
from raicl.train.clips.composite import Composite
from raicl.train.settings import TrainSettings
from raicl.train.settings.inputs import MOVES_ZERO


def mirrors(settings: TrainSettings) -> bool:
    """Whether a run makes mirror images of its inputs."""
    return settings.irc or settings.mrd or settings.flip_average or settings.mirror > 0


def exchanges(settings: TrainSettings) -> bool:
    """Whether a mirror image needs no zero of u: negated and stretched again, it is 255 - u."""
    return settings.flip == "physical" and settings.scale in MOVES_ZERO


def check_measure(composite: Composite, settings: TrainSettings) -> None:
    """Refuse settings that need a unit or a zero that the flow does not have.

    Raises
    ------
    UsageError : the physical mirror image, a weight by motion, or a scale in px.
    """
    where = ", ".join(str(cache.path) for cache in composite.caches)
    measure = composite.measure
    physical = settings.flip == "physical" and not exchanges(settings)
    if not measure.zero and mirrors(settings) and physical:
        raise UsageError(
            "--flip physical negates u, and nobody knows the zero of this flow",
            where=where,
            fix="give --flip tensor, which mirrors the pictures as they are, or a --scale that "
            f"needs no zero: {' or '.join(MOVES_ZERO)}",
        )
    by_motion = {"infer": "weighted", "pairing": "strong-teacher"}
    for name, value in by_motion.items():
        if not measure.zero and getattr(settings, name) == value:
            raise UsageError(
                f"--{name} {value} compares motions, and nobody knows the zero of this flow",
                where=where,
                fix=f"choose another --{name}",
            )
    if not measure.unit and settings.scale == "const":
        raise UsageError(
            "--scale const divides by 2 px, and nobody knows the unit of this flow",
            where=where,
            fix="leave --scale at train-std, or give sample-std",
        )


def describe_flow(composite: Composite, settings: TrainSettings) -> str:
    """What every result says of flow that is not in px, or has no zero. Empty for raicl's own."""
    measure = composite.measure
    if measure.unit and measure.zero:
        return ""
    if measure.zero:
        return str(measure)
    return f"{measure}; {_mirrored(settings)}"


def _mirrored(settings: TrainSettings) -> str:
    if not mirrors(settings):
        return "nothing is mirrored"
    if exchanges(settings):
        return "mirrored with light and dark of u exchanged"
    return "mirrored without negating u"
