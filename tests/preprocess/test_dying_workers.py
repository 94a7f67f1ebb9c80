"""A worker that is killed, crashes or hangs costs its clip, and no other."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from raicl.common.cache.flows import open_cache
from raicl.common.errors import PartialError
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make

Floats = NDArray[np.float32]


def die(end: str) -> None:
    """How a process ends, or does not."""
    ends: dict[str, Callable[[], object]] = {
        "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "aborted": os.abort,
        "segfault": lambda: ctypes.string_at(0),
        "hangs": lambda: time.sleep(600),
    }
    ends[end]()


def no_flow(
    onset: Floats, frames: Iterable[Floats], settings: PrepSettings, *, end: str, once: str = ""
) -> Floats:
    """An engine for which nothing moves, and which a black clip ends."""
    if onset.max() == 0 and not (once and Path(once).exists()):
        if once:
            Path(once).touch()
        die(end)
    return np.zeros((len(list(frames)), 2, *onset.shape), np.float32)


def blacken(database_root: Path, clip: str) -> None:
    for path in (database_root / clip).glob("*.png"):
        cv2.imwrite(str(path), np.zeros((64, 74), np.uint8))


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("killed", marks=pytest.mark.promise("fault 4")),
        pytest.param("aborted", marks=pytest.mark.promise("fault 5")),
        pytest.param("segfault", marks=[pytest.mark.promise("fault 5"), pytest.mark.soak]),
        pytest.param("hangs", marks=pytest.mark.promise("fault 6")),
    ],
)
def test_a_clip_that_ends_its_worker_each_time_fails_and_the_others_are_kept(
    make_database: Make,
    quick: PrepSettings,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    end: str,
) -> None:
    database, out = make_database(4), tmp_path / "flows.h5"
    culprit = database.footage[2].clip.id
    blacken(database.root, "s1/c2")
    limit = 0.05 if end == "hangs" else None  # minutes
    rows = prepare(database, out, quick, jobs=2, clip_minutes=limit, flow=partial(no_flow, end=end))
    # a clip whose result went down with the pool was written all the same, and is found
    assert {row.id for row in rows if row.status not in ("computed", "cached")} == {culprit}
    cache = open_cache(out)
    assert len(cache.records) == 3
    [failure] = cache.manifest.failures
    assert failure.id == culprit
    assert "its worker process died each time" in failure.reason
    assert "Fatal Python error" not in capfd.readouterr().err
    if end == "hangs":
        assert "took more than 0.05 min" in failure.reason


@pytest.mark.promise("fault 4")
def test_a_clip_whose_worker_is_killed_once_is_made_all_the_same(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = make_database(4)
    blacken(database.root, "s0/c1")
    engine = partial(no_flow, end="killed", once=str(tmp_path / "died"))
    rows = prepare(database, tmp_path / "flows.h5", quick, jobs=2, flow=engine)
    assert (tmp_path / "died").exists()
    assert {row.status for row in rows} <= {"computed", "cached"}


@pytest.mark.promise("fault 5")
def test_a_single_clip_that_crashes_does_not_end_the_command(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = make_database(1)
    blacken(database.root, "s0/c0")
    with pytest.raises(PartialError, match=r"none of 1 .* its worker process died"):
        prepare(
            database, tmp_path / "flows.h5", quick, jobs=2, flow=partial(no_flow, end="aborted")
        )
