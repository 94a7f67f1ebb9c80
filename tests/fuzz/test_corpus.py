"""What fuzzing found once stays mended, and no small change of a file ends in a trace."""

import mmap
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from raicl.common.errors import InputError
from tests.fuzz.__main__ import CORPUS
from tests.fuzz.judge import judge
from tests.fuzz.targets import TARGETS, Target

_CHANGES = 12  # of each content


def contents(name: str) -> Iterator[bytes]:
    """What a target's files begin as, and what was kept of fuzzing."""
    yield from TARGETS[name].seeds().values()
    yield from (path.read_bytes() for path in sorted((CORPUS / name).glob("*")))


def changed(content: bytes, rng: random.Random) -> bytes:
    """A content with a few bytes changed, doubled or cut out."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place, size = rng.randrange(len(found) + 1), rng.choice([1, 1, 4, 30])
        new = [rng.randbytes(size), found[place : place + size] * 2, b"", b"\xff\x00", b"9" * 20]
        found[place : place + size] = rng.choice(new)
    return bytes(found)


@pytest.mark.promise("goal 8", "goal 11")
@pytest.mark.parametrize("name", [name for name in TARGETS if name != "index"])
def test_a_changed_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    rng = random.Random(name)
    for content in contents(name):
        for tried in (content, b"", *(changed(content, rng) for _ in range(_CHANGES))):
            assert judge(TARGETS[name], tried, tmp_path) == ""


def test_a_finding_is_told_from_a_refusal(tmp_path: Path) -> None:
    def read(path: Path) -> object:
        content = path.read_bytes()
        if content == b"refused":
            raise InputError("damaged")
        if content == b"memory":
            with mmap.mmap(-1, 300 << 20) as held:  # not of malloc, which may have kept as much
                held[:: mmap.PAGESIZE] = bytes(len(held) // mmap.PAGESIZE)
            return None
        return {b"right": 1}[content]

    target = Target(read, ".bin", dict)
    assert judge(target, b"right", tmp_path) == ""
    assert judge(target, b"refused", tmp_path) == ""
    assert judge(target, b"memory", tmp_path).endswith("MB more")
    assert judge(target, b"bug", tmp_path).startswith("KeyError: \"b'bug'\" at test_corpus.py:")
