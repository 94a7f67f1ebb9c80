"""`raicl inspect` shows what a cache holds."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raicl.common.cache.flows import open_cache, shards_folder, write_index
from raicl.common.cache.manifest import CorrectedValue, PreparedDatabase, Provenance
from raicl.common.cache.packing import pack
from raicl.common.clip import Clip
from raicl.common.errors import UsageError
from raicl.common.quality import Quality
from raicl.data.inspect import inspect, summary
from tests.common.conftest import write_flows


def clip(dataset: str, name: str, emotion: str, **values: Any) -> Clip:
    return Clip(
        dataset=dataset,
        subject="006",
        name=name,
        emotion=emotion,
        onset=4,
        apex=6,
        offset=9,
        **values,
    )


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    clips = [
        clip("casme2", "EP01", "happiness", sheet="2019"),
        clip("casme2", "EP02", "others", sheet="2019", flags=("truncated",)),
        clip("samm", "006_1_2", "contempt"),
    ]
    return write_flows(tmp_path / "flows.h5", clips)


def test_classes_are_counted_by_database_under_every_protocol(flows: Path) -> None:
    databases = summary(open_cache(flows))["databases"]
    assert list(databases) == ["casme2", "samm"]
    assert (databases["casme2"]["clips"], databases["casme2"]["sheet"]) == (2, "2019")
    cde = databases["casme2"]["protocols"]["cde"]
    assert (cde["clips"], cde["classes"]["positive"], cde["official"]) == (1, 1, False)
    assert databases["samm"]["protocols"]["five"]["classes"]["contempt"] == 1
    assert "three" not in databases["samm"]["protocols"]


def test_the_table_names_sheet_flags_bytes_and_what_was_not_prepared(
    flows: Path, capsys: Any
) -> None:
    inspect(flows)
    text = capsys.readouterr().out
    assert "casme2     2 clips of 1 subject, sheet of 2019\n" in text
    assert "truncated 1" in text
    assert "size       16 px\n" in text
    assert "casme2/sub09/EP03: no face\n" in text
    assert "official CDE list: no" in text
    assert "engine opencv" in text


def test_the_bytes_are_those_on_disk_packed_or_not(flows: Path, tmp_path: Path) -> None:
    cache, one = open_cache(flows), tmp_path / "one.h5"
    shards = sum(path.stat().st_size for path in shards_folder(flows).iterdir())
    assert cache.n_bytes == flows.stat().st_size + shards
    pack(cache, one)
    assert open_cache(one).n_bytes == one.stat().st_size
    found = summary(open_cache(one))
    assert found["megabytes"] == round(one.stat().st_size / 1e6, 1)
    assert found | {"path": "", "packed": 0, "megabytes": 0} == summary(cache) | {
        "path": "",
        "packed": 0,
        "megabytes": 0,
    }


def test_the_quality_is_summed_up_and_said_to_be_unknown_where_it_is(
    flows: Path, capsys: Any
) -> None:
    inspect(flows)
    assert "quality    unknown: of an older raicl" in capsys.readouterr().out
    cache = open_cache(flows)
    records = [
        replace(cache.records[0], quality=Quality(eye_distance=30.0, roll=1.5)),
        replace(cache.records[1], quality=Quality(eye_distance=90.0, roll=-2.0)),
        cache.records[2],
    ]
    write_index(flows, records, size=cache.size, settings=cache.settings)
    found = summary(open_cache(flows))["quality"]
    spread = {"known": 2, "least": 30.0, "median": 60.0, "greatest": 90.0}
    assert found["eye_distance"] == spread
    assert found.keys() == {"eye_distance", "roll"}
    inspect(flows)
    text = capsys.readouterr().out
    assert "  eye_distance    60 (30 to 90) px of the frame, unknown in 1 clip\n" in text
    assert "  sharpness       unknown\n" in text


def test_json_is_the_summary(flows: Path, capsys: Any) -> None:
    inspect(flows, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(summary(open_cache(flows))))


def test_layout_variant_and_corrections_stand_with_the_database_they_belong_to(
    flows: Path, capsys: Any
) -> None:
    cache = open_cache(flows)
    correction = CorrectedValue(
        id="smic/006/c",
        field="onset",
        annotated="3",
        used="4",
        reason="no such frame",
        source="the makers",
    )
    made = PreparedDatabase(name="smic", layout="raw", sheet="hs", corrections=(correction,))
    write_index(
        flows.with_name("smic.h5"),
        [replace(cache.records[0], clip=clip("smic", "c", "positive", sheet="hs"))],
        size=16,
        settings=cache.settings,
        provenance=Provenance(databases=(made,)),
    )
    shards_folder(flows).rename(shards_folder(flows.with_name("smic.h5")))
    inspect(flows.with_name("smic.h5"))
    text = capsys.readouterr().out
    assert "smic       1 clip of 1 subject, raw, variant hs\n" in text
    assert "  corrected smic/006/c: onset 3 -> 4 (no such frame; the makers)\n" in text


@pytest.mark.parametrize("given", [{"clip": "samm/006/006_1_2"}, {"out": Path("clip.png")}])
def test_a_clip_without_a_picture_and_a_picture_without_a_clip_are_refused(
    flows: Path, given: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="go together"):
        inspect(flows, **given)
