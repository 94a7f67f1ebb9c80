"""Every promise is proven by a test, or says why not; and no test proves what is not promised."""

from pathlib import Path

import pytest

from tests.promises import Promise, contradictions, promises, proofs

MODULE = """
import pytest
CASES = [pytest.param(1, marks=pytest.mark.promise("input 3")), 2]
@pytest.mark.promise("fault 1", "fault 2")
def test_a(): ...
@pytest.mark.parametrize("x", CASES)
def test_b(x): ...
@pytest.mark.parametrize("x", [pytest.param(1, marks=[pytest.mark.promise("input 4")])])
async def test_c(x): ...
class TestGroup:
    @pytest.mark.promise("fault 1")
    def test_d(self): ...
def test_e(): ...
"""


def test_every_promise_is_proven_or_says_why_not() -> None:
    assert contradictions(promises()) == []


def test_promises_are_numbered_without_gaps_and_say_something() -> None:
    rows = promises().values()
    for kind in ("fault", "input", "goal"):
        names = [row.name for row in rows if row.kind == kind]
        assert names == [f"{kind} {number}" for number in range(1, len(names) + 1)]
    assert all(row.when and row.then for row in rows)


def test_markers_are_found_wherever_they_stand() -> None:
    assert proofs(MODULE) == {
        "test_a": ["fault 1", "fault 2"],
        "test_b": ["input 3"],
        "test_c": ["input 4"],
        "test_d": ["fault 1"],
    }
    whole = MODULE + 'pytestmark = [pytest.mark.promise("goal 1")]\n'
    assert proofs(whole)["test_e"] == ["goal 1"]


def test_a_marker_of_no_row_is_caught(tmp_path: Path) -> None:
    test = '@pytest.mark.promise("fault 99")\ndef test_x(): ...\n'
    (tmp_path / "test_x.py").write_text(test)
    with pytest.raises(KeyError, match="test_x proves 'fault 99'"):
        promises(tmp_path)


def test_a_marker_that_cannot_be_read_or_belongs_to_no_test_is_caught() -> None:
    with pytest.raises(ValueError, match="by a text, not name"):
        proofs("@pytest.mark.promise(name)\ndef test_x(): ...\n")
    with pytest.raises(ValueError, match="no test has the markers of fault 1"):
        proofs('@pytest.mark.promise("fault 1")\ndef helper(): ...\n')


def test_a_row_without_a_test_and_a_reason_that_is_out_of_date_are_caught() -> None:
    rows = [
        Promise("fault 1", "a", "b"),
        Promise("fault 2", "a", "b", "no reason any more", {"tests/x.py": ["test_x"]}),
        Promise("fault 3", "a", "b", "cannot be tested"),
        Promise("fault 4", "a", "b", "", {"tests/x.py": ["test_x"]}),
    ]
    said = contradictions({row.name: row for row in rows})
    assert [text.split(" has ")[0] for text in said] == ["fault 1", "fault 2"]
