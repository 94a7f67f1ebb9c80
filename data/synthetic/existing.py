"""What is already in the folder of a synthetic database: nothing, the same one, or another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from raicl.common.errors import ConflictError
from raicl.common.files import read_json
from raicl.data.synthetic.tree import LAYOUTS
from raicl.data.synthetic.truth import FORMAT

TRUTH = "truth"
SETTINGS = "settings.json"  # in truth/; written last, so that it marks a complete database


def parts(layout: str) -> tuple[str, ...]:
    """The top-level entries of a finished database; the last one marks it as complete."""
    return (LAYOUTS[layout].pictures.parts[0], LAYOUTS[layout].sheet, TRUTH)


def refuse_older(folder: Path) -> None:
    """Refuse a database whose truth was written in an older format.

    Raises
    ------
    ConflictError : it was; its format is in the settings, and 1 if they do not say it.
    """
    made = folder / TRUTH / SETTINGS
    if made.is_file() and _settings(made).get("format", 1) < FORMAT:
        raise ConflictError(
            "the folder holds a synthetic database of an older raicl",
            where=str(folder),
            fix="remove the folder first, then run the same command again",
        )


def is_complete(folder: Path, layout: str, settings: dict[str, object]) -> bool:
    """Whether the folder holds the database of these settings, complete.

    Raises
    ------
    ConflictError : it holds another one, or a part of one.
    """
    present = [part for part in parts(layout) if (folder / part).exists()]
    if not present:
        return False
    refuse_older(folder)
    made = folder / TRUTH / SETTINGS
    same = made.is_file() and _settings(made) == json.loads(json.dumps(settings))
    if same and len(present) == len(parts(layout)):
        return True
    raise ConflictError(
        "the folder holds another database" if not same else "the database is incomplete",
        where=str(folder / present[0]),
        fix="choose another folder, or remove this one first",
    )


def _settings(made: Path) -> dict[str, Any]:
    return read_json(
        made, kind="the database's settings", fix="remove the folder first, then run it again"
    )
