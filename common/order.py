"""One order of names for both stages, and the form in which names are compared."""

from __future__ import annotations

import re
import unicodedata


def comparable(name: str) -> str:
    """A name as it is compared: compatibility characters unified, case ignored, trimmed."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which ``img9`` comes before ``img10``."""
    parts = re.split(r"([0-9]+)", comparable(name))
    # of two numbers without zeros in front the longer is the larger; int() refuses the longest
    numbers = {part: part.lstrip("0") for part in parts if part.isdigit()}
    return tuple(
        (1, len(numbers[part]), numbers[part]) if part in numbers else (0, 0, part)
        for part in parts
        if part
    )
