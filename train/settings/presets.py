"""Presets: named settings that differ from the defaults, one TOML file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raicl.common.errors import UsageError
from raicl.common.settings import read_toml

FOLDER = Path(__file__).parents[1] / "presets"


def preset_names() -> list[str]:
    """The name of every preset, M9 before M10."""
    return sorted((path.stem for path in FOLDER.glob("*.toml")), key=lambda name: (len(name), name))


def load_preset(name: str) -> dict[str, Any]:
    """The keys of a preset that differ from the defaults.

    Raises
    ------
    UsageError : there is no such preset.
    """
    if name not in preset_names():
        there = ", ".join(preset_names())
        raise UsageError(f"no such preset: {name or 'an empty name'}", fix=f"choose one of {there}")
    return read_toml(FOLDER / f"{name}.toml")


def preset_layers(names: str) -> list[tuple[str, dict[str, Any]]]:
    """Presets such as ``tiny,M2`` as layers for `raicl.common.settings.merge`, in this order.

    Raises
    ------
    UsageError : there is no such preset.
    """
    parts = [name.strip() for name in names.split(",")]
    return [(f"preset {name}", load_preset(name)) for name in parts]
