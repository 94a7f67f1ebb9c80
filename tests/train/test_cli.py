import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from raicl.train.settings import TrainSettings
from tests.train.conftest import Command, MakeCache


def test_precedence_is_preset_file_environment_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raicl.train.settings.presets import merge_settings

    path = tmp_path / "c.toml"
    path.write_text("epochs = 7\nseed = 7\nlr = 0.7\n")
    monkeypatch.setenv("RAICL_SEED", "8")
    monkeypatch.setenv("RAICL_LR", "0.8")
    settings = merge_settings("tiny", path, {"lr": 0.9})
    assert (settings.epochs, settings.seed, settings.lr) == (7, 8, 0.9)
    assert settings.size != TrainSettings().size  # the preset's, which nothing overrides


def test_list_folds_trains_nothing(
    tmp_path: Path, flows: Path, command: Command, capfd: Any
) -> None:
    assert command(flows, "--list-folds", "--run-dir", tmp_path / "run") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split() == ["row", "subject", "clips", "negative", "positive", "surprise"]
    assert lines[2].split() == ["1", "casme2/sub02", "3", "1", "1", "1"]
    assert command(flows, "--list-folds", "--json") == 0
    assert json.loads(capfd.readouterr().out)[1]["subject"] == "casme2/sub02"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "subjects"),
    [
        (["sub02"], ["sub02"]),
        (["#2", "sub01"], ["sub01", "sub03"]),
        (["1-2"], ["sub02", "sub03"]),
        (["all"], ["sub01", "sub02", "sub03"]),
    ],
)
def test_list_folds_lists_those_that_are_asked_for(
    flows: Path, command: Command, capfd: Any, asked: list[str], subjects: list[str]
) -> None:
    words = [word for value in asked for word in ("--fold", value)]
    assert command(flows, "--list-folds", "--json", *words) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [row["subject"] for row in rows] == [f"casme2/{name}" for name in subjects]
    assert [row["row"] for row in rows] == [int(name[-1]) - 1 for name in subjects]


def test_list_folds_refuses_an_unknown_subject(flows: Path, command: Command, capfd: Any) -> None:
    assert command(flows, "--list-folds", "--fold", "SUB01") == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "did you mean casme2/sub01" in shown.err


@pytest.mark.promise("fault 24", "input 76")
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:9", "mps"])
def test_a_device_that_is_absent_is_not_replaced(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any, device: str
) -> None:
    assert command(flows, *options, "--device", device) == 4
    assert f"--device {device}" in capfd.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.promise("input 61", "input 63", "input 65", "input 66", "input 67", "input 75")
@pytest.mark.promise("goal 8")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--fold", ""], 2, "empty part"),
        (["--fold", "all,sub01"], 2, "stands alone"),
        (["--fold", "sub99"], 2, "no such subject"),
        (["--fold", "sub01", "--fold", "sub01"], 2, "twice"),
        (["--epochs", "0"], 2, "epochs"),
        (["--batch-size", "1"], 2, "batch_size"),
        (["--lr", "0"], 2, "lr"),
        (["--lr", "-1"], 2, "lr"),
        (["--lr", "nan"], 2, "lr"),
        (["--lr", "inf"], 2, "lr"),
        (["--seed", "-1"], 2, "seed"),
        (["--seed", str(2**32)], 2, "seed"),
        (["--protocol", "nine"], 2, "nine"),
        (["--preset", "none"], 2, "no such preset"),
        (["--device", "tpu"], 2, "no such device"),
        (["--config", "absent.toml"], 3, "cannot read the configuration"),
    ],
)
@pytest.mark.promise("input 61", "input 63", "input 64")
def test_wrong_options_fail_in_a_line_before_any_work(
    tmp_path: Path,
    flows: Path,
    command: Command,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(flows, *arguments) == code
    error = capfd.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "runs").exists()


@pytest.mark.promise("input 68", "input 69")
@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (b"epoch = 3\n", 2, "did you mean `epochs`?"),
        (b"epochs = 'many'\n", 2, "epochs = 'many'"),
        (b"\xff\xfe", 3, "not a TOML file"),
        (b"epochs = \n", 3, "not a TOML file"),
        (b"epochs = [3\n", 3, "not a TOML file"),
        (b"[train]\nepochs = 3\n", 2, "unknown setting `train`"),
        (b"epochs = true\n", 2, "epochs = true: it is no switch"),
        (b"imbalance = false\n", 2, "imbalance = false: it is no switch"),
        (b"irc = 'perhaps'\n", 2, "irc = 'perhaps'"),
        (b"seed = 1.5\n", 2, "seed = 1.5"),
        (b"lr = [0.1]\n", 2, "lr = [0.1]"),
        (b"fold = 'sub01'\n", 2, "unknown setting `fold`"),
        ("seed = 1 # f\xfcr\n".encode("latin-1"), 3, "not a TOML file"),
        ("seed = 1".encode("utf-16"), 3, "not a TOML file"),
    ],
)
@pytest.mark.promise("input 68", "input 69")
def test_a_wrong_configuration_names_the_file(
    tmp_path: Path,
    flows: Path,
    command: Command,
    capfd: Any,
    text: bytes,
    code: int,
    message: str,
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_bytes(text)
    assert command(flows, "--config", path) == code
    error = capfd.readouterr().err
    assert message in error
    assert str(path) in error


def foreign(path: Path, flows: Path) -> None:
    with h5py.File(path, "w") as file:
        file["features"] = np.zeros(3)


def truncated(path: Path, flows: Path) -> None:
    path.write_bytes(flows.read_bytes()[:-100])


def text(path: Path, flows: Path) -> None:
    path.write_text("not hdf5")


def folder(path: Path, flows: Path) -> None:
    path.mkdir()


def absent(path: Path, flows: Path) -> None:
    pass


@pytest.mark.promise("input 52", "input 53", "input 54", "fault 14")
@pytest.mark.parametrize("make", [foreign, truncated, text, folder, absent])
def test_what_is_no_cache_ends_with_3_and_the_path(
    tmp_path: Path,
    flows: Path,
    command: Command,
    capfd: Any,
    make: Callable[[Path, Path], None],
) -> None:
    path = tmp_path / "bad.h5"
    make(path, flows)
    assert command(path) == 3
    error = capfd.readouterr().err
    assert str(path) in error
    assert len(error.strip().splitlines()) <= 3


@pytest.mark.promise("input 57", "input 58")
@pytest.mark.parametrize(
    ("options_", "message"),
    [
        ({"subjects": 1}, "needs two subjects"),
        ({"emotions": ["surprise"]}, "needs clips of two classes"),
    ],
)
@pytest.mark.promise("input 57", "input 58")
def test_data_that_cannot_be_cross_validated_ends_with_3(
    tmp_path: Path,
    command: Command,
    capfd: Any,
    make_cache: MakeCache,
    options_: dict[str, Any],
    message: str,
) -> None:
    assert command(make_cache(tmp_path / "few.h5", **options_)) == 3
    error = capfd.readouterr().err
    assert message in error
    assert [line.split(":")[0].strip() for line in error.splitlines()] == ["error", "where", "fix"]


@pytest.mark.promise("fault 28", "goal 9")
def test_help_answers_within_a_second_and_names_the_doctor() -> None:
    code = (
        "import sys; sys.argv = ['raicl-train', '--help']\n"
        "from raicl.train.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'torch', 'torchvision', 'cv2', 'dlib', 'h5py', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # processor time: what else runs on a test machine must not fail this
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
    assert "raicl-train flows.h5 --fold all" in done.stdout
    assert "raicl doctor" in done.stdout.strip()[-200:]
