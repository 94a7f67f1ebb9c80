"""The same content under two subjects."""

from dataclasses import replace
from pathlib import Path

from raicl.common.cache.flows import open_cache, write_index
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.leaks import identical_clips, identical_in
from raicl.train.clips.overview import describe_input
from raicl.train.clips.plan import plan
from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache


def copy_subject(path: Path, subject: str, copy: str) -> None:
    """Give the clips of a subject a second time under another name, with the same shards."""
    cache = open_cache(path)
    copies = [
        replace(record, clip=replace(record.clip, subject=copy))
        for record in cache.records
        if record.clip.subject == subject
    ]
    write_index(path, [*cache.records, *copies], size=cache.size, settings=cache.settings)


def test_clips_of_two_subjects_with_one_content_are_found_in_the_index(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    path = make_cache(tmp_path / "flows.h5")
    assert identical_clips(open_cache(path).records) == []
    copy_subject(path, "sub02", "sub09")
    assert identical_clips(open_cache(path).records) == [
        [f"casme2/sub02/EP0{n}", f"casme2/sub09/EP0{n}"] for n in (1, 2, 3)
    ]


def test_a_clip_twice_of_one_subject_is_on_one_side_and_not_told(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    records = open_cache(make_cache(tmp_path / "flows.h5")).records
    again = replace(records[0], clip=replace(records[0].clip, name="again"))
    assert identical_clips([*records, again]) == []


def test_training_starts_with_a_warning(tmp_path: Path, make_cache: MakeCache) -> None:
    path = make_cache(tmp_path / "flows.h5")
    assert not [line for line in describe_input(compose([path], load_protocol("cde")))
                if "duplicates" in line]  # fmt: skip
    copy_subject(path, "sub02", "sub09")
    [line] = [line for line in describe_input(compose([path], load_protocol("cde")))
              if line.startswith("warning: duplicates: 3 clips under")]  # fmt: skip
    assert "casme2/sub02/EP01 = casme2/sub09/EP01; " in line


def test_only_clips_that_the_chosen_folds_test_are_told(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    path = make_cache(tmp_path / "flows.h5")
    copy_subject(path, "sub02", "sub09")
    composite, folds = plan([path], TrainSettings())
    every = identical_in(composite)
    assert len(every) == 3
    for fold in folds:
        found = identical_in(composite, [fold])
        assert found == (every if fold.name in ("casme2/sub02", "casme2/sub09") else [])
        told = any("duplicates" in line for line in describe_input(composite, [fold]))
        assert told == bool(found)
