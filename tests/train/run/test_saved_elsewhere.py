"""Predictions that a spreadsheet saved: what happened is said, and nothing is trained again."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.train.scores.predictions import read_predictions, write_predictions
from tests.train.conftest import Command, Raicl
from tests.train.runs import CLASSES, TRUTHS, predictions_of

Rewrite = Callable[[bytes], bytes]


def saved(
    content: bytes,
    *,
    cells: str = ",",
    number: Callable[[str], str] = str,
    end: str = "\n",
    mark: str = "",
) -> bytes:
    """The same table with other signs between cells and lines, and numbers written otherwise."""
    header, *rows = csv.reader(io.StringIO(content.decode()))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=cells, lineterminator=end)
    writer.writerow(header)
    writer.writerows([*row[:4], *map(number, row[4:])] for row in rows)
    return (mark + text.getvalue()).encode()


def shortest(text: str) -> str:
    return f"{float(text):g}"


# what it does, what is said of it, and whether the numbers are still those that were written
PROGRAMS: dict[str, tuple[Rewrite, list[str], bool]] = {
    "German spreadsheet": (
        lambda c: saved(c, cells=";", number=lambda t: shortest(t).replace(".", ","), end="\r\n",
                        mark="\ufeff"),
        ["a byte order mark", "CRLF", "semicolons", "decimal commas", "other than six decimals"],
        False,
    ),
    "English spreadsheet": (
        lambda c: saved(c, number=shortest, end="\r\n"), ["CRLF", "other than six decimals"],
        False,
    ),
    "rounded": (
        lambda c: saved(c, number=lambda t: f"{float(t):.2f}"), ["other than six decimals"], False,
    ),
    "no leading zeros": (
        lambda c: saved(c, number=lambda t: t.lstrip("0")), ["other than six decimals"], False,
    ),
    "tabs": (lambda c: saved(c, cells="\t"), ["tabs between cells"], False),
    "semicolons alone": (lambda c: saved(c, cells=";"), ["semicolons"], False),
    "mark alone": (lambda c: saved(c, mark="\ufeff"), ["a byte order mark"], False),
    "ends of lines alone": (lambda c: saved(c, end="\r\n"), ["CRLF"], True),
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_another_program_did_is_named(tmp_path: Path, program: str) -> None:
    rewrite, traces, same = PROGRAMS[program]
    path = tmp_path / "predictions.csv"
    write_predictions(path, predictions_of(TRUTHS), CLASSES)
    expected = read_predictions(path)
    path.write_bytes(rewrite(path.read_bytes()))
    if same:
        assert read_predictions(path) == expected
        return
    with pytest.raises(InputError, match="saved by another program, with ") as caught:
        read_predictions(path)
    for trace in traces:
        assert trace in caught.value.what
    assert "\n" not in caught.value.what


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("negative", "8", "'8' is not one of its classes, negative, positive, surprise"),
        ("0.500000,0.250000\n", "0.500000\n", "a row does not have 8 cells"),
        ("0.500000", "nan", "'nan' is not a number with six decimals"),
        ("0.500000", "1e-1", "'1e-1' is not a number with six decimals"),
        ("clip,", "klip,", "its columns are klip, subject"),
    ],
)
@pytest.mark.promise("input 72")
def test_another_fault_is_named_as_it_is(tmp_path: Path, old: str, new: str, why: str) -> None:
    path = tmp_path / "predictions.csv"
    write_predictions(path, predictions_of(TRUTHS), CLASSES)
    head, line, rest = path.read_text().partition("\n")
    if old == "clip,":
        head = head.replace(old, new)
    path.write_text(head + line + rest.replace(old, new))
    with pytest.raises(InputError, match="not a readable file of predictions: ") as caught:
        read_predictions(path)
    assert why in caught.value.what


@pytest.fixture
def run(tmp_path: Path, trained: Path) -> Path:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run"


def again(run: Path) -> list[object]:
    """The command that made the run."""
    return [run.parent / "flows.h5", "--config", run.parent / "small.toml", "--run-dir", run,
            "--fold", "0-1"]  # fmt: skip


@pytest.mark.parametrize("program", ["German spreadsheet", "rounded", "mark alone"])
def test_the_runs_own_file_is_pooled_again_and_nothing_is_trained(
    run: Path, command: Command, raicl: Raicl, program: str, capfd: Any
) -> None:
    path = run / "predictions.csv"
    before = path.read_bytes()
    weights = {p: p.stat().st_mtime_ns for p in run.rglob("weights.safetensors")}
    path.write_bytes(PROGRAMS[program][0](before))
    answer = raicl("report", run, "--out", run.parent / "report.html")
    assert answer.code == 3
    assert "saved by another program" in answer.err
    assert "the folds' own files are whole" in answer.err
    assert "trains nothing" in answer.err
    path.unlink()
    assert command(*again(run)) == 0
    assert "2 of 2 folds are finished already" in capfd.readouterr().err
    assert path.read_bytes() == before
    assert {p: p.stat().st_mtime_ns for p in run.rglob("weights.safetensors")} == weights


@pytest.mark.parametrize("program", ["German spreadsheet", "rounded", "ends of lines alone"])
def test_a_folds_file_comes_back_from_the_runs(
    run: Path, command: Command, program: str, capfd: Any
) -> None:
    path = run / "folds/casme2/sub02/predictions.csv"
    before = path.read_bytes()
    done = (run / "folds/casme2/sub02/done.json").read_bytes()
    path.write_bytes(PROGRAMS[program][0](before))
    capfd.readouterr()
    assert command(*again(run)) == 3
    error = capfd.readouterr().err
    assert "saved by another program, with " in error
    assert f"{run / 'predictions.csv'} holds the same rows" in error
    assert "nothing is trained again" in error
    # what the message says
    lines = (run / "predictions.csv").read_text().splitlines(keepends=True)
    own = [line for line in lines[1:] if line.startswith("casme2/sub02/")]
    path.write_text("".join([lines[0], *own]))
    assert path.read_bytes() == before
    assert command(*again(run)) == 0
    assert (run / "folds/casme2/sub02/done.json").read_bytes() == done


def test_without_a_copy_the_way_is_named(run: Path, raicl: Raicl) -> None:
    pooled, own = run / "predictions.csv", run / "folds/casme2/sub02/predictions.csv"
    for path in (pooled, own):
        path.write_bytes(PROGRAMS["rounded"][0](path.read_bytes()))
    answer = raicl("compare", run, run.parent / "other")
    assert answer.code == 3
    assert "those of folds casme2/sub02 are damaged too" in answer.err
    answer = raicl("train", *again(run))
    assert answer.code == 3
    assert "fix: remove it, and type the run's raicl-train command again" in answer.err
    pooled.unlink()
    answer = raicl("train", *again(run))
    assert answer.code == 3
    assert "put a copy of the file back; without one, remove the fold's folder" in answer.err
