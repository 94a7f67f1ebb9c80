"""`raicl leaks` on caches with and without common content."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.folds import Fold, leave_one_subject_out
from raicl.train.clips.leaks import find_leaks
from tests.train.conftest import Command, MakeCache


def test_a_clean_cache_ends_with_0_and_no_run(
    tmp_path: Path, flows: Path, leaks: Command, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert leaks(flows) == 0
    out = capfd.readouterr().out
    assert out.startswith("9 clips, 54 instances with their frames")
    assert out.endswith("nothing is on both sides of a fold\n")
    assert not (tmp_path / "runs").exists()


def test_one_instance_of_another_subject_is_found_and_of_the_same_one_is_not(
    tmp_path: Path, make_cache: MakeCache, leaks: Command, capfd: Any
) -> None:
    kept: list[NDArray[np.float16]] = []

    def plant(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
        if clip == "casme2/sub01/EP01":
            kept.append(instances[2].copy())
        if clip in ("casme2/sub01/EP03", "casme2/sub03/EP02"):
            instances[4] = kept[0]
        return instances

    path = make_cache(tmp_path / "planted.h5", change=plant)
    assert leaks(path, "--json") == 3
    shown = capfd.readouterr()
    assert [pair["clips"] for pair in json.loads(shown.out)["pairs"]] == [
        [f"casme2/sub01/{name}", "casme2/sub03/EP02"] for name in ("EP01", "EP03")
    ]
    assert "2 pairs of clips are on both sides of a fold" in shown.err
    assert leaks(path) == 3
    out = capfd.readouterr().out
    assert "casme2/sub01 and casme2/sub03: 2 pairs of clips share 2 instances, 0 frames" in out
    assert "  casme2/sub01/EP01 frame 13 = casme2/sub03/EP02 frame 15" in out


def test_only_the_chosen_folds_are_looked_at(
    tmp_path: Path, make_cache: MakeCache, leaks: Command, capfd: Any
) -> None:
    kept: list[NDArray[np.float16]] = []

    def plant(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
        kept.append(instances[2].copy())
        if clip == "casme2/sub03/EP02":
            instances[4] = kept[0]  # of the first clip of sub01
        return instances

    path = make_cache(tmp_path / "planted.h5", change=plant)
    assert leaks(path, "--fold", "sub02") == 0
    assert capfd.readouterr().out.endswith("nothing is on both sides of a fold\n")
    for fold in ("sub01", "sub03", "#0,sub02"):
        assert leaks(path, "--fold", fold) == 3
    assert leaks(path, "--fold", "sub09") == 2


def test_still_instances_are_counted_and_no_evidence(
    tmp_path: Path, make_cache: MakeCache, leaks: Command, capfd: Any
) -> None:
    def still(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
        instances[0] = -0.0 if clip.endswith("1") else 0.0
        return instances

    assert leaks(make_cache(tmp_path / "s.h5", change=still)) == 0
    assert "; 9 still instances are no evidence" in capfd.readouterr().out


def test_frames_alone_are_evidence_and_only_across_the_sides_of_a_fold(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    # the caches of two databases draw the same digests; their instances are made to differ
    paths = [
        make_cache(tmp_path / "a.h5", dataset="casme2"),
        make_cache(tmp_path / "b.h5", dataset="samm", change=lambda clip, values: 2 * values),
    ]
    composite = compose(paths, load_protocol("cde"))
    pairs = find_leaks(composite, leave_one_subject_out(composite.clips)).pairs
    assert {(pair.instances, pair.frames) for pair in pairs} == {(0, 6)}
    assert pairs[0].clips == ("casme2/sub01/EP01", "samm/sub01/EP01")
    assert len(pairs) == 9
    apart = Fold(
        index=0,
        name="casme2/sub01",
        train=("casme2/sub02/EP01",),
        test=("casme2/sub01/EP01", "samm/sub01/EP01"),
    )
    assert find_leaks(composite, [apart]).pairs == ()


def test_a_damaged_shard_ends_with_3_as_input(flows: Path, leaks: Command, capfd: Any) -> None:
    shard = sorted((flows.parent / "flows.h5.shards").iterdir())[0]
    shard.write_bytes(shard.read_bytes()[:-500])
    assert leaks(flows) == 3
    assert str(shard) in capfd.readouterr().err
