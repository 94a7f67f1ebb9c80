"""`{raicl-model} MODULE:CLASS`: the fields of a typed file, with type, MUST or MAY, and meaning.

``:nested:`` adds a table, under the name of its class, for every class that a field holds.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from docstring_entries import read_entries, section_lines
from docutils import nodes
from docutils.parsers.rst import directives
from pydantic import BaseModel
from sphinx.util.docutils import SphinxDirective
from tables import Row, code, prose, table

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_WORDS = {str: "text", int: "integer", float: "number", bool: "boolean"}
_PLAIN = {type(None): "`null`", object: "anything", Any: "anything"}


@dataclass(frozen=True)
class FieldFacts:
    """A field: its annotation, and whether a file without it is refused."""

    name: str
    annotation: Any
    required: bool


def load_class(reference: str) -> type:
    """The class that ``MODULE:CLASS`` names."""
    module, _, name = reference.partition(":")
    found: type = getattr(import_module(module), name)
    return found


def is_model(kind: Any) -> bool:
    """Whether a type has fields of its own."""
    if not isinstance(kind, type) or get_origin(kind) is not None:
        return False
    return issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)


def fields_of(model: type) -> list[FieldFacts]:
    """The fields of a pydantic model or a dataclass, in their order."""
    if issubclass(model, BaseModel):
        fields = model.model_fields.items()
        computed = model.model_computed_fields.items()  # written, and not read back
        return [
            *(FieldFacts(name, f.annotation, f.is_required()) for name, f in fields),
            *(FieldFacts(name, f.return_type, required=False) for name, f in computed),
        ]
    hints = get_type_hints(model)
    none = dataclasses.MISSING
    return [
        FieldFacts(f.name, hints[f.name], f.default is none and f.default_factory is none)
        for f in dataclasses.fields(model)  # type: ignore[arg-type]
    ]


def json_type(annotation: Any, *, many: bool = False) -> str:
    """How JSON has a value of this type, or many of them, in the words of `tables.prose`."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return json_type(parts[0], many=many)
    if origin is Literal:
        return code(*parts)
    if origin in (Union, types.UnionType):
        *first, last = [json_type(part, many=many) for part in parts]
        return f"{', '.join(first)} or {last}"
    plural = "s" if many else ""
    if origin is dict:
        return f"object{plural} of {json_type(parts[1], many=True)}"
    if origin is tuple and parts[-1] is not Ellipsis:
        return f"list{plural} of {', '.join(json_type(part) for part in parts)}"
    if origin in (tuple, list):
        return f"list{plural} of {json_type(parts[0], many=True)}"
    if annotation in _WORDS:
        return _WORDS[annotation] + plural
    return _PLAIN.get(annotation) or code(getattr(annotation, "__name__", annotation))


def summary(model: type) -> str:
    """The first line of a class's own docstring."""
    return str(model.__dict__.get("__doc__") or "").partition("\n")[0]


def meanings_of(model: type) -> dict[str, str]:
    """What the docstrings of a class and of its bases say of each field.

    Where they say nothing of a field: what the class says of itself that the field holds, else what
    the base says of itself that declares the field.
    """
    said: dict[str, str] = {}
    for base in reversed(model.__mro__[1:]):
        if base not in (BaseModel, object) and summary(base):
            said |= dict.fromkeys(inspect.get_annotations(base), summary(base))
    for field in fields_of(model):
        held = next(models_in(field.annotation), None)
        if held is not None and summary(held):
            said[field.name] = summary(held)
    for base in reversed(model.__mro__):
        lines = section_lines(base.__dict__.get("__doc__") or "", "Attributes")
        for names, text in read_entries(lines):
            shared = f"{code(*names)}: " if len(names) > 1 else ""
            said |= dict.fromkeys(names, shared + text)
    return said


def models_in(annotation: Any) -> Iterator[type]:
    """Every class with fields that a value of this type may hold."""
    if is_model(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def with_nested(model: type) -> list[type]:
    """A class, and those that its fields hold, each once."""
    found = [model]
    for one in found:
        for field in fields_of(one):
            found += [held for held in models_in(field.annotation) if held not in found]
    return found


def describe_model(model: type) -> nodes.table:
    """The table of a class."""
    said = meanings_of(model)
    rows = [
        Row(
            (
                code(field.name),
                json_type(field.annotation),
                "MUST" if field.required else "MAY",
                said.get(field.name, ""),
            ),
            nodes.make_id(f"{model.__name__} {field.name}"),
        )
        for field in fields_of(model)
    ]
    return table(["field", "type", "presence", "meaning"], rows)


class ModelFields(SphinxDirective):
    """The fields of a typed file."""

    required_arguments = 1
    option_spec: ClassVar = {"nested": directives.flag}

    def run(self) -> list[nodes.Node]:
        """The table of the class, and of those that it holds if asked for."""
        try:
            model = load_class(self.arguments[0])
        except (ImportError, AttributeError, ValueError) as error:
            raise self.error(str(error)) from error
        self.env.note_dependency(inspect.getfile(model))
        found: list[nodes.Node] = []
        for one in with_nested(model) if "nested" in self.options else [model]:
            if one is not model:
                found.append(nodes.rubric("", "", nodes.literal("", one.__name__)))
                found.append(nodes.paragraph("", "", *prose(summary(one))))
            found.append(describe_model(one))
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("raicl-model", ModelFields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
