"""Pages: what every HTML page of raicl needs, so that it holds all that it shows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from raicl.common.errors import ConflictError

_START = b"<!DOCTYPE html>"
_FREE = {"synthetic"}


def refuse_other(path: Path, option: str = "--out") -> None:
    """Refuse to replace a file that is not a page, such as a cache that was named by mistake.

    Parameters
    ----------
    option : what the user named it by.

    Raises
    ------
    ConflictError : `path` exists and is not a page.
    """
    if not path.is_file():
        return
    with path.open("rb") as stream:
        begins = stream.read(len(_START))
    if begins != _START:
        raise ConflictError(
            "the output exists and is not a page", where=str(path), fix=f"choose another {option}"
        )


def data_uri(content: bytes, kind: str) -> str:
    """A picture as a data URI, so that the page needs no other file and no request."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def policy_source(inline: str) -> str:
    """The source that allows exactly this inline script or style in a content security policy."""
    digest = hashlib.sha256(inline.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def licensed(datasets: Iterable[str]) -> list[str]:
    """Those of the databases whose faces may not be passed on: all but the synthetic one."""
    return sorted(set(datasets) - _FREE)
