"""What is found beside what is published, and the verdict on the official list."""

import dataclasses
import hashlib
import itertools

import pytest

from raicl.common.clip import Clip
from raicl.data.protocols.agreement import (
    clip_list_digest,
    compare_published,
    official_lines,
    published_lines,
    whole_list,
)
from raicl.data.protocols.protocol import Protocol, load_protocol

CDE = load_protocol("cde")


def clip(dataset: str, subject: str, name: str, emotion: str, sheet: str = "") -> Clip:
    return Clip(
        dataset=dataset,
        subject=subject,
        name=name,
        emotion=emotion,
        onset=1,
        apex=5,
        offset=9,
        sheet=sheet,
    )


def official(dataset: str, emotions: dict[str, str], sheet: str) -> list[Clip]:
    """A complete database: as many clips of each class as the publication counts.

    SMIC numbers the clips of a subject and class from 1, so this is its official list.
    """
    expected = CDE.expected(dataset, sheet)
    assert expected is not None
    return [
        clip(dataset, subject, f"{subject}_{short}_{number:02d}", emotion, sheet)
        for subject, counts in expected.per_subject.items()
        for (short, emotion), n in zip(emotions.items(), counts, strict=True)
        for number in range(1, n + 1)
    ]


SMIC = official("smic", {"ne": "negative", "po": "positive", "sur": "surprise"}, "hs")


def test_smic_s_164_clips_have_the_published_digest() -> None:
    assert len(SMIC) == 164
    found = compare_published(CDE, "smic", SMIC)
    assert found is not None
    assert (found.differences, found.official) == ((), True)
    assert published_lines(CDE, SMIC) == []
    assert official_lines(CDE, SMIC) == ["official CDE list: yes (smic)"]


def test_the_digest_does_not_depend_on_the_order_and_sees_names_and_labels() -> None:
    before = clip_list_digest(CDE, SMIC)
    assert clip_list_digest(CDE, SMIC[::-1]) == before
    for changes in ({"name": "s01_ne_09"}, {"emotion": "surprise"}, {"subject": "s1"}):
        changed = dataclasses.replace(SMIC[0], **changes)
        assert clip_list_digest(CDE, [changed, *SMIC[1:]]) != before


def test_a_missing_clip_is_named_by_its_subject_with_both_counts() -> None:
    assert published_lines(CDE, SMIC[1:]) == [
        "smic: class negative  expected 70     found 69",
        "smic: subject s01     expected 3,2,1  found 2,2,1",
    ]
    assert official_lines(CDE, SMIC[1:]) == ["official CDE list: no, these differ: smic/s01"]


def test_a_renamed_clip_is_said_to_leave_every_count_as_it_is() -> None:
    renamed = dataclasses.replace(SMIC[0], name="s01_ne_04")
    assert published_lines(CDE, [renamed, *SMIC[1:]]) == []
    [line] = official_lines(CDE, [renamed, *SMIC[1:]])
    assert line == (
        "official CDE list: no, every count agrees but a clip's name or label differs (smic)"
    )


def test_a_subject_that_should_not_be_there_is_named() -> None:
    stranger = clip("smic", "s07", "s07_ne_01", "negative", "hs")
    lines = published_lines(CDE, [*SMIC, stranger])
    assert "smic: subject s07     expected 0,0,0  found 1,0,0" in lines
    assert "smic: subjects        expected 16     found 17" in lines


def test_nothing_is_compared_of_which_nothing_is_published() -> None:
    clips = [clip(name, "s1", "c1", "happiness") for name in ("synthetic", "folder")]
    assert compare_published(CDE, "synthetic", clips) is None
    assert published_lines(CDE, clips) == official_lines(CDE, clips) == []
    other_sheet = [dataclasses.replace(clips[0], dataset="casme2", sheet="own")]
    assert compare_published(load_protocol("five"), "casme2", other_sheet) is None


@pytest.mark.parametrize("variant", ["vis", "nir", "e-hs"])
def test_smic_s_other_variants_are_never_the_official_clips_whatever_they_are_called(
    variant: str,
) -> None:
    clips = [dataclasses.replace(item, sheet=variant) for item in SMIC]
    found = compare_published(CDE, "smic", clips)
    assert found is None if variant == "e-hs" else found is not None and found.official is None
    assert official_lines(CDE, clips) == [
        f"official CDE list: no, of smic it lists hs, not {variant}"
    ]


def test_the_other_cameras_are_compared_with_their_own_71_clips() -> None:
    kinds = {"ne": ("negative", 24), "po": ("positive", 28), "sur": ("surprise", 19)}
    clips = [
        clip("smic", f"s{11 + number % 8}", f"{short}_{number}", emotion, "vis")
        for short, (emotion, n) in kinds.items()
        for number in range(n)
    ]
    assert published_lines(CDE, clips) == []
    assert published_lines(CDE, clips[1:]) == ["smic: class negative  expected 24  found 23"]


def test_a_list_of_another_variant_is_no_whole_list(two: tuple[Protocol, list[Clip]]) -> None:
    protocol, clips = two
    rules = dict(protocol.databases)
    rules["b"] = rules["b"].model_copy(update={"clip_list_of": "first"})
    protocol = protocol.model_copy(update={"databases": rules})
    other = [dataclasses.replace(item, sheet="other") for item in clips]
    assert official_lines(protocol, other) == [
        "official MINE list: yes (a)",
        "official MINE list: no, of b it lists first, not other",
    ]
    # clips that do not say their variant are compared clip by clip
    assert official_lines(protocol, clips) == ["official MINE list: yes (a + b)"]
    assert "no" in official_lines(protocol, clips[:-1])[-1]
    first = [dataclasses.replace(item, sheet="first") for item in clips]
    assert official_lines(protocol, first) == ["official MINE list: yes (a + b)"]


def digest(rows: list[str]) -> str:
    return hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()


@pytest.fixture
def two() -> tuple[Protocol, list[Clip]]:
    """A protocol with an official list of two databases, and the clips of that list."""
    lines = [f"{d},{s},c,{n}\n" for d, (s, n) in itertools.product("ab", [("s1", 0), ("s2", 1)])]
    rule = {"emotions": {"fear": "low", "anger": "high"}}
    protocol = Protocol.model_validate(
        {
            "name": "mine",
            "title": "two lists",
            "classes": ["low", "high"],
            "clip_list": digest(lines),
            "databases": {
                "a": rule | {"clip_list": digest(lines[:2])},
                "b": rule | {"clip_list": digest(lines[2:])},
                "other": rule,
            },
        }
    )
    emotions = (("s1", "fear"), ("s2", "anger"))
    return protocol, [clip(d, s, "c", emotion) for d in "ab" for s, emotion in emotions]


def test_the_whole_list_is_judged_only_when_all_its_databases_are_there(
    two: tuple[Protocol, list[Clip]],
) -> None:
    protocol, clips = two
    assert whole_list(protocol, clips) is True
    assert official_lines(protocol, clips) == ["official MINE list: yes (a + b)"]
    assert whole_list(protocol, clips[:2]) is None
    assert official_lines(protocol, clips[:2]) == ["official MINE list: yes (a)"]
    assert whole_list(protocol, clips[1:]) is False


def test_a_database_without_a_list_does_not_change_the_verdict(
    two: tuple[Protocol, list[Clip]],
) -> None:
    protocol, clips = two
    own = clip("other", "s1", "c", "fear")
    assert official_lines(protocol, [*clips, own]) == ["official MINE list: yes (a + b)"]
