"""Clips on a cluster: the bytes that this machine's processes give, even if a worker is killed."""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from raicl.common.cache.flows import shards_folder
from raicl.common.errors import InputError
from raicl.common.terminal.progress import Progress
from raicl.data.records import Frame
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from tests.dask_cluster import LocalDask, children_of, kill_with_unit, wait_until
from tests.preprocess.conftest import Make


def digests_of(out: Path) -> dict[str, str]:
    """Every file of a cache by SHA-256, the index by its place; also what should not be there."""
    files = {"index": out} | {path.name: path for path in shards_folder(out).iterdir()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_a_cluster_of_which_a_worker_is_killed_gives_the_bytes_of_processes_here(
    make_database: Make,
    quick: PrepSettings,
    tmp_path: Path,
    dask: LocalDask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = make_database(6)
    here, out = tmp_path / "here.h5", tmp_path / "flows.h5"
    prepare(database, here, quick, jobs=2)
    victim = dask.workers[-1]
    assert victim.poll() is None
    killed: list[int] = []
    advance = Progress.advance

    def advance_and_kill(self: Progress, n: int = 1, note: str = "") -> None:
        advance(self, n, note)
        if not killed:  # the first clip is done, so each worker is at another
            wait_until(lambda: children_of(victim.pid))
            killed.append(victim.pid)
            kill_with_unit(victim)

    monkeypatch.setattr(Progress, "advance", advance_and_kill)
    rows = prepare(database, out, quick, cluster=dask.address)
    dask.add()
    assert killed
    assert [row.id for row in rows] == [item.clip.id for item in database.footage]
    assert {row.status for row in rows} <= {"computed", "cached"}
    assert digests_of(out) == digests_of(here)


def test_workers_that_do_not_see_the_database_are_refused_before_any_work(
    make_database: Make,
    quick: PrepSettings,
    tmp_path: Path,
    dask: LocalDask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = make_database(2)
    monkeypatch.chdir(tmp_path)
    unshared = Path("/proc/self/cwd")  # another folder in each process
    footage = tuple(
        dataclasses.replace(
            item,
            frames=tuple(
                Frame(f.number, unshared / f.path.relative_to(tmp_path)) for f in item.frames
            ),
        )
        for item in database.footage
    )
    elsewhere = dataclasses.replace(database, footage=footage)
    with pytest.raises(InputError, match="cannot see it") as caught:
        prepare(elsewhere, tmp_path / "flows.h5", quick, cluster=dask.address)
    assert "img96.png" in caught.value.where
    assert list(shards_folder(tmp_path / "flows.h5").iterdir()) == []
    assert not (tmp_path / "flows.h5").exists()
