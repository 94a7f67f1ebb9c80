"""READ FIRST: the miniatures by the name that ``raicl synth --layout`` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from raicl.common.files import writing
from raicl.data.miniature.casme2 import write_casme2
from raicl.data.miniature.casme3 import write_casme3
from raicl.data.miniature.samm import write_samm
from raicl.data.miniature.smic import write_smic, write_smic_e


@dataclass(frozen=True)
class Miniature:
    """The arguments of `raicl-prep` that read a miniature, and the function that writes it."""

    database: str
    write: Callable[[Path], Path]


MINIATURES = {
    "casme2-cropped": Miniature("casme2", partial(write_casme2, release="cropped")),
    "casme2-raw": Miniature(
        "casme2", partial(write_casme2, release="raw-full", versions=("2014", "2019"))
    ),
    "samm": Miniature("samm", write_samm),
    "smic": Miniature("smic", write_smic),
    "smic-e": Miniature("smic --variant e-hs", write_smic_e),
    "casme3a": Miniature("casme3", write_casme3),
    "casme3-clip": Miniature("casme3", partial(write_casme3, release="clip")),
}


def write_miniature(folder: Path, layout: str) -> str:
    """Write the miniature `layout`, a key of `MINIATURES`, and return `Miniature.database`.

    Raises
    ------
    ResourceError, InputError : the disk is full, or `folder` cannot be written.
    """
    miniature = MINIATURES[layout]
    with writing(folder):
        miniature.write(folder)
    return miniature.database
