"""A file of a type and version is read if it is whole, and refused in a line if it is not."""

import json
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from pydantic import model_validator

from raicl.common.errors import InputError, VersionError
from raicl.common.versioned import Versioned, encode_versioned, read_versioned, write_versioned


class Note(Versioned):
    newest: ClassVar[int] = 4
    oldest: ClassVar[int] = 2

    version: int = 4
    a: int
    b: int
    c: int
    d: int
    e: int

    @classmethod
    def upgrade(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {"e": 5, **values} if values["version"] < 4 else values

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.a > self.b:
            raise ValueError("a must not be above b")
        return self


class SealedNote(Note):
    sealed: ClassVar[bool] = True


WHOLE = {"version": 4, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "note.json"


def read(path: Path, values: dict[str, Any]) -> Note:
    path.write_text(json.dumps(values))
    return read_versioned(path, Note, fix="write it again", kind="the note")


def test_what_is_written_is_read_and_keys_that_are_not_known_are_ignored(path: Path) -> None:
    note = Note(a=1, b=2, c=3, d=4, e=5)
    write_versioned(path, note)
    assert read_versioned(path, Note, fix="") == note
    assert read(path, {**WHOLE, "f": 6}) == note
    with pytest.raises(ValueError, match="frozen"):
        note.a = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("version", "error", "what"),
    [
        (None, InputError, "the note cannot be read: it lacks version"),
        ("4", InputError, "the note cannot be read: it lacks version"),
        (1, InputError, "the note is of version 1, this program reads from 2 on"),
        (5, VersionError, "written in version 5, this program reads up to 4"),
    ],
)
def test_a_version_that_is_not_read_is_told(
    path: Path, version: object, error: type[InputError], what: str
) -> None:
    with pytest.raises(error) as caught:
        read(path, {**WHOLE, "version": version})
    assert caught.value.what == what
    assert caught.value.where == str(path)
    assert caught.value.fix == ("upgrade raicl" if error is VersionError else "write it again")


@pytest.mark.parametrize("version", [2, 3, 4])
def test_versions_from_the_oldest_to_the_newest_are_read(path: Path, version: int) -> None:
    old = {name: value for name, value in WHOLE.items() if version == 4 or name != "e"}
    assert read(path, {**old, "version": version}).e == 5


def test_a_plain_type_reads_from_its_beginning(path: Path) -> None:
    path.write_text('{"version": 0}')
    assert read_versioned(path, Versioned, fix="").version == 0
    path.write_text('{"version": -1}')
    with pytest.raises(InputError, match="reads from 0 on"):
        read_versioned(path, Versioned, fix="")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"version": 4}, "it lacks a, b, c and 2 more"),
        ({"version": 4, "a": 1}, "it lacks b, c, d and 1 more"),
        ({"version": 4, "a": 1, "b": 2}, "it lacks c, d, e"),
        ({**WHOLE, "c": "x"}, "c: Input should be a valid integer"),
        ({**WHOLE, "a": 9}, "Value error, a must not be above b"),
    ],
)
def test_what_is_missing_or_wrong_is_told_with_its_place(
    path: Path, values: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(path, values)
    assert caught.value.what.startswith(f"the note cannot be read: {problem}")
    assert problem.endswith("more") == caught.value.what.endswith("more")


def test_a_sealed_file_is_whole_or_refused(path: Path) -> None:
    content = encode_versioned(SealedNote(a=1, b=2, c=3, d=4, e=5))
    path.write_bytes(content)
    assert read_versioned(path, SealedNote, fix="").d == 4
    path.write_bytes(content.replace(b'"d": 4', b'"d": 5'))
    with pytest.raises(InputError, match="damaged or changed"):
        read_versioned(path, SealedNote, fix="")


def test_an_older_file_without_a_seal_is_read_unless_it_has_a_key_that_nobody_wrote(
    path: Path,
) -> None:
    path.write_text(json.dumps(WHOLE))
    assert read_versioned(path, SealedNote, fix="").d == 4
    path.write_text(json.dumps({**WHOLE, "sea1": "0"}))  # perhaps the seal, with a flipped bit
    with pytest.raises(InputError, match="damaged or changed"):
        read_versioned(path, SealedNote, fix="")
