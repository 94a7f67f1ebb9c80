"""State: what a checkpoint holds beside its tensors, believed only if it is what was written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from raicl.common.files import write_atomic
from raicl.common.sealing import SEAL, is_sealed, seal
from raicl.common.versioned import first_problem

Number = bool | int | float | None
Values = dict[str, Number | str | list[Number]]


class State(BaseModel):
    """The content of ``state-EPOCH.json``.

    Attributes
    ----------
    epoch : finished epochs.
    digest : SHA-256 of the file with the tensors.
    optimizer : the parameter groups.
    scheduler : the state of the learning-rate schedule.
    rng : the state of the generator that draws the pairs.
    history : the log rows of the finished epochs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epoch: int
    digest: str
    optimizer: list[Values]
    scheduler: Values
    rng: dict[str, Any]
    history: list[dict[str, int | float | None]]


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write the fields of a `State`, and their digest."""
    write_atomic(path, seal(state))


def read_state(path: Path, *, epoch: int, like: Mapping[str, Any] | None = None) -> State:
    """Read a state.

    Parameters
    ----------
    epoch : that the file's name says.
    like : ``optimizer`` and ``scheduler`` as they are of a fold that begins. A state that an older
        raicl wrote has no digest, and must have what these have. None to let that be.

    Raises
    ------
    OSError, ValueError : it is not what was written.
    """
    content = path.read_bytes()
    try:
        values = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError("it does not contain an object")
    sealed = SEAL in values
    if sealed and not is_sealed(content):
        raise ValueError("it does not match its digest")
    values.pop(SEAL, None)
    try:
        state = State.model_validate(values, strict=True)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error
    if [epoch, *range(1, epoch + 1)] != [state.epoch, *(row.get("epoch") for row in state.history)]:
        raise ValueError(f"it is not of epoch {epoch}")
    if not sealed and like is not None:
        _check_structure(state, like)
    return state


def _check_structure(state: State, like: Mapping[str, Any]) -> None:
    _check_alike(state.scheduler, like["scheduler"])
    if len(state.optimizer) != len(like["optimizer"]):
        raise ValueError(f"it has {len(state.optimizer)} groups of parameters")
    for group, own in zip(state.optimizer, like["optimizer"], strict=True):
        _check_alike(group, own)


def _check_alike(values: Values, own: Mapping[str, Any]) -> None:
    """Check that every value is there and of the kind that it should be."""
    for name, expected in own.items():
        if name not in values:
            raise ValueError(f"it lacks {name}")
        if expected is not None and _kind(values[name]) != _kind(expected):
            raise ValueError(f"{name} is {values[name]}")


def _kind(value: Any) -> object:
    """What a value of the same kind is equal to: numbers are alike, and lists of one length."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_kind(one) for one in value]
    return "number" if isinstance(value, int | float) else type(value)
