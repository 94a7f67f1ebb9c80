"""Settings declared once: a pydantic model gives the options, the TOML keys and their checks."""

from __future__ import annotations

import inspect
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raicl.common.errors import InputError, UsageError
from raicl.common.files import read_within
from raicl.common.limits import TOML_BYTES

SettingValue = str | int | float | bool | None
Model = TypeVar("Model", bound="Settings")


class Settings(BaseModel):
    """Base of a stage's settings: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def setting(default: Any, help: str, *, panel: str, later: bool = False, **constraints: Any) -> Any:
    """Declare a setting: its default, help text, panel of ``--help`` and pydantic's bounds.

    Parameters
    ----------
    later : results were made before it was declared. At its default it is then no part of their
        key, so that the same command finds them again.
    """
    extra: dict[str, Any] = {"panel": panel, "later": later}
    return Field(default, description=help, json_schema_extra=extra, **constraints)


def read_toml(
    path: Path, *, kind: str = "configuration", option: str = "--config"
) -> dict[str, Any]:
    """Read a TOML file; error messages call it `kind` and say that `option` takes it.

    Raises
    ------
    InputError : missing, too large, not UTF-8 or not TOML.
    """
    try:
        text = read_within(path, TOML_BYTES).decode("utf-8-sig")  # some editors begin with a mark
        return tomllib.loads(text)
    except OSError as error:
        raise InputError(
            f"cannot read the {kind}: {error.strerror}",
            where=str(path),
            fix=f"give {option} an existing TOML file",
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"not a TOML file: {error}", where=str(path), fix="correct the file"
        ) from error


def merge(model: type[Model], *layers: tuple[str, Mapping[str, Any]]) -> Model:
    """Build settings from layers, where a later layer overrides the earlier ones.

    Parameters
    ----------
    layers : pairs of a name, which error messages give, and the values by key.

    Raises
    ------
    UsageError : an unknown key, or a value of another type or out of bounds, with the name of its
        layer.
    """
    merged: dict[str, Any] = {}
    for name, values in layers:
        unknown = sorted(set(values) - set(model.model_fields))
        if unknown:
            from difflib import get_close_matches

            near = get_close_matches(unknown[0], model.model_fields, 1)
            raise UsageError(
                f"unknown setting `{unknown[0]}`",
                where=name,
                fix=f"did you mean `{near[0]}`?" if near else "see --help for the settings",
            )
        for key, value in values.items():
            # pydantic takes true for 1
            if isinstance(value, bool) and not _takes_bool(model.model_fields[key].annotation):
                raise UsageError(
                    f"{key} = {str(value).lower()}: it is no switch", where=name, fix="see --help"
                )
        merged |= values
    try:
        return model(**merged)
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:  # a check of several settings names them in its message
            raise UsageError(message, fix="see --help") from error
        key = str(first["loc"][0])
        where = next((name for name, values in reversed(layers) if key in values), "settings")
        raise UsageError(
            f"{key} = {first['input']!r}: {message}", where=where, fix="see --help"
        ) from error


def _takes_bool(annotation: Any) -> bool:
    return annotation is bool or any(map(_takes_bool, get_args(annotation)))


def environment(model: type[Settings]) -> dict[str, str | int]:
    """The settings given as ``RAICL_<NAME>`` in the environment."""
    given = ((name, os.environ.get(f"RAICL_{name.upper()}")) for name in model.model_fields)
    return {
        name: _choice(text, model.model_fields[name].annotation)
        for name, text in given
        if text is not None
    }


def _choice(text: str, annotation: Any) -> str | int:
    """The integer that `text` means where a setting is a choice of integers, else `text` itself.

    pydantic reads numbers from text, but not the integers of a ``Literal``.
    """
    if get_origin(annotation) is Literal:
        return next((n for n in get_args(annotation) if str(n) == text), text)
    inner = (_choice(text, part) for part in get_args(annotation))
    return next((found for found in inner if found != text), text)


def with_settings(model: type[Settings]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add one option per field of `model` to a typer command.

    A field is skipped if the command declares a parameter of that name itself.

    The command must take a keyword ``given``: the options that were on the command line, by
    field name. Every option's own default is None, so that a file's value is not overridden.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.name != "given"]
        declared = {p.name for p in own}
        fields = {n: field for n, field in model.model_fields.items() if n not in declared}
        options = [_option(name, field) for name, field in fields.items()]

        def run(**values: Any) -> None:
            given = {name: values.pop(name) for name in fields}
            command(**values, given={k: v for k, v in given.items() if v is not None})

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        return run

    return decorate


def flag_of(name: str) -> str:
    """The option of a setting: ``--flow-scales`` of ``flow_scales``."""
    return "--" + name.replace("_", "-")


def _option(name: str, field: Any) -> inspect.Parameter:
    flag = flag_of(name)
    kind = field.annotation
    declared = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
    if get_origin(kind) is tuple:
        raise TypeError(f"{name}: an option holds one value")
    if type(None) in get_args(kind):  # `X | None`: every option may be absent anyway
        kind = next(part for part in get_args(kind) if part is not type(None))
    shown = "none" if field.default is None else str(field.default).lower()
    option = typer.Option(
        declared,
        help=f"{field.description} [dim]\\[default: {shown}][/dim]",
        rich_help_panel=field.json_schema_extra["panel"],
        show_default=False,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )
