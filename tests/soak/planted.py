"""Readers with faults, to see that the soak counts each: read by `tests.soak.child`."""

import os
import time
from pathlib import Path

from raicl.common.errors import InputError
from tests.soak.damage import Damage

_hoard: list[bytes] = []
# what a reader does with a damage of the bit of the same place
FAULTS = ("told", "harmless", "silent", "trace", "crash", "hang", "memory")


def read_planted(folder: Path) -> dict[str, str]:
    """The file's first byte names the fault."""
    content = (folder / "packed.h5").read_bytes()
    fault = FAULTS[content[0].bit_length() - 1] if content[0] else "whole"
    if fault == "told":
        raise InputError("damaged")
    if fault == "trace":
        raise RuntimeError("a bug")
    if fault == "crash":
        os.abort()
    if fault == "hang":
        time.sleep(600)
    if fault == "memory":
        _hoard.append(b"x" * (300 << 20))
    return {"content": "other" if fault == "silent" else "right"}


def planted(fault: str) -> Damage:
    """The damage that meets a fault."""
    return Damage("packed.h5", 0, FAULTS.index(fault))


READERS = {"packed": read_planted}
