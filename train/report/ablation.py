"""Ablation: the table that `raicl ablate` left in its folder, for the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from raicl.common.errors import InputError

_KEYS = {"reference", "rows", "claims", "units", "incomplete", "integrity"}


def read_ablation(folder: Path) -> dict[str, Any]:
    """The content of the study's ``table.json``.

    Raises
    ------
    InputError : missing, or not such a table.
    """
    path = folder / "table.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(table, dict) or not table.keys() >= _KEYS:
            raise ValueError("it is not the table of a study")
    except (OSError, ValueError) as error:
        raise InputError(
            f"the table of the ablation cannot be read: {error}",
            where=str(path),
            fix="give the --dir of a raicl ablate command that has ended",
        ) from error
    return table
