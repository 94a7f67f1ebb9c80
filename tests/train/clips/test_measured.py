"""What a run asks of flow that was made elsewhere, and what it is told of clips that vanish."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.cache.measure import Measure
from raicl.common.errors import InputError, UsageError
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.measured import describe_flow
from raicl.train.clips.plan import plan
from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache

LOST = Measure(unit=False, zero=False)


def restate(path: Path, measure: Measure = LOST, **clip: Any) -> Path:
    """The same cache, whose index says something else of its flow and its clips."""
    cache = open_cache(path)
    records = [
        dataclasses.replace(record, clip=dataclasses.replace(record.clip, **clip))
        for record in cache.records
    ]
    write_index(path, records, size=cache.size, settings=cache.settings | measure.settings)
    return path


def rename(path: Path, names: dict[str, str]) -> Path:
    """The same cache with other words for its emotions."""
    cache = open_cache(path)
    records = [
        dataclasses.replace(
            record, clip=dataclasses.replace(record.clip, emotion=names[record.clip.emotion])
        )
        for record in cache.records
    ]
    write_index(path, records, size=cache.size, settings=cache.settings)
    return path


@pytest.mark.parametrize(
    ("measure", "settings", "message"),
    [
        (LOST, {}, "--flip physical negates u"),
        (Measure(zero=False), {}, "--flip physical negates u"),
        (LOST, {"irc": False, "mrd": False, "flip_average": True}, "--flip physical"),
        (LOST, {"irc": False, "mrd": False, "mirror": 0.5}, "--flip physical"),
        (LOST, {"flip": "tensor", "infer": "weighted"}, "--infer weighted compares motions"),
        (LOST, {"flip": "tensor", "pairing": "strong-teacher"}, "--pairing strong-teacher"),
        (Measure(unit=False), {"scale": "const"}, "--scale const divides by 2 px"),
    ],
)
def test_settings_that_need_a_zero_or_a_unit_are_refused(
    flows: Path, measure: Measure, settings: dict[str, Any], message: str
) -> None:
    restate(flows, measure)
    with pytest.raises(UsageError, match=message) as caught:
        plan([flows], TrainSettings(**settings))
    assert caught.value.exit_code == 2
    if "flip" in message:
        assert "--flip tensor" in caught.value.fix


@pytest.mark.parametrize(
    ("measure", "settings", "said"),
    [
        (LOST, {"flip": "tensor"}, "unit unknown, zero and sign lost; mirrored without negating u"),
        (LOST, {"irc": False, "mrd": False}, "unit unknown, zero and sign lost; nothing is mir"),
        (
            LOST,
            {"scale": "minmax255"},
            "unit unknown, zero and sign lost; mirrored with light and dark",
        ),
        (
            LOST,
            {"scale": "sample-zscore"},
            "unit unknown, zero and sign lost; mirrored with light and dark",
        ),
        (
            LOST,
            {"scale": "minmax255", "flip": "tensor"},
            "unit unknown, zero and sign lost; mirrored w",
        ),
        (Measure(unit=False), {}, "unit unknown, 0 is rest"),
        (Measure(), {}, ""),
    ],
)
def test_what_is_unknown_and_what_was_done_about_it_is_said(
    flows: Path, measure: Measure, settings: dict[str, Any], said: str
) -> None:
    chosen = TrainSettings(**settings)
    composite, _ = plan([restate(flows, measure)], chosen)
    assert describe_flow(composite, chosen).startswith(said)
    assert bool(describe_flow(composite, chosen)) == (measure != Measure())


def test_a_class_is_taken_as_it_is_where_the_protocol_has_it(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    names = {"disgust": "negative", "happiness": "Positive", "surprise": "surprise"}
    path = rename(make_cache(tmp_path / "a.h5"), names)
    cde = load_protocol("cde")
    # as emotions of CASME II they are none but one
    with pytest.raises(InputError, match="3 clips outside: negative; 3 clips outside: Positive"):
        compose([path], cde)
    restate(path, labelled="class", numbered=False, apex=None)
    composite = compose([path], cde)
    assert composite.class_counts(list(composite.records)) == [3, 3, 3]
    assert not composite.outside
    # a protocol without these classes reads them as emotions
    assert load_protocol("five").class_name(open_cache(path).records[0].clip) is None


def test_emotions_match_in_any_case(tmp_path: Path, make_cache: MakeCache) -> None:
    names = {"disgust": "Disgust", "happiness": "HAPPINESS", "surprise": "surprise"}
    path = rename(make_cache(tmp_path / "a.h5"), names)
    composite = compose([path], load_protocol("cde"))
    assert composite.class_counts(list(composite.records)) == [3, 3, 3]


def test_clips_that_lack_an_apex_are_not_said_to_lack_an_emotion(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    path = restate(make_cache(tmp_path / "a.h5"), Measure(), apex=None)
    with pytest.raises(InputError, match="3 clips outside: disgust without an apex"):
        compose([path], load_protocol("cde"))
    restate(path, numbered=False)  # then nobody knows whether one was annotated
    assert len(compose([path], load_protocol("cde")).records) == 9


def test_a_sampling_that_needs_the_apex_says_how_to_tell_it(flows: Path) -> None:
    restate(flows, apex=None, numbered=False)
    settings = TrainSettings(flip="tensor", sampling="activation")
    with pytest.raises(InputError, match="needs an apex, and nobody says") as caught:
        plan([flows], settings)
    assert "--frame apex" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "fix"), [("CASMEII", "mean casme2"), ("zzz", "leave its cache out")]
)
def test_a_database_without_a_rule_ends_the_run(
    tmp_path: Path, make_cache: MakeCache, name: str, fix: str
) -> None:
    known = make_cache(tmp_path / "a.h5", dataset="samm", emotions=("anger", "happiness"))
    unknown = make_cache(tmp_path / "b.h5", dataset=name)
    message = rf"no rule for {name} \(9 clips\)"
    with pytest.raises(InputError, match=message) as caught:
        compose([known, unknown], load_protocol("cde"))
    assert fix in caught.value.fix
    assert caught.value.where == str(unknown)
