"""Every write, sync and rename of a command fails once, or is the last thing it does.

The old output or the new one is there, whole; the error is told; the same command ends it.
"""

import errno
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache
from raicl.train.run.key import to_toml
from tests.faults.conftest import Faulty
from tests.preprocess.conftest import write_clip
from tests.soak.kills import OF_A_TIME, digest_of
from tests.train.caches import write_cache
from tests.train.small import SMALL

Start = Callable[..., Faulty]
PREP = ["raicl-prep", "folder", "--root", "../database", "--out", "flows.h5", "--jobs", "1"]
QUICK = ["--align", "none", "--size", "32", "--n-frames", "2", "--margin", "4", "--flow", "dis"]
ERRORS = {"write": errno.ENOSPC, "fsync": errno.EIO, "rename": errno.EIO}


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file by name, without locks and what tells the time."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    kept = [path for path in paths if path.name not in OF_A_TIME and path.suffix != ".lock"]
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in kept}


def temporaries(folder: Path) -> list[str]:
    """What a killed writer leaves, and a failed one must not."""
    return [path.name for path in folder.rglob(".*.tmp")]


def sampled(calls: list[str], *, every: int) -> list[str]:
    """A part of the calls of each kind, the last among them; of 0 one in the middle."""
    kept = []
    for kind in ERRORS:
        own = [call for call in calls if call.startswith(kind)]
        kept += [*own[::every], own[-1]] if every else [own[len(own) // 2]]
    return kept


FEW = [pytest.param(0, id="few"), pytest.param(1, id="all", marks=pytest.mark.soak)]
EVERY = [pytest.param(12, id="some"), pytest.param(1, id="all", marks=pytest.mark.soak)]


class Trial:
    """A command in a folder that is as before each time it is tried."""

    def __init__(self, before: Path, faulty: Faulty, *words: object) -> None:
        self.before, self.faulty, self.words = before, faulty, words
        self.folder = before.parent / "tried"
        self.restore()
        self.calls = faulty.calls(*words, folder=self.folder)
        self.calm = contents(self.folder)

    def restore(self) -> None:
        """The folder as it was."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.before, self.folder)

    def fails(self, call: str) -> None:
        """The call fails: the reason is told, and what was there is there."""
        kind = call.partition(":")[0]
        self.restore()
        answer = self.faulty.run(*self.words, folder=self.folder, fault=f"{call}:{ERRORS[kind]}")
        assert answer.code == 7, (call, answer)
        assert "the disk" in answer.said, (call, answer)
        assert "Traceback" not in answer.said, (call, answer)
        assert temporaries(self.folder) == [], call
        self.holds_old_or_new(call)

    def dies(self, call: str, when: str) -> None:
        """The process dies there; the same command then ends as if nothing had happened."""
        self.restore()
        assert self.faulty.run(*self.words, folder=self.folder, fault=f"{call}:{when}").code == -9
        self.holds_old_or_new(f"{call}:{when}")
        answer = self.faulty.run(*self.words, folder=self.folder)
        assert answer.code == 0, (call, when, answer)
        assert contents(self.folder) == self.calm, (call, when)

    def holds_old_or_new(self, where: str) -> None:
        """Every file that was there or stays in the end is the old one or the new one, whole."""
        old, now = contents(self.before), contents(self.folder)
        for name in old.keys() | (now.keys() & self.calm.keys()):
            assert now.get(name) in {old.get(name, ""), self.calm.get(name, "")}, (where, name)


@pytest.fixture(scope="module")
def prep(faulty: Start, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A cache of one clip, of which `raicl-prep` is to make one of two."""
    place = tmp_path_factory.mktemp("prep")
    lines = ["subject,clip,onset,offset,emotion"]
    for number in range(2):
        write_clip(place / f"database/s{number}/c{number}", seed=number, frames=4)
        lines.append(f"s{number},c{number},96,99,happiness")
    (place / "database/clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = place / "before"
    before.mkdir()
    process = faulty("raicl.preprocess.prepare", "cv2", "h5py", "dlib")
    answer = process.run(*PREP, *QUICK, "--limit", "1", folder=before)
    assert answer.code == 0, answer.said
    return Trial(before, process, *PREP, *QUICK)


@pytest.mark.promise("fault 7", "fault 30")
@pytest.mark.parametrize("every", EVERY)
def test_whatever_call_of_prep_fails_the_old_cache_or_the_new_one_is_there(
    prep: Trial, every: int
) -> None:
    for call in sampled(prep.calls, every=every):
        prep.fails(call)
        assert len(open_cache(prep.folder / "flows.h5").records) in (1, 2)


@pytest.mark.promise("fault 1", "fault 2")
@pytest.mark.parametrize("every", EVERY)
def test_wherever_prep_is_killed_the_same_command_ends_in_the_same_bytes(
    prep: Trial, every: int
) -> None:
    for call in sampled(prep.calls, every=every):
        for when in ("before", "after"):
            prep.dies(call, when)


@pytest.fixture(scope="module")
def trained(faulty: Start, tmp_path_factory: pytest.TempPathFactory) -> tuple[Faulty, Path]:
    """A process that has loaded torch, and a folder with a cache, a run and old outputs."""
    before = tmp_path_factory.mktemp("trained") / "before"
    before.mkdir()
    write_cache(before / "many.h5", clips=2, emotions=("disgust", "happiness"))
    quick = SMALL.model_copy(update={"epochs": 1, "pairs": 1})
    (before / "small.toml").write_text(to_toml(quick), encoding="utf-8")
    process = faulty(*TORCH)
    for words in (TRAIN, [*TRAIN, "--seed", "1", "--run-dir", "run"]):
        answer = process.run(*words, folder=before)
        assert answer.code == 0, answer.said
    shutil.rmtree(before / "new")
    for name in ("page.html", "packed.h5", "gallery.html"):
        words = next(words for words in OTHERS.values() if name in words)
        answer = process.run(*words, folder=before)
        assert answer.code == 0, answer.said
    return process, before


TORCH = ["raicl.train.run.command", "raicl.train.report.page", "raicl.train.fitted.command"]
TRAIN = ["raicl-train", "many.h5", "--config", "small.toml", "--no-pictures", "--run-dir", "new"]
TRAIN = [*TRAIN, "--fold", "#0"]
OTHERS: dict[str, Sequence[str]] = {
    "report": ["raicl", "report", "run", "--out", "page.html", "--no-faces"],
    "pack": ["raicl", "pack", "many.h5", "packed.h5", "--overwrite"],
    "gallery": ["raicl", "inspect", "many.h5", "--gallery", "gallery.html"],
}


@pytest.mark.promise("fault 7", "fault 30")
@pytest.mark.parametrize("every", FEW)
def test_whatever_call_of_train_fails_nothing_is_broken(
    trained: tuple[Faulty, Path], every: int
) -> None:
    process, before = trained
    trial = Trial(before, process, *TRAIN)
    for call in sampled(trial.calls, every=every):
        trial.fails(call)


@pytest.mark.promise("fault 19")
@pytest.mark.parametrize("every", FEW)
def test_wherever_train_is_killed_the_same_command_ends_in_the_same_predictions(
    trained: tuple[Faulty, Path], every: int
) -> None:
    process, before = trained
    trial = Trial(before, process, *TRAIN)
    for call in sampled(trial.calls, every=every):
        for when in ("after",) if not every else ("before", "after"):
            trial.dies(call, when)


@pytest.mark.promise("fault 7", "fault 30")
@pytest.mark.parametrize("every", FEW)
@pytest.mark.parametrize(
    "name", ["pack", *(pytest.param(n, marks=pytest.mark.soak) for n in OTHERS if n != "pack")]
)
def test_whatever_call_of_another_command_fails_its_old_output_stays(
    trained: tuple[Faulty, Path], name: str, every: int
) -> None:
    process, before = trained
    trial = Trial(before, process, *OTHERS[name])
    for call in sampled(trial.calls, every=every):
        trial.fails(call)
