"""JSON files with a type and a version: checked when read, older versions upgraded in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from raicl.common.errors import InputError, VersionError
from raicl.common.files import encode_json, read_json, write_atomic
from raicl.common.limits import JSON_BYTES
from raicl.common.sealing import SEAL, is_sealed, seal


class Versioned(BaseModel):
    """The content of a file. Keys that a reader does not know are ignored.

    Attributes
    ----------
    version : raised with every change that an older reader would misread.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    newest: ClassVar[int] = 1
    oldest: ClassVar[int] = 0  # that can be read: those before it lack what nothing makes up for
    most: ClassVar[int] = JSON_BYTES  # size of a file that is read
    sealed: ClassVar[bool] = False  # written with the digest of its content

    version: int = 1

    @classmethod
    def upgrade(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Values of an older version as the newest has them; there is none before version 1."""
        return values


_SHOWN = 3  # missing values in an error
Content = TypeVar("Content", bound=Versioned)


def read_versioned(
    path: Path, model: type[Content], *, fix: str, kind: str = "the file"
) -> Content:
    """Read a file of a `Versioned` type.

    Parameters
    ----------
    fix : what a user can do about a file that cannot be read.
    kind : what the file is, in the words of the error.

    Raises
    ------
    InputError : missing, damaged, not of this type, or of a version that is no longer read.
    VersionError : written by a newer version.
    """
    values = read_json(path, fix=fix, kind=kind, most=model.most)
    if model.sealed and not _is_whole(path, values, model):
        raise InputError(f"{kind} was damaged or changed", where=str(path), fix=fix)
    version = values.get("version")
    if not isinstance(version, int):
        raise InputError(f"{kind} cannot be read: it lacks version", where=str(path), fix=fix)
    if version > model.newest:
        raise VersionError(
            f"written in version {version}, this program reads up to {model.newest}",
            where=str(path),
            fix="upgrade raicl",
        )
    if version < model.oldest:
        raise InputError(
            f"{kind} is of version {version}, this program reads from {model.oldest} on",
            where=str(path),
            fix=fix,
        )
    try:
        return model.model_validate(model.upgrade(values))
    except ValidationError as error:
        raise InputError(
            f"{kind} cannot be read: {first_problem(error)}", where=str(path), fix=fix
        ) from error


def _is_whole(path: Path, values: dict[str, Any], model: type[Versioned]) -> bool:
    """Whether a file is what was written, as far as it says so.

    An older raicl wrote it without a seal, and wrote no key that is not known.
    """
    if SEAL in values:
        return is_sealed(path.read_bytes())
    return values.keys() <= model.model_fields.keys()


def first_problem(error: ValidationError) -> str:
    """The first values that are missing, or else the first that is wrong, with its place."""
    places = {".".join(map(str, found["loc"])): found for found in error.errors()}
    lacking = [place for place, found in places.items() if found["type"] == "missing"]
    if lacking:
        more = f" and {len(lacking) - _SHOWN} more" if lacking[_SHOWN:] else ""
        return f"it lacks {', '.join(lacking[:_SHOWN])}{more}"
    place, problem = next(iter(places.items()))
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def write_versioned(path: Path, content: Versioned) -> None:
    """Write a file of a `Versioned` type atomically."""
    write_atomic(path, encode_versioned(content))


def encode_versioned(content: Versioned) -> bytes:
    """The bytes of a file of a `Versioned` type."""
    values = content.model_dump(mode="json")
    return seal(values) if content.sealed else encode_json(values)
