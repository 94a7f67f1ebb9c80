"""`{raicl-settings} SECTION`: the settings of a stage, a table for each panel.

SECTION is ``prep`` or ``train``, or one of them with the name of a panel behind it, such as
``train Optimiser``, for the table of that panel alone.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from docutils import nodes
from pydantic.fields import FieldInfo
from sphinx.util.docutils import SphinxDirective
from tables import Row, code, table
from values import allowed_values

from raicl.common.settings import Settings
from raicl.preprocess.settings import PrepSettings
from raicl.train.settings import TrainSettings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_STAGES: dict[str, type[Settings]] = {"prep": PrepSettings, "train": TrainSettings}
_TITLES = ["name", "default", "values", "meaning"]


def panels_of(model: type[Settings]) -> dict[str, dict[str, FieldInfo]]:
    """Fields of a settings class by panel, both in the order of ``--help``."""
    panels: dict[str, dict[str, FieldInfo]] = {}
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        panel = str(extra["panel"]) if isinstance(extra, dict) else ""
        panels.setdefault(panel, {})[name] = field
    return panels


def describe_setting(stage: str, name: str, field: FieldInfo) -> Row:
    """The row of a setting, whose anchor is such as ``setting-train-lr``."""
    default = "none" if field.default is None else field.default
    shown = str(default).lower() if isinstance(default, bool) else default
    cells = (
        code(name),
        code(shown),
        allowed_values(field.annotation, field.metadata),
        field.description or "",
    )
    return Row(cells, nodes.make_id(f"setting {stage} {name}"))


class SettingsTables(SphinxDirective):
    """The settings of a stage."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """A table for each panel, under its title; of one panel the table alone."""
        stage, _, only = self.arguments[0].partition(" ")
        if stage not in _STAGES:
            raise self.error(f"{stage} is none of {', '.join(_STAGES)}")
        self.env.note_dependency(inspect.getfile(_STAGES[stage]))
        panels = panels_of(_STAGES[stage])
        if only and only not in panels:
            raise self.error(f"{only} is none of {', '.join(panels)}")
        found: list[nodes.Node] = []
        for panel, fields in panels.items():
            if only and panel != only:
                continue
            rows = [describe_setting(stage, name, field) for name, field in fields.items()]
            found += [] if only else [nodes.rubric("", panel)]
            found.append(table(_TITLES, rows))
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("raicl-settings", SettingsTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
