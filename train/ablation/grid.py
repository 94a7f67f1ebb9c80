"""Grid: the rows of a study, the settings that each changes, and the claims about them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from raicl.common.errors import InputError, UsageError
from raicl.common.settings import merge, read_toml
from raicl.train.settings import TrainSettings, preset_layers

FOLDER = Path(__file__).parents[1] / "grids"
_STRICT = ConfigDict(frozen=True, extra="forbid")

Layers = list[tuple[str, dict[str, Any]]]


class GridRow(BaseModel):
    """One configuration.

    Attributes
    ----------
    preset : names of presets, as in ``--preset``.
    settings : values of settings by name. They override the preset.
    times : factors by which settings that are whole numbers are multiplied, whatever gives them.
    flows : file names of the row's own caches, in the folder of the study's first cache. ``{stem}``
        stands for the name of that cache. Empty for the study's caches.
    control : the row has shuffled labels on purpose. It stands in the table beside chance, and is
        compared with no other row.
    note : what the row is, in words.
    """

    model_config = _STRICT

    preset: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    times: dict[str, PositiveInt] = Field(default_factory=dict)
    flows: tuple[str, ...] = ()
    control: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        if "seed" in {**self.settings, **self.times}:
            raise ValueError("a row has no seed of its own: --seeds gives every row the same")
        for name in self.flows:
            try:
                Path("flows.h5").with_name(name.format(stem="flows"))
            except (AttributeError, IndexError, KeyError, ValueError) as error:
                raise ValueError(
                    f"flows {name!r}: a file's name, in which {{stem}} may stand, and no folder"
                ) from error
        return self

    def resolve(self, name: str, base: Layers, seed: int) -> TrainSettings:
        """The settings of the row on top of `base`, under a seed.

        Raises
        ------
        UsageError : a setting does not exist, has a value out of bounds, or is no whole number and
            cannot be multiplied; or the row is a control and not marked as one, or the other way
            round.
        """
        layers = [*base, *self.layers(name), ("--seeds", {"seed": seed})]
        made = merge(TrainSettings, *layers)
        self._check_control(name, made)
        if not self.times:
            return made
        multiplied = {}
        for key, factor in self.times.items():
            value = getattr(made, key, None)
            if not isinstance(value, int) or isinstance(value, bool):
                raise UsageError(
                    f"times cannot multiply {key}",
                    where=f"row {name}",
                    fix="name settings that are whole numbers, such as epochs",
                )
            multiplied[key] = factor * value
        return merge(TrainSettings, *layers, (f"row {name}", multiplied))

    def _check_control(self, name: str, settings: TrainSettings) -> None:
        if settings.control != "none" and not self.control:
            raise UsageError(
                "a study compares real runs, and a control is not one",
                where=f"row {name}",
                fix="mark the row by control = true, or run the control alone: raicl-train "
                "--control shuffle-labels",
            )
        if self.control and settings.control == "none":
            raise UsageError(
                f"row {name} is marked as a control and has true labels",
                fix='give it settings = { control = "shuffle-labels" }',
            )

    def layers(self, name: str) -> Layers:
        """Layers for `raicl.common.settings.merge` that override the base."""
        named = preset_layers(self.preset) if self.preset else []
        return [*named, (f"row {name}", self.settings)]

    def caches(self, flows: Sequence[Path]) -> tuple[Path, ...]:
        """The caches of the row in a study on `flows`."""
        own = (flows[0].with_name(name.format(stem=flows[0].stem)) for name in self.flows)
        return tuple(own) or tuple(flows)


class Claim(BaseModel):
    """The claim that one row scores higher than another, or that two are alike."""

    model_config = _STRICT

    lower: str = ""
    higher: str = ""
    alike: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[str, str]:
        """The two rows, the lower one or the reference first."""
        first, second = self.alike or (self.lower, self.higher)
        return first, second

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if bool(self.lower and self.higher) == (len(self.alike) == 2):
            raise ValueError("a claim is { lower, higher } or { alike = [A, B] }")
        return self


class Grid(BaseModel):
    """The rows of a study by name, in the order of the table.

    Attributes
    ----------
    reference : the row that the others are compared with.
    """

    model_config = _STRICT

    reference: str
    rows: dict[str, GridRow] = Field(min_length=1)
    claims: tuple[Claim, ...] = ()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        named = [self.reference, *(row for claim in self.claims for row in claim.rows)]
        unknown = [name for name in named if name not in self.rows]
        if unknown:
            raise ValueError(f"{unknown[0]} is not one of its rows")
        bad = [name for name in self.rows if not name or set(name) & set("/\\\0") or name[0] == "."]
        if bad:
            raise ValueError(f"row {bad[0]!r} cannot name a folder")
        compared = [name for name in named if self.rows[name].control]
        if compared:
            raise ValueError(f"{compared[0]} is a control: no row is compared with it")
        return self

    def compared_with(self, reference: str | None) -> Grid:
        """The same grid with another reference. None keeps the grid's own.

        Raises
        ------
        UsageError : there is no such row.
        """
        if reference is None:
            return self
        if reference not in self.rows:
            raise UsageError(
                f"--reference: no row {reference!r}", fix="one of " + ", ".join(self.rows)
            )
        if self.rows[reference].control:
            raise UsageError(
                f"--reference: {reference} is a control", fix="name a row on the true labels"
            )
        return self.model_copy(update={"reference": reference})

    def part(self, names: Sequence[str]) -> Grid:
        """The grid with only these rows, in its own order, and the claims about them.

        Raises
        ------
        UsageError : there is no such row, a row is given twice, or the reference is left out.
        """
        for name in names:
            if name not in self.rows:
                near = get_close_matches(name, self.rows, 1)
                there = f"did you mean {near[0]}?" if near else "one of " + ", ".join(self.rows)
                raise UsageError(f"--rows: no row {name!r}", fix=there)
        if len(set(names)) < len(names):
            raise UsageError("--rows names a row twice", fix="name every row once")
        if self.reference not in names:
            raise UsageError(
                f"--rows leaves out {self.reference}, which the others are compared with",
                fix=f"add {self.reference}, or choose another --reference",
            )
        kept = tuple(claim for claim in self.claims if set(claim.rows) <= set(names))
        rows = {name: row for name, row in self.rows.items() if name in names}
        return Grid(reference=self.reference, rows=rows, claims=kept)


def grid_names() -> list[str]:
    """Every grid that is part of the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_grid(name: str) -> Grid:
    """A grid of the package by its name, or one from a TOML file.

    Raises
    ------
    UsageError : `name` is neither a grid of the package nor a TOML file.
    InputError : the file is not a grid.
    """
    path = FOLDER / f"{name}.toml" if name in grid_names() else Path(name)
    if path.suffix != ".toml":
        raise UsageError(
            f"no grid {name!r}", fix=f"one of {', '.join(grid_names())}, or a file ending in .toml"
        )
    try:
        return Grid.model_validate(read_toml(path, kind="grid", option="--grid"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(
            f"not a grid: {f'{place}: ' if place else ''}{message}",
            where=str(path),
            fix="see train/grids/paper.toml for how one is written",
        ) from error
