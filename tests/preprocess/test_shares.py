"""Jobs of an array write one cache together: the same bytes as one command, and no other's work."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.cache.holding import hold_output
from raicl.common.errors import ConflictError, HeldError
from raicl.common.locking import lock
from raicl.common.share import Share
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from tests.commands import run
from tests.preprocess.conftest import Make


def shards_of(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shards_folder(out).glob("*.h5")}


@contextmanager
def elsewhere(path: Path) -> Iterator[None]:
    """Another process holds a lock: locks of one process are of its open files."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def test_shares_in_any_order_and_a_command_without_one_give_the_same_cache(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = make_database(5)
    alone, out = tmp_path / "alone.h5", tmp_path / "flows.h5"
    prepare(database, alone, quick)
    for index in (2, 0, 1):
        rows = prepare(database, out, quick, share=Share(index, 3))
        ids = [item.clip.id for item in database.footage[index::3]]
        assert [(row.id, row.status) for row in rows] == [(id, "computed") for id in ids]
        assert not out.exists()
    assert shards_of(out) == shards_of(alone)
    assert {row.status for row in prepare(database, out, quick)} == {"cached"}
    assert open_cache(out).digest == open_cache(alone).digest
    assert out.read_bytes() == alone.read_bytes()
    left = [*shards_folder(out).iterdir(), *tmp_path.glob(".*")]
    assert [path for path in left if path.suffix != ".h5"] == []


def test_a_share_that_is_missing_is_computed_by_the_command_that_joins(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(3), tmp_path / "flows.h5"
    prepare(database, out, quick, share=Share(1, 3))
    rows = prepare(database, out, quick)
    assert [row.status for row in rows] == ["computed", "cached", "computed"]


def test_a_share_leaves_what_another_is_writing(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(2), tmp_path / "flows.h5"
    shards_folder(out).mkdir()
    unfinished = shards_folder(out) / ".other.h5.1-ab.tmp"
    unfinished.touch()
    prepare(database, out, quick, share=Share(0, 2))
    assert unfinished.exists()
    prepare(database, out, quick)  # nobody else can be writing
    assert not unfinished.exists()


def test_a_share_leaves_a_file_alone_that_is_no_cache(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    out = tmp_path / "thesis.h5"
    out.write_text("five years of work")
    with pytest.raises(ConflictError, match="no cache"):
        prepare(make_database(2), out, quick, share=Share(0, 2))
    assert not shards_folder(out).exists()


def test_who_excludes_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raicl.common.cache.holding._SECONDS", 0.2)
    out = tmp_path / "flows.h5"
    first, second = Share(0, 2), Share(1, 2)
    with hold_output(out, first), hold_output(out, second):
        with pytest.raises(HeldError), hold_output(out, first):
            pass
        with pytest.raises(HeldError), hold_output(out, None):
            pass
    with hold_output(out, None), pytest.raises(HeldError), hold_output(out, first):
        pass
    with hold_output(out, first), hold_output(out, second):
        pass


def test_a_lock_is_waited_for_as_long_as_is_said(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with elsewhere(path), pytest.raises(HeldError), lock(path, patience=0.15):
        pass
    with lock(path, patience=0.15):
        pass


def test_the_command_says_what_a_part_did_and_what_comes_next(
    make_database: Make, tmp_path: Path
) -> None:
    root = make_database(3).root
    rows = [f"s{n // 2},c{n},96,103,happiness" for n in range(3)]
    (root / "clips.csv").write_text("\n".join(["subject,clip,onset,offset,emotion", *rows]))
    words = ["raicl-prep", "folder", "--root", root, "--out", "flows.h5", "--jobs", 1]
    words += ["--align", "none", "--size", 48, "--flow", "dis"]
    part = run(*words, "--shard", "1/2", cwd=tmp_path)
    assert part.returncode == 0, part.stderr
    assert "flows.h5.shards, part 1/2: 1 clip (1 computed, 0 cached, 0 failed)" in part.stdout
    assert "the same command without --shard" in part.stdout
    joined = run(*words, "--json", cwd=tmp_path)
    statuses = [clip["status"] for clip in json.loads(joined.stdout)["clips"]]
    assert statuses == ["computed", "cached", "computed"]
    assert run(*words, "--shard", "2/2", cwd=tmp_path).returncode == 2
    own = run("raicl-prep", "video", "--out", "a.h5", "--shard", "0/2", cwd=tmp_path)
    assert own.returncode == 2
    assert "--shard belongs to databases" in own.stderr
