"""The soak finds what it is there to find. That raicl stands it is for `make soak` to say."""

import random
from pathlib import Path

import pytest

from tests.soak.__main__ import read_options, soak
from tests.soak.damage import Damage, draw
from tests.soak.flips import SHARES, Reader
from tests.soak.planted import FAULTS, planted
from tests.soak.tally import Tally, table


@pytest.fixture
def material(tmp_path: Path) -> Path:
    folder = tmp_path / "material"
    folder.mkdir()
    (folder / "packed.h5").write_bytes(bytes(8))
    return folder


def test_every_wrong_outcome_is_told_from_a_right_one(material: Path, tmp_path: Path) -> None:
    """Also that a crash and a hang cost one case: the next is judged again."""
    module = "tests.soak.planted"
    with Reader("packed", material, tmp_path / "work", module=module, seconds=2) as reader:
        found = [reader.judge(planted(fault))[0] for fault in (*FAULTS, "told")]
    assert found == [*FAULTS, "told"]


def test_a_case_is_drawn_alike_from_its_seed(material: Path) -> None:
    files = [material / "packed.h5"]
    drawn = [draw(f"0/packed/{number}", material, files) for number in range(200)]
    assert drawn == [draw(f"0/packed/{number}", material, files) for number in range(200)]
    assert {damage.bit for damage in drawn} == set(range(-1, 8))
    assert {damage.byte for damage in drawn} == set(range(8))


def test_a_damage_changes_one_bit_or_cuts(material: Path) -> None:
    Damage("packed.h5", 2, 7).apply(material)
    assert (material / "packed.h5").read_bytes() == b"\0\0\x80\0\0\0\0\0"
    Damage("packed.h5", 3, -1).apply(material)
    assert (material / "packed.h5").read_bytes() == b"\0\0\x80"


def test_the_table_counts_and_keeps_what_repeats_a_wrong_case() -> None:
    tally = Tally("shards")
    for outcome in ("told", "told", "harmless", "silent"):
        tally.add(outcome, "shards:7 (x.h5, bit 3 of byte 1)", "a value became another")
    assert [line.split()[:5] for line in table([tally]).splitlines()[1:]] == [
        ["shards", "4", "2", "1", "1"],
        ["all", "4", "2", "1", "1"],
    ]
    assert tally.wrong == ["silent  shards:7 (x.h5, bit 3 of byte 1): a value became another"]


@pytest.mark.soak
@pytest.mark.promise("goal 1", "goal 2", "fault 1", "fault 13", "fault 17", "fault 19")
def test_killed_commands_and_damaged_files_end_as_promised(tmp_path: Path) -> None:
    seed = str(random.randrange(1000))
    words = ["--kills", "40", "--flips", "1000", "--minutes", "40", "--seed", seed]
    tallies = soak(read_options(words), tmp_path)
    assert len(tallies) == 2 + len(SHARES)
    assert all(tally.counts.total() for tally in tallies)
    assert [f"seed {seed}: {line}" for tally in tallies for line in tally.wrong] == []
