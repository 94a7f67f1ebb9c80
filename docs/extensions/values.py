"""Which values an annotation allows, in words."""

from __future__ import annotations

import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from tables import code

_WORDS = {int: "integer", float: "number", str: "text", Path: "path", bool: "`true`, `false`"}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def allowed_values(annotation: Any, bounds: Iterable[object] = ()) -> str:
    """The values of an annotation within pydantic's bounds, in the words of `tables.prose`.

    Parameters
    ----------
    annotation : a plain type, a ``Literal``, or a list or union of them; None is left out.
    bounds : objects with an attribute ``ge``, ``gt``, ``le`` or ``lt``.
    """
    kinds = [kind for kind in _parts(annotation) if kind is not type(None)]
    words = [word for kind in kinds if (word := _one_kind(kind))]
    return " ".join(part for part in (", ".join(words), describe_bounds(bounds)) if part)


def _parts(annotation: Any) -> tuple[Any, ...]:
    union = get_origin(annotation) in (Union, types.UnionType)
    return get_args(annotation) if union else (annotation,)


def _one_kind(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return code(*get_args(kind))
    if get_origin(kind) in (list, tuple):
        return allowed_values(get_args(kind)[0])
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def describe_bounds(bounds: Iterable[object]) -> str:
    """Bounds such as ``Ge(32)`` and ``Le(1024)`` in words: 32 to 1024."""
    given = {
        name: getattr(bound, name)
        for bound in bounds
        for name in _BOUNDS
        if getattr(bound, name, None) is not None
    }
    if set(given) == {"ge", "le"}:
        return f"{given['ge']} to {given['le']}"
    return ", ".join(f"{_BOUNDS[name]} {given[name]}" for name in _BOUNDS if name in given)
