"""Exclusions: a name that excludes nothing is told."""

from raicl.common.clip import Clip
from raicl.data.protocols.exclusions import idle_exclusions
from raicl.data.protocols.protocol import Protocol, load_protocol, parse_protocol


def clip(name: str, sheet: str = "2014", dataset: str = "casme2") -> Clip:
    subject, name = name.split("/")
    return Clip(
        dataset=dataset, subject=subject, name=name, emotion="fear", onset=1, offset=9, sheet=sheet
    )


def excluding(text: str) -> Protocol:
    return parse_protocol(
        'name = "mine"\ntitle = "t"\nclasses = ["a", "b"]\n[databases.casme2.emotions]\n'
        f'disgust = "a"\nfear = "b"\n[databases.casme2.exclude]\n{text}\n'
    )


CLIPS = [clip("sub01/EP01"), clip("sub02/EP03"), clip("s1/x", sheet="", dataset="samm")]


def test_what_excludes_a_clip_is_not_told() -> None:
    assert idle_exclusions(excluding('2014 = ["sub01/EP01"]'), CLIPS) == []
    assert idle_exclusions(excluding("2019 = []"), CLIPS) == []


def test_a_clip_that_is_not_there_is_named_with_the_nearest() -> None:
    assert idle_exclusions(excluding('2014 = ["SUB01/ep01", "sub01/EP01", "nobody"]'), CLIPS) == [
        "casme2: SUB01/ep01 is excluded, and there is no such clip of version 2014; "
        "did you mean sub01/EP01?",
        "casme2: nobody is excluded, and there is no such clip of version 2014",
    ]


def test_a_version_that_is_not_there_is_named_with_those_that_are() -> None:
    assert idle_exclusions(excluding('2015 = ["sub01/EP01", "sub02/EP03"]'), CLIPS) == [
        "casme2: 2 clips of version 2015 excluded (sub01/EP01, ...), and the clips are of version "
        "2014"
    ]
    unknown = [clip("sub01/EP01", sheet="")]
    [line] = idle_exclusions(excluding('2014 = ["sub01/EP01"]'), unknown)
    assert line.endswith("and the clips are of no version")


def test_raicls_own_protocols_name_versions_that_a_cache_has_not() -> None:
    assert load_protocol("cde").databases["casme2"].exclude
    assert idle_exclusions(load_protocol("cde"), CLIPS) == []


def test_many_are_counted() -> None:
    names = ", ".join(f'"nobody{n}"' for n in range(9))
    found = idle_exclusions(excluding(f"2014 = [{names}]"), CLIPS)
    assert len(found) == 6
    assert found[-1] == "and 4 more exclusions without a clip"
