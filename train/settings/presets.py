"""Presets: named settings that differ from the defaults, one TOML file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raicl.common.errors import UsageError
from raicl.common.settings import read_toml

PRESETS = ("paper", "tiny")


def load_preset(name: str) -> dict[str, Any]:
    """The keys of a preset that differ from the defaults.

    Raises
    ------
    UsageError : no such preset.
    """
    if name not in PRESETS:
        raise UsageError(f"no such preset: {name}", fix=f"choose one of {', '.join(PRESETS)}")
    return read_toml(Path(__file__).parents[1] / "presets" / f"{name}.toml")
