"""Identity: a protocol is raicl's by what it says."""

from typing import Any

import pytest

from raicl.data.protocols.identity import built_in_like, unlike, unlike_its_name
from raicl.data.protocols.protocol import PROTOCOLS, Protocol, Rule, load_protocol

CDE = load_protocol("cde")


def changed(name: str = "cde", **values: Any) -> Protocol:
    """The composite protocol with another name, and values of CASME II's rule replaced."""
    rule = CDE.databases["casme2"].model_copy(update=values)
    return CDE.model_copy(update={"name": name, "databases": {**CDE.databases, "casme2": rule}})


@pytest.mark.parametrize("name", PROTOCOLS)
def test_each_protocol_of_raicl_is_itself_and_no_other_for_its_databases(name: str) -> None:
    ours = load_protocol(name)
    assert built_in_like(ours, ours.databases) == name
    assert unlike_its_name(ours, [*ours.databases, *ours.like]) == ""
    renamed = ours.model_copy(update={"name": "mine", "title": "", "clip_list": None})
    assert built_in_like(renamed, ours.databases) == name
    assert unlike_its_name(renamed, ours.databases) == ""  # raicl has none of that name


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"emotions": {**CDE.databases["casme2"].emotions, "fear": "negative"}},
         "casme2: fear is negative in place of left out"),
        ({"emotions": {**CDE.databases["casme2"].emotions, "happiness": "negative"}},
         "casme2: happiness is negative in place of positive"),
        ({"classes": ("surprise", "positive", "negative")},
         "casme2: classes surprise, positive, negative in place of negative, positive, surprise"),
        ({"require_apex": False}, "casme2: no apex is needed in place of one"),
        ({"exclude": {"2019": CDE.databases["casme2"].exclude["2019"][:2]}},
         "casme2: sub24/EP10_03 of 2019 is not excluded"),
    ],
)  # fmt: skip
def test_a_difference_is_told_and_counts_only_where_it_matters(
    values: dict[str, Any], words: str
) -> None:
    mine = changed(**values)
    assert unlike_its_name(mine, ["casme2"]) == words
    assert built_in_like(mine, ["casme2", "samm"]) is None
    assert built_in_like(mine, ["samm", "smic"]) == "cde"  # the run has no clip of CASME II
    # synthetic clips follow CASME II's rule
    assert unlike_its_name(mine, ["synthetic"]) == words.replace("casme2", "synthetic", 1)


def test_published_counts_and_lists_do_not_matter() -> None:
    mine = changed(expected={}, clip_list=None)
    assert built_in_like(mine, CDE.databases) == "cde"


def test_a_database_that_one_of_them_lacks_is_a_difference() -> None:
    own = Rule(emotions={"joy": "positive", "anger": "negative"})
    mine = CDE.model_copy(update={"databases": {**CDE.databases, "mmew": own}})
    assert unlike(mine, CDE, ["mmew"]) == "mmew: a rule, and cde has none"
    assert unlike(CDE, mine, ["mmew"]) == "mmew: no rule"


def test_many_differences_are_counted() -> None:
    found = unlike(load_protocol("seven"), load_protocol("three"), ["casme3"])
    assert found.endswith("; and 4 more")
    assert found.count("casme3: ") == 3
