"""A worker that sees other files, or runs other versions, is told by what and where."""

import dataclasses
import platform
import socket
from importlib import metadata
from pathlib import Path

import pytest

from raicl.common.cluster.pact import Pact, check_pact, make_pact, this_machine
from raicl.common.errors import InputError, SetupError
from raicl.common.provenance import source_digest

HEAD = 1 << 20  # bytes of each file that are compared, beside its length


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "flows.h5"
    path.write_bytes(b"\1" * HEAD + b"\2" * 10)
    return path


def test_this_process_keeps_its_own_pact(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    pact = make_pact([Path(path.name)])
    assert list(pact.files) == [str(path)]  # wherever a worker was started
    assert pact.versions["python"] == platform.python_version()
    assert pact.versions["numpy"] == metadata.version("numpy")
    assert pact.versions["source of raicl"] == source_digest()[:12]
    check_pact(pact, "w1")


@pytest.mark.parametrize(
    "content",
    [b"\1" * HEAD + b"\2" * 11, b"\1" * HEAD + b"\2" * 9, b"\1" * (HEAD - 1) + b"\2" * 11, b""],
)
def test_another_file_is_told(path: Path, content: bytes) -> None:
    pact = make_pact([path])
    path.write_bytes(content)
    with pytest.raises(InputError, match="a worker sees another file there") as caught:
        check_pact(pact, "w1")
    assert caught.value.where == f"{path} on w1"
    assert "storage that all machines mount" in caught.value.fix


def test_only_the_head_and_the_length_are_compared(path: Path) -> None:
    """A cache is named by what it begins with: its seal is the digest of the rest."""
    pact = make_pact([path])
    path.write_bytes(b"\1" * HEAD + b"\3" * 10)
    check_pact(pact, "w1")


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    pact = make_pact([path])
    path.unlink()
    with pytest.raises(InputError, match="a worker cannot see it: No such file") as caught:
        check_pact(pact, "w1")
    assert caught.value.where == f"{path} on w1"
    with pytest.raises(InputError, match="cannot read what the workers are to see") as caught:
        make_pact([path])
    assert caught.value.where == str(path)


def test_every_version_that_differs_is_told(path: Path) -> None:
    pact = make_pact([path])
    other: Pact = dataclasses.replace(
        pact, versions=pact.versions | {"numpy": "0.1", "tool-of-the-caller": "2.0"}
    )
    with pytest.raises(SetupError) as caught:
        check_pact(other, "w1")
    assert caught.value.what == (
        f"a worker has other versions: numpy {metadata.version('numpy')} instead of 0.1, "
        "tool-of-the-caller absent instead of 2.0"
    )
    assert caught.value.where == "w1"


def test_a_machine_is_known_by_its_name_in_the_network() -> None:
    assert this_machine() == socket.gethostname()
