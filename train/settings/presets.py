"""Presets, one TOML file each, and the layers of settings that a user gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raicl.common.errors import UsageError
from raicl.common.settings import environment, merge, read_toml
from raicl.train.settings.train import TrainSettings

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


def merge_settings(preset: str | None, config: Path | None, given: dict[str, Any]) -> TrainSettings:
    """Built-in values < presets < configuration file < ``RAICL_*`` < command line."""
    return merge(TrainSettings, *base_layers(preset, config, given))


def base_layers(
    preset: str | None, config: Path | None, given: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """The layers of settings that a user gives, in rising precedence."""
    layers = [] if preset is None else preset_layers(preset)
    if config is not None:
        layers.append((str(config), read_toml(config)))
    return [*layers, ("environment", dict(environment(TrainSettings))), ("command line", given)]
