import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.errors import InputError
from raicl.data.protocols.protocol import load_protocol, parse_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.clips.overview import describe_input, remarks
from tests.train.conftest import MakeCache, UniteCaches

CASME2 = ("disgust", "happiness", "others")
SAMM = ("anger", "happiness", "surprise")
SMIC = ("negative", "positive", "surprise")


def test_caches_together_keep_subjects_of_the_same_name_apart(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    paths = [make_cache(tmp_path / f"{name}.h5", dataset=name) for name in ("casme2", "samm")]
    composite = compose(paths, load_protocol("cde"))
    assert composite.datasets == ("casme2", "samm")
    assert len(leave_one_subject_out(composite.clips)) == 6
    assert composite.class_counts(list(composite.records)) == [6, 6, 6]


def test_digest_depends_on_the_instances_and_not_on_the_order_of_caches(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    one = make_cache(tmp_path / "a.h5", dataset="casme2")
    two = make_cache(tmp_path / "b.h5", dataset="samm")
    other = make_cache(tmp_path / "c.h5", dataset="samm", seed=1)
    protocol = load_protocol("cde")
    assert compose([one, two], protocol).digest == compose([two, one], protocol).digest
    assert compose([one, two], protocol).digest != compose([one, other], protocol).digest


def test_one_cache_of_three_databases_is_the_same_as_three_caches_in_any_order(
    tmp_path: Path, make_cache: MakeCache, unite_caches: UniteCaches
) -> None:
    databases = [("casme2", CASME2), ("samm", SAMM), ("smic", SMIC)]
    paths = [
        make_cache(tmp_path / f"{name}.h5", dataset=name, emotions=emotions)
        for name, emotions in databases
    ]
    cde = load_protocol("cde")
    ways = [paths, paths[::-1], [unite_caches(paths, tmp_path / "cde.h5")]]
    one, *others = [compose(way, cde) for way in ways]
    for other in others:
        assert other.digest == one.digest
        assert other.labels == one.labels
        assert other.labels_digest == one.labels_digest
        assert list(other.records) == list(one.records)
        assert other.outside == one.outside
        assert leave_one_subject_out(other.clips) == leave_one_subject_out(one.clips)
    assert one.datasets == ("casme2", "samm", "smic")


def test_a_cache_of_several_databases_beside_one_of_them_is_refused(
    tmp_path: Path, make_cache: MakeCache, unite_caches: UniteCaches
) -> None:
    paths = [make_cache(tmp_path / f"{name}.h5", dataset=name) for name in ("casme2", "samm")]
    both = unite_caches(paths, tmp_path / "both.h5")
    with pytest.raises(InputError, match="is in two caches"):
        compose([both, paths[1]], load_protocol("cde"))


def test_databases_whose_classes_differ_are_no_composite(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    paths = [
        make_cache(tmp_path / f"{name}.h5", dataset=name, emotions=["happiness", "surprise"])
        for name in ("casme2", "samm")
    ]
    five = load_protocol("five")
    assert compose(paths[1:], five).classes[0] == "anger"
    with pytest.raises(InputError, match="other classes for each database"):
        compose(paths, five)


def test_labels_change_with_the_protocol_and_the_annotation_but_not_with_a_comment(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    def digest(text: str, **changes: Any) -> str:
        return compose(
            [make_cache(tmp_path / f"{next(numbers)}.h5", **changes)], parse_protocol(text)
        ).labels_digest

    numbers = itertools.count()
    text = (
        'name = "custom"\ntitle = "two"\nclasses = ["no", "yes"]\n'
        '[databases.casme2]\nemotions = { disgust = "no", happiness = "yes", surprise = "yes" }\n'
    )
    before = digest(text)
    assert digest(f"# why\n{text}") == before
    assert digest(text.replace('surprise = "yes"', 'surprise = "no"')) != before
    assert digest(text.replace("yes", "si")) != before
    assert digest(text, emotions=("happiness", "disgust", "surprise")) != before


def test_clips_outside_the_protocol_are_counted_by_emotion(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    protocol = parse_protocol(
        'name = "custom"\ntitle = "two"\nclasses = ["negative", "positive"]\n'
        '[databases.casme2]\nemotions = { disgust = "negative", happiness = "positive" }\n'
    )
    composite = compose([make_cache(tmp_path / "a.h5")], protocol)
    assert composite.outside == {"surprise": 3}
    assert len(composite.records) == 6


def test_caches_prepared_differently_are_refused_with_the_keys(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    one = make_cache(tmp_path / "a.h5", settings={"flow": "tvl1", "size": 33})
    two = make_cache(tmp_path / "b.h5", dataset="samm", settings={"flow": "other", "size": 33})
    small = make_cache(tmp_path / "c.h5", dataset="smic", size=17, settings={"flow": "tvl1"})
    protocol = load_protocol("cde")
    with pytest.raises(InputError, match="flow: 'tvl1' and 'other'"):
        compose([one, two], protocol)
    with pytest.raises(InputError, match="size: 33 and 17"):
        compose([one, small], protocol)


def test_the_same_cache_twice_is_refused(tmp_path: Path, make_cache: MakeCache) -> None:
    path = make_cache(tmp_path / "a.h5")
    with pytest.raises(InputError, match="is in two caches"):
        compose([path, path], load_protocol("cde"))


def test_one_class_is_refused_with_the_counts(tmp_path: Path, make_cache: MakeCache) -> None:
    path = make_cache(tmp_path / "a.h5", emotions=["happiness"])
    with pytest.raises(
        InputError, match="needs clips of two classes, found 0 negative, 9 positive"
    ):
        compose([path], load_protocol("cde"))


def test_implausible_clips_are_counted_by_flag_and_used(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    path = make_cache(tmp_path / "flows.h5")
    cache = open_cache(path)
    records = [
        dataclasses.replace(
            record,
            clip=dataclasses.replace(record.clip, flags=("cut", "face-small") if n < 2 else ()),
        )
        for n, record in enumerate(cache.records)
    ]
    write_index(path, records, size=cache.size, settings=cache.settings)
    composite = compose([path], load_protocol("cde"))
    assert composite.flagged == {"cut": 2}
    assert len(composite.records) == len(records)
    told = "2 clips cut: a frame shows something else than the one before"
    assert told in describe_input(composite)
    assert told in remarks({}, composite.flagged)
