"""`{raicl-options} COMMAND`: the arguments and options of a command, a table for each panel.

COMMAND is ``raicl-prep``, ``raicl-train`` or ``raicl NAME``. ``:settings: no`` leaves out the
options that are settings, which ``{raicl-settings}`` shows. Every option can be linked by the role
``{option}`raicl-train --fold` ``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args, get_origin

import typer
from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from tables import Row, code, table
from typer.core import TyperArgument
from values import allowed_values

from raicl.common.settings import Settings
from raicl.common.terminal.umbrella import build
from raicl.preprocess.settings import PrepSettings
from raicl.train.settings import TrainSettings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_PROGRAMS = {"raicl-prep": "prep", "raicl-train": "train"}
_SETTINGS: dict[str, type[Settings]] = {
    "prep": PrepSettings, "train": TrainSettings, "fit": TrainSettings, "ablate": TrainSettings,
}  # fmt: skip
_DEFAULT = re.compile(r"\s*\[dim\]\\?\[default: (.*?)\]\[/dim\]")
_ON_OFF = {"true": "on", "false": "off", "True": "on", "False": "off"}
_ARGUMENTS = "Arguments"


@dataclass(frozen=True)
class Option:
    """An argument or option: its names, its panel in ``--help``, and what the table says of it."""

    names: tuple[str, ...]
    panel: str
    default: str
    values: str
    meaning: str
    is_setting: bool


def command_name(program: str) -> str:
    """The entry point behind a program such as ``raicl-train`` or ``raicl leaks``.

    Raises
    ------
    ValueError : no such program.
    """
    name = _PROGRAMS.get(program, program.removeprefix("raicl "))
    if name not in entry_points(group="raicl.commands").names:
        raise ValueError(f"no such command: {program}")
    return name


def options_of(name: str) -> list[Option]:
    """Arguments and options of an entry point, in the order of ``--help``."""
    command = typer.main.get_command(build()).commands[name]  # type: ignore[attr-defined]
    (point,) = entry_points(group="raicl.commands", name=name)
    kinds = _annotations(point.load())
    settings = _SETTINGS[name].model_fields if name in _SETTINGS else {}
    shown = [parameter for parameter in command.params if not parameter.hidden]
    return [
        _describe(parameter, *kinds[parameter.name], settings.get(parameter.name))
        for parameter in shown
        if parameter.name in kinds
    ]


def _annotations(function: Callable[..., None]) -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """By parameter: its type, and what typer was told of it."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    return {
        parameter.name: (get_args(parameter.annotation)[0], get_args(parameter.annotation)[1:])
        for parameter in parameters
        if get_origin(parameter.annotation) is Annotated
    }


def _describe(parameter: Any, kind: Any, told: tuple[Any, ...], setting: Any) -> Option:
    text = parameter.help or ""
    stated = _DEFAULT.search(text)
    return Option(
        names=_names(parameter),
        panel=_panel(parameter),
        default=_ON_OFF.get(found := _default(parameter, stated), found),
        values=_values(parameter, kind, told, setting),
        meaning=_DEFAULT.sub("", text),
        is_setting=setting is not None,
    )


def _values(parameter: Any, kind: Any, told: tuple[Any, ...], setting: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return "on, off" if parameter.secondary_opts else ""
    if setting is not None:
        return allowed_values(setting.annotation, setting.metadata)
    bounds = [_Bounds(getattr(info, "min", None), getattr(info, "max", None)) for info in told]
    return allowed_values(kind, bounds)


@dataclass(frozen=True)
class _Bounds:
    ge: float | None
    le: float | None


def _names(parameter: Any) -> tuple[str, ...]:
    if isinstance(parameter, TyperArgument):
        return (parameter.metavar or parameter.name.upper(),)
    return (*parameter.opts, *parameter.secondary_opts)


def _panel(parameter: Any) -> str:
    argument = isinstance(parameter, TyperArgument)
    return _ARGUMENTS if argument else parameter.rich_help_panel or "Options"


def _default(parameter: Any, stated: re.Match[str] | None) -> str:
    if stated is not None:
        return stated[1]
    if parameter.required:
        return "required"
    default = parameter.default
    return "" if default is None else str(default)


class CommandOptions(SphinxDirective):
    """The options of a command."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"settings": lambda given: given.strip() != "no"}

    def run(self) -> list[nodes.Node]:
        """A table for each panel of ``--help``, under its title where there are several."""
        try:
            name = command_name(self.arguments[0])
        except ValueError as error:
            raise self.error(str(error)) from error
        with_settings = self.options.get("settings", True)
        options = [o for o in options_of(name) if with_settings or not o.is_setting]
        if not options:
            return [nodes.paragraph("", "It has no options.")]
        order = list(dict.fromkeys(option.panel for option in options))
        options.sort(key=lambda option: order.index(option.panel))
        found: list[nodes.Node] = []
        for panel, members in groupby(options, key=lambda option: option.panel):
            if len(order) > 1:
                found.append(nodes.rubric("", panel))
            found.append(self._table(list(members)))
        return found

    def _table(self, options: list[Option]) -> nodes.table:
        kind = "argument" if options[0].panel == _ARGUMENTS else "option"
        return table([kind, "default", "values", "meaning"], map(self._row, options))

    def _row(self, option: Option) -> Row:
        program = self.arguments[0].replace(" ", "-")
        anchor = nodes.make_id(f"{program} {option.names[0]}")
        domain = self.env.domains.standard_domain
        for name in option.names:
            domain.add_program_option(program, name, self.env.docname, anchor)
        return Row((code(*option.names), option.default, option.values, option.meaning), anchor)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("raicl-options", CommandOptions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
