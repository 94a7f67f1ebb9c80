"""The files of a run are those that were written, or a command says which are not."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.common.files import sha256_file
from raicl.train.clips.plan import plan
from raicl.train.run.digests import examine, examine_run
from raicl.train.run.opening import check_same, open_run
from raicl.train.run.outcome import read_outcome, read_outcomes
from raicl.train.settings import TrainSettings
from tests.train.conftest import Command, Raicl

GOLDEN = Path(__file__).parents[2] / "golden" / "run-v1"
OF_RUN = (
    *("config.toml", "env.json", "predictions.csv", "results.json", "confusion.png"),
    "run-digests.json",
)
OF_FOLD = (
    *("done.json", "log.csv", "log.jsonl", "predictions.csv", "attention.png"),
    *("weights.safetensors", "regions.safetensors"),
)
FOLDS = [f"folds/casme2/sub0{n}/{name}" for n in (1, 2) for name in OF_FOLD]
COVERED = [*OF_RUN, *FOLDS]
NOT_COVERED = {"run.log", "lock"}

Resume = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, trained: Path) -> Path:
    """A copy of a run of two of its three folds, with pictures."""
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def resume(trained: Path, run: Path, command: Command) -> Resume:
    """The command of the run, for the folds that are finished."""
    words = [trained / "flows.h5", "--config", trained / "small.toml", "--run-dir", run]
    return lambda *more: command(*words, "--fold", "0-1", *more)


def bits_of(path: Path, *, number: int) -> Iterator[None]:
    """Flip bits all over a file, one after the other, and put it right again."""
    content = path.read_bytes()
    step = max(1, 8 * len(content) // number)
    for place in range(0, 8 * len(content), step):
        at, bit = divmod(place + place // step % 8, 8)
        changed = bytearray(content)
        changed[min(at, len(content) - 1)] ^= 1 << bit
        path.write_bytes(changed)
        yield
    path.write_bytes(content)


def test_every_file_but_the_log_and_the_locks_is_covered(run: Path) -> None:
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {name for name in files if Path(name).name not in NOT_COVERED} == set(COVERED)
    assert {path.relative_to(run).as_posix() for path in examine_run(run)} == set(COVERED)
    assert not any(examine_run(run).values())


@pytest.mark.promise("fault 13")
@pytest.mark.parametrize("name", COVERED)
def test_a_flipped_bit_is_seen_by_who_reads_the_run(run: Path, name: str) -> None:
    assert read_outcomes([run])[0].covered
    for _ in bits_of(run / name, number=20):
        with pytest.raises(InputError) as caught:
            read_outcomes([run])
        assert caught.value.where
        assert caught.value.fix
        assert examine_run(run)[run / name]
    read_outcomes([run])


@pytest.mark.soak
@pytest.mark.parametrize("name", COVERED)
def test_every_flipped_bit_is_seen_by_who_reads_the_run(run: Path, name: str) -> None:
    """Of a picture or of weights readers see 5,000 bits, and what they compare it by sees all."""
    path = run / name
    every = 8 * path.stat().st_size
    large = name.endswith(("png", "safetensors"))
    for _ in bits_of(path, number=5000 if large else every):
        with pytest.raises(InputError):
            read_outcomes([run])
    if large:
        place, digests = path.parent, {path.name: sha256_file(path)}
        seen = [
            fault.what for _ in bits_of(path, number=every) for fault in examine(place, digests)
        ]
        assert len(seen) == every
        assert all(seen)


@pytest.mark.promise("fault 13")
@pytest.mark.parametrize("name", [*OF_RUN, *(f"folds/casme2/sub01/{name}" for name in OF_FOLD)])
def test_a_flipped_bit_stops_a_run_that_is_continued(
    run: Path, resume: Resume, name: str, capfd: Any
) -> None:
    for _ in bits_of(run / name, number=1):
        assert resume() == 3
        shown = capfd.readouterr().err
        assert str(run / name) in shown
        assert "fix: " in shown
        assert "bug" not in shown
    assert resume() == 0


@pytest.mark.parametrize("name", ["log.jsonl", "done.json"])
def test_what_the_error_says_mends_a_fold(
    run: Path, resume: Resume, name: str, raicl: Raicl, capfd: Any
) -> None:
    before = (run / "predictions.csv").read_bytes()
    path = run / "folds/casme2/sub02" / name
    path.write_bytes(path.read_bytes() + b"\n")
    assert raicl("report", run, "--out", run / "page.html").code == 3
    assert resume() == 3
    assert "remove the fold's folder" in capfd.readouterr().err
    shutil.rmtree(path.parent)
    assert resume() == 0
    assert (run / "predictions.csv").read_bytes() == before


@pytest.mark.parametrize("name", ["results.json", "predictions.csv", "run-digests.json"])
def test_what_the_error_says_mends_the_results(
    run: Path, resume: Resume, name: str, raicl: Raicl, capfd: Any
) -> None:
    before = (run / name).read_bytes()
    shutil.copytree(run, run.with_name("other"))
    (run / name).write_bytes(before.replace(b"e", b"E", 1))
    answer = raicl("compare", run.with_name("other"), run)
    assert answer.code == 3
    assert str(run / name) in answer.err
    assert resume() == 3
    assert "remove it, and type the run's raicl-train command again" in capfd.readouterr().err
    (run / name).unlink()
    with pytest.raises(InputError):
        read_outcome(run, "run")
    assert resume() == 0
    assert read_outcome(run, "run").covered


@pytest.mark.promise("fault 2")
def test_a_command_that_was_stopped_while_it_wrote_the_results_is_told_and_made_up_for(
    run: Path, resume: Resume
) -> None:
    (run / "run-digests.json").unlink()
    predictions = run / "predictions.csv"
    predictions.write_text(predictions.read_text().replace("0.1", "0.2", 1))
    with pytest.raises(InputError, match="the results of the run are not whole") as caught:
        read_outcome(run, "run")
    assert "raicl-train command again" in caught.value.fix
    assert resume() == 0
    assert read_outcome(run, "run").results.folds.done == 2


def test_the_folder_of_another_fold_or_run_is_not_taken_for_the_one_that_was_pooled(
    run: Path, resume: Resume, trained: Path, command: Command, tmp_path: Path
) -> None:
    words = [trained / "flows.h5", "--config", trained / "small.toml", "--seed", 1]
    assert command(*words, "--run-dir", tmp_path / "other", "--fold", "0-1") == 0
    shutil.rmtree(run / "folds")
    shutil.copytree(tmp_path / "other/folds", run / "folds")
    with pytest.raises(InputError, match=r"done\.json is not the one that was written"):
        read_outcome(run, "run")
    assert resume() == 3


def test_finished_folds_of_which_nothing_says_what_they_are_of_are_not_gone_on_with(
    run: Path, resume: Resume, capfd: Any
) -> None:
    (run / "env.json").unlink()
    assert resume("--seed", 5) == 3
    assert "the run has finished folds, and no env.json says of what" in capfd.readouterr().err
    assert resume("--seed", 5, "--overwrite") == 0


def test_several_that_begin_a_run_at_once_agree_on_its_files(
    tmp_path: Path, flows: Path, small: TrainSettings
) -> None:
    composite, _ = plan([flows], small)
    every = [small.model_copy(update={"threads": threads}) for threads in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: open_run(tmp_path / "run", composite, one), every))
    check_same(tmp_path / "run", composite, small)
    assert not any(examine_run(tmp_path / "run").values())


def test_a_run_of_an_older_raicl_is_read_and_said_not_to_be_covered(
    tmp_path: Path, raicl: Raicl
) -> None:
    shutil.copytree(GOLDEN, tmp_path / "copy")
    answer = raicl("compare", GOLDEN, tmp_path / "copy")
    assert answer.code == 0
    assert answer.err.count("not covered by digests") == 2  # once for each
    assert not read_outcome(GOLDEN, "golden").covered


def test_the_report_of_an_older_run_says_once_that_nothing_covers_it(
    tmp_path: Path, raicl: Raicl
) -> None:
    pytest.importorskip("jinja2")
    shutil.copytree(GOLDEN, tmp_path / "run")
    answer = raicl("report", tmp_path / "run", "--out", tmp_path / "page.html", "--no-faces")
    assert answer.code == 0, answer.err
    said = "not covered by digests: an older raicl made the run"
    assert answer.err.count(said) == 1
    assert (tmp_path / "page.html").read_text().count(said) == 1


@pytest.mark.parametrize("content", ["[[[[", "[" * 10**5, '{"epoch": 1}\n', '{"epoch": [[1]]}\n'])
def test_a_log_without_a_digest_of_another_structure_is_an_input_error(
    tmp_path: Path, content: str
) -> None:
    shutil.copytree(GOLDEN, tmp_path / "run")
    (tmp_path / "run/folds/casme2/sub01/log.jsonl").write_text(content)
    with pytest.raises(InputError, match="the log of a fold cannot be read"):
        read_outcome(tmp_path / "run", "run")


def test_validate_lists_every_file_of_a_run_that_is_missing_or_changed(
    run: Path, raicl: Raicl
) -> None:
    answer = raicl("validate", run)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{run}: run, {len(COVERED)} of {len(COVERED)} files are whole\n"
    weights, log = (run / "folds/casme2/sub02" / n for n in ("weights.safetensors", "log.csv"))
    weights.write_bytes(weights.read_bytes() + b"\0")
    log.unlink()
    answer = raicl("validate", run)
    assert answer.code == 3
    assert f"bad  {weights}: is not the one that was written\n" in answer.out
    assert f"bad  {log}: is missing\n" in answer.out
    assert "2 files of the run missing or changed" in answer.err
    found = json.loads(raicl("validate", run, "--json").out)
    assert (found["kind"], len(found["bad"])) == ("run", 2)


def test_validate_says_what_is_not_covered(raicl: Raicl) -> None:
    answer = raicl("validate", GOLDEN)  # its weights were not kept
    assert "note: an older raicl made the run" in answer.out
    assert "weights.safetensors: is missing" in answer.out


def test_validate_looks_at_checkpoints_of_folds_that_are_not_finished(
    tmp_path: Path, run: Path, raicl: Raicl
) -> None:
    fold = run / "folds/casme2/sub03"
    fold.mkdir()
    (fold / "state-0001.json").write_text("{}")
    answer = raicl("validate", run)
    assert answer.code == 3
    assert f"bad  {fold / 'state-0001.json'}: cannot be used: it lacks" in answer.out
