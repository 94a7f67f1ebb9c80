"""Intake: instances that a user gives, checked and as a cache holds them."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from raicl.common.errors import InputError

Given = NDArray[Any] | Tensor  # raw instances (u px, v px, strain), floating point


def as_stored(clip: Given, crop: int) -> Tensor:
    """The instances of a clip as a cache holds them, float16 (N, 3, S, S) on the CPU.

    Parameters
    ----------
    crop : S, px.

    Raises
    ------
    InputError : they have another shape, size or type, or one holds a NaN or an infinity.
    """
    values = torch.as_tensor(clip)
    if values.ndim != 4 or len(values) < 1 or values.shape[1:] != (3, crop, crop):
        raise misshapen(values, crop)
    if not values.is_floating_point():
        raise InputError(
            f"instances of type {values.dtype}",
            fix="give floating-point numbers: u and v in px, and strain",
        )
    rounded = values.detach().cpu().to(torch.float16)
    if not torch.isfinite(rounded).all():
        raise InputError(
            "an instance holds a NaN or an infinity, or a number too large for float16",
            fix="look at the frames that it was made from",
        )
    return rounded


def one_instance(instance: Given, crop: int) -> Tensor:
    """One instance (3, S, S) as a clip of its own, (1, 3, S, S).

    Raises
    ------
    InputError : it has another number of axes.
    """
    values = torch.as_tensor(instance)
    if values.ndim != 3:
        raise misshapen(values, crop, wanted="(3, S, S)")
    return values[None]


def misshapen(values: Tensor, crop: int, *, wanted: str = "(N, 3, S, S)") -> InputError:
    """The error about instances of another shape.

    Parameters
    ----------
    wanted : the shape that they should have.
    """
    return InputError(
        f"instances of shape {tuple(values.shape)}, where the model takes {wanted} with S = {crop}",
        fix=f"prepare the clips as the model's were, with raicl-prep --size {crop}",
    )
