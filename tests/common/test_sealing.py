"""What is sealed is noticed when any bit of it changes."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from raicl.common.digests import examine, is_list, list_of, read_digests
from raicl.common.errors import InputError
from raicl.common.files import sha256_bytes
from raicl.common.sealing import is_sealed, seal
from raicl.common.versioned import Versioned, read_versioned, write_versioned

VALUES = {"rate": 0.001, "rows": [{"epoch": 1, "loss": None}], "name": "ä"}


class Record(Versioned):
    sealed: ClassVar[bool] = True
    rate: float
    note: str = ""


def flips(content: bytes) -> list[bytes]:
    return [
        content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]
        for at in range(len(content))
        for bit in range(8)
    ]


def test_any_bit_of_what_is_sealed_is_noticed() -> None:
    content = seal(VALUES)
    assert is_sealed(content)
    assert not [changed for changed in flips(content) if is_sealed(changed)]
    assert {k: v for k, v in json.loads(content).items() if k != "seal"} == VALUES


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[" * 10**5, b'{"seal": NaN}', b"\xff"])
def test_what_is_not_sealed_is_said_not_to_be(content: bytes) -> None:
    assert not is_sealed(content)


def test_any_bit_of_a_sealed_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_versioned(path, Record(rate=0.1, note="as it was"))
    content = path.read_bytes()
    assert read_versioned(path, Record, fix="again").rate == 0.1
    for changed in flips(content):
        path.write_bytes(changed)
        with pytest.raises(InputError):
            read_versioned(path, Record, fix="again")


def test_a_file_of_before_there_were_seals_is_read_and_holds_known_keys_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "record.json"
    old: dict[str, Any] = {"version": 1, "rate": 0.1}
    path.write_text(json.dumps(old))
    assert read_versioned(path, Record, fix="").rate == 0.1
    path.write_text(json.dumps(old | {"sebl": "0" * 64}))  # a seal of which one bit has changed
    with pytest.raises(InputError, match="damaged or changed"):
        read_versioned(path, Record, fix="")


def test_a_list_names_what_is_missing_changed_or_elsewhere(tmp_path: Path) -> None:
    for name in ("same", "other"):
        (tmp_path / name).write_text(name)
    digests = {name: sha256_bytes(name.encode()) for name in ("same", "gone", "../up")}
    path = tmp_path / "list.json"
    path.write_bytes(list_of(digests | {"other": "0" * 64}))
    assert is_list(path)
    read = read_digests(path, fix="", kind="the list")
    found = {fault.path.relative_to(tmp_path).as_posix(): fault.what
             for fault in examine(tmp_path, read.files)}  # fmt: skip
    assert found == {
        "same": "",
        "gone": "is missing",
        "../up": "lies outside of the folder",
        "other": "is not the one that was written",
    }
    path.write_bytes(path.read_bytes().replace(b"same", b"sane"))
    with pytest.raises(InputError, match="the list was damaged or changed"):
        read_digests(path, fix="", kind="the list")
    path.write_bytes(b" " * (17 << 20))
    with pytest.raises(InputError, match="at most 16 MiB"):
        read_digests(path, fix="", kind="the list")
