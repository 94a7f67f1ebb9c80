"""What stages hand to one another is a value: nobody changes it after it was made."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from raicl import common
from raicl.common.cache.manifest import Manifest
from raicl.common.clip import Clip


def values() -> Iterator[type]:
    """Every dataclass and every model of `common`."""
    for module in pkgutil.walk_packages(common.__path__, "raicl.common."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            value = dataclasses.is_dataclass(found) or issubclass(found, BaseModel)
            if value and found.__module__ == module.name:
                yield found


def test_they_are_found() -> None:
    assert {Clip, Manifest} <= set(values())


@pytest.mark.parametrize("kind", list(values()), ids=lambda kind: kind.__name__)
def test_a_value_cannot_be_changed(kind: Any) -> None:
    empty = kind.model_construct() if issubclass(kind, BaseModel) else object.__new__(kind)
    with pytest.raises((dataclasses.FrozenInstanceError, ValidationError), match=r"assign|frozen"):
        empty.anything = 1
