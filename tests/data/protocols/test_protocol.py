"""Protocols: who counts and as what."""

import dataclasses
import os
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError

from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError
from raicl.data.database import read_database
from raicl.data.protocols.agreement import compare_published
from raicl.data.protocols.protocol import (
    PROTOCOLS,
    Protocol,
    fitting_protocols,
    load_protocol,
    parse_protocol,
)
from raicl.data.sheets.annotation import EMOTIONS

CLIP = Clip(
    dataset="casme2",
    subject="sub24",
    name="EP07_01",
    emotion="surprise",
    onset=10,
    apex=15,
    offset=20,
    sheet="2014",
)


def class_of(protocol: Protocol, **changes: object) -> str | None:
    clip = dataclasses.replace(CLIP, **changes)  # type: ignore[arg-type]
    label = protocol.label(clip)
    name = None if label is None else protocol.classes_of(clip.dataset)[label]
    assert name == protocol.class_name(clip)
    return name


def test_the_composite_has_the_field_s_class_indices() -> None:
    assert load_protocol("cde").classes == ("negative", "positive", "surprise")


@pytest.mark.parametrize(
    ("emotion", "name"),
    [
        *[("happiness", "positive"), ("disgust", "negative"), ("repression", "negative")],
        *[("surprise", "surprise"), ("others", None), ("fear", None), ("sadness", None)],
    ],
)
def test_the_composite_reads_casme2_by_the_official_rule(emotion: str, name: str | None) -> None:
    cde = load_protocol("cde")
    assert class_of(cde, emotion=emotion) == name
    assert class_of(cde, emotion=emotion, dataset="synthetic") == name


def test_the_composite_drops_clips_without_an_apex_of_their_own() -> None:
    cde = load_protocol("cde")
    assert class_of(cde, apex=None) is None
    assert class_of(cde, apex=CLIP.onset) is None
    assert class_of(cde, apex=CLIP.offset) == "surprise"
    assert class_of(cde, apex=None, dataset="samm") == "surprise"
    assert class_of(load_protocol("five"), apex=None) == "surprise"


@pytest.mark.parametrize("name", ["EP07_01", "EP07_04f", "EP10_03"])
def test_the_composite_drops_what_only_the_sheet_of_2019_calls_surprise(name: str) -> None:
    cde = load_protocol("cde")
    assert class_of(cde, name=name, sheet="2019") is None
    assert class_of(cde, name=name, sheet="2019", subject="sub23") == "surprise"
    assert class_of(cde, name=name, sheet="2014") == "surprise"


def test_the_composite_reads_samm_and_smic() -> None:
    cde = load_protocol("cde")
    samm = {e: class_of(cde, dataset="samm", emotion=e) for e in sorted(EMOTIONS)}
    negative = ("anger", "contempt", "disgust", "fear", "sadness")
    assert {e for e, name in samm.items() if name == "negative"} == set(negative)
    assert (samm["happiness"], samm["surprise"], samm["others"]) == ("positive", "surprise", None)
    for name in cde.classes:
        assert class_of(cde, dataset="smic", emotion=name) == name


def test_casme3_has_the_classes_of_the_paper() -> None:
    four, seven = load_protocol("four"), load_protocol("seven")
    emotions = ("anger", "disgust", "fear", "sadness", "happiness", "surprise", "others")
    found = [class_of(four, dataset="casme3", emotion=e) for e in emotions]
    assert found == ["negative"] * 4 + ["positive", "surprise", "others"]
    assert [class_of(seven, dataset="casme3", emotion=e) for e in emotions] == list(emotions)
    assert len(seven.classes) == 7
    three = [class_of(load_protocol("three"), dataset="casme3", emotion=e) for e in emotions]
    assert three == ["negative"] * 4 + ["positive", "surprise", None]
    assert load_protocol("three").classes == load_protocol("cde").classes


def test_five_has_the_customary_classes_of_each_database_which_cannot_be_pooled() -> None:
    five = load_protocol("five")
    assert five.classes_of("samm") == ("anger", "contempt", "happiness", "surprise", "others")
    assert class_of(five, dataset="samm", emotion="contempt") == "contempt"
    assert class_of(five, dataset="samm", emotion="disgust") is None
    assert class_of(five, dataset="casme2", emotion="contempt") is None
    assert five.shared_classes(["samm"]) == five.classes_of("samm")
    assert five.shared_classes(["casme2", "folder", "smic"]) == five.classes_of("casme2")
    with pytest.raises(InputError, match=r"other classes.*casme2: happiness.*samm: anger"):
        five.shared_classes(["samm", "casme2"])
    with pytest.raises(InputError, match="five has no rule for smic"):
        five.shared_classes(["smic"])


def test_one_s_own_clips_may_be_annotated_with_the_classes_themselves() -> None:
    for name in PROTOCOLS:
        protocol = load_protocol(name)
        for label in protocol.classes_of("folder"):
            assert class_of(protocol, dataset="folder", emotion=label) == label
    assert class_of(load_protocol("cde"), dataset="folder", emotion="disgust") == "negative"


@pytest.mark.parametrize(
    ("datasets", "names"),
    [
        (["casme2"], ["cde", "five", "four", "seven"]),
        (["smic"], ["cde"]),
        (["casme3"], ["three", "four", "seven"]),
        (["casme2", "samm", "smic"], ["cde"]),
        (["casme3", "smic"], []),
        (["mmew"], []),
    ],
)
def test_a_protocol_fits_that_has_a_rule_for_each_database(
    datasets: list[str], names: list[str]
) -> None:
    assert fitting_protocols(datasets) == names


@pytest.mark.parametrize(
    ("protocol", "dataset", "fix"),
    [
        ("cde", "casme3", "--protocol three or four or seven"),
        ("three", "samm", "--protocol cde or five or four or seven"),
        ("cde", "mmew", "--protocol mine.toml, a file of your own"),
    ],
)
def test_who_has_no_rule_is_told_the_protocols_that_have_one(
    protocol: str, dataset: str, fix: str
) -> None:
    with pytest.raises(InputError, match=f"{protocol} has no rule for {dataset}") as caught:
        load_protocol(protocol).shared_classes([dataset])
    assert fix in caught.value.fix


def test_a_protocol_says_which_databases_it_covers() -> None:
    assert [load_protocol("cde").covers(d) for d in ("casme2", "synthetic", "folder")] == [True] * 3
    assert not load_protocol("five").covers("smic")
    assert class_of(load_protocol("five"), dataset="smic") is None


def test_published_counts_add_up() -> None:
    def total(protocol: str, dataset: str, sheet: str) -> int:
        expected = load_protocol(protocol).expected(dataset, sheet)
        assert expected is not None
        return sum(expected.classes.values())

    assert [total("cde", d, "any") for d in ("casme2", "samm")] == [145, 133]
    assert [total("cde", "smic", variant) for variant in ("hs", "vis", "nir")] == [164, 71, 71]
    assert [total("five", "casme2", sheet) for sheet in ("2014", "2019")] == [246, 249]
    assert total("five", "samm", "any") == 136
    assert total("three", "casme3", "v2") == 699
    assert total("four", "casme3", "v2") == total("seven", "casme3", "v2") == 860
    assert total("four", "casme2", "2014") == total("four", "casme2", "2019") == 255
    assert load_protocol("cde").expected("synthetic", "2014") is None
    assert load_protocol("five").expected("casme2", "another") is None


@pytest.mark.parametrize("dataset", ["casme2", "samm", "smic"])
def test_the_composite_s_subjects_add_up_to_its_classes(dataset: str) -> None:
    expected = load_protocol("cde").expected(dataset, "hs" if dataset == "smic" else "any")
    assert expected is not None
    assert len(expected.per_subject) == expected.subjects
    columns = zip(*expected.per_subject.values(), strict=True)
    assert [sum(column) for column in columns] == list(expected.classes.values())


def test_an_unknown_protocol_is_told_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="'fiv'") as caught:
        load_protocol("fiv")
    assert caught.value.fix == "did you mean five?"
    with pytest.raises(UsageError) as caught:
        load_protocol("../protocols/cde")
    assert "cde" in caught.value.fix


def test_every_file_is_a_built_in_protocol_of_its_name() -> None:
    folder = files("raicl.data") / "protocols"
    found = {path.name for path in folder.iterdir() if path.name.endswith(".toml")}
    assert found == {f"{name}.toml" for name in PROTOCOLS}
    for name in PROTOCOLS:
        assert tomllib.loads((folder / f"{name}.toml").read_text())["name"] == name


GOOD = 'name = "p"\ntitle = "t"\nclasses = ["a", "b"]\n'
RULE = '[databases.casme2.emotions]\nfear = "a"\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD + "colour = 1\n" + RULE, "colour"),
        (GOOD + RULE.replace('"a"', '"c"'), "not classes"),
        (GOOD.replace('"b"', '"a"') + RULE, "named twice"),
        (GOOD.replace(', "b"', "") + RULE, "classes"),
        (GOOD + RULE + '[like]\nsynthetic = "samm"\n', "follows"),
        (GOOD + RULE + '[like]\ncasme2 = "casme2"\n', "follows"),
        (GOOD + RULE + "[databases.casme2.expected.any]\nclasses = { c = 1 }\n", "not classes"),
        (GOOD + RULE.replace("fear", "Fear"), "lower case"),
        (GOOD.replace('"p"', '"../p"') + RULE, "name"),
        (GOOD.replace('classes = ["a", "b"]', "") + RULE, "two classes"),
    ],
)
def test_a_mistaken_protocol_is_refused(text: str, reason: str) -> None:
    parse_protocol(GOOD + RULE)
    with pytest.raises(ValidationError, match=reason):
        parse_protocol(text)


def test_a_file_is_a_protocol_and_its_faults_have_their_exit_codes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + RULE)
    assert load_protocol(str(path)) == parse_protocol(GOOD + RULE)
    path.write_text(GOOD + "colour = 1\n" + RULE)
    with pytest.raises(UsageError, match="unknown key `colour`") as caught:
        load_protocol(str(path))
    assert caught.value.where == str(path)
    path.write_text(GOOD + RULE.replace('"a"', '"c"'))
    with pytest.raises(UsageError, match=r"casme2: \['c'\] are not classes"):
        load_protocol(str(path))
    path.write_text("name =")
    with pytest.raises(InputError, match="not a TOML file"):
        load_protocol(str(path))
    with pytest.raises(InputError, match="cannot read the protocol"):
        load_protocol(str(tmp_path / "none.toml"))
    with pytest.raises(InputError, match="cannot read the protocol"):
        load_protocol(str(tmp_path / ".toml"))


def test_the_example_of_the_readme_is_a_protocol() -> None:
    readme = (Path(__file__).parents[3] / "data" / "README.md").read_text(encoding="utf-8")
    protocol = parse_protocol(readme.split("```toml\n")[1].split("```")[0])
    assert class_of(protocol, emotion="happiness") == "smile"
    assert class_of(protocol, emotion="happiness", sheet="2019") is None
    assert class_of(protocol, emotion="surprise") is None


@pytest.mark.skipif("RAICL_CASME2" not in os.environ, reason="needs the licensed database")
def test_casme2_gives_the_official_composite_list() -> None:
    database = read_database("casme2", root=Path(os.environ["RAICL_CASME2"]))
    cde = load_protocol("cde")
    clips = [(item.clip, cde.label(item.clip)) for item in database.footage]
    inside = [clip for clip, label in clips if label is not None]
    assert (len(inside), len({clip.subject for clip in inside})) == (145, 24)
    agreement = compare_published(cde, "casme2", [item.clip for item in database.footage])
    assert agreement is not None
    assert (agreement.differences, agreement.official) == ((), True)
