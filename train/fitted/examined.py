"""Examined: what ``raicl validate`` says of the folder of a model."""

from __future__ import annotations

from pathlib import Path

from raicl.common.folders import Examined


def examine(folder: Path) -> Examined | None:
    """The files of a model and what is wrong with them. None if it is not the folder of a model."""
    from raicl.train.fitted.folder import AGAIN, examine_model, is_whole

    if not is_whole(folder):
        return None
    return Examined(kind="model", files=examine_model(folder), fix=AGAIN)
