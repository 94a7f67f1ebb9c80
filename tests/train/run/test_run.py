import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from raicl.common.cache.flows import open_cache
from raicl.train.fold.checkpoint import load_tensors
from raicl.train.inputs.geometry import mirror_instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.model.network import Classifier
from raicl.train.scores.predictions import read_predictions
from raicl.train.scores.summary import summarise
from raicl.train.settings import TrainSettings
from tests.train.conftest import Command, MakeCache


def test_all_folds_end_in_scores_on_stdout_and_a_line_per_fold_on_stderr(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, "--fold", "all", *options) == 0
    shown = capfd.readouterr()
    run = tmp_path / "run"
    for text in ("UF1 ", "UAR ", "95 % interval", "negative", "last epoch", "cpu (", str(run)):
        assert text in shown.out
    assert "partial" not in shown.out
    for index in (1, 2, 3):
        assert f"[{index}/3] casme2/sub0{index}  3 clips  acc " in shown.err
        folder = run / "folds" / "casme2" / f"sub0{index}"
        assert sorted(path.name for path in folder.iterdir()) == [
            "done.json",
            "lock",
            "log.csv",
            "log.jsonl",
            "predictions.csv",
            "regions.safetensors",
            "weights.safetensors",
        ]
        log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        assert [row["epoch"] for row in log] == [1, 2]
        assert {"loss", "lr", "seconds"} < set(log[0])
    assert "UF1" in shown.out
    assert "acc" in (run / "run.log").read_text()
    environment = json.loads((run / "env.json").read_text())
    assert environment["versions"]["torch"] == torch.__version__.split("+")[0]


def test_predictions_alone_reproduce_the_results(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, "--json", *options) == 0
    printed = json.loads(capfd.readouterr().out)
    run = tmp_path / "run"
    results = json.loads((run / "results.json").read_text())
    assert printed == results
    rows, classes = read_predictions(run / "predictions.csv")
    again = summarise(rows, classes, seed=results["seed"]).model_dump(mode="json")
    assert sum(row["clips"] for row in again["strata"].values()) == len(rows)
    assert again == {key: results[key] for key in again}
    assert sorted(row.clip for row in rows) == sorted(r.id for r in open_cache(flows).records)


@pytest.mark.promise("fault 20")
def test_finished_folds_are_not_computed_again_and_the_rest_completes_the_run(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
) -> None:
    folds = tmp_path / "run/folds"
    seen: dict[str, int] = {}

    def trained() -> list[str]:
        """The folds whose log has been written since the last call."""
        times = {log.parent.name: log.stat().st_mtime_ns for log in folds.glob("casme2/*/log.csv")}
        new = sorted(subject for subject, time in times.items() if seen.get(subject) != time)
        seen.update(times)
        return new

    assert command(flows, "--fold", "#2,sub01", *options) == 0
    assert capfd.readouterr().out.startswith("partial, 2 of 3 subjects")
    assert trained() == ["sub01", "sub03"]
    before = (folds / "casme2/sub03/weights.safetensors").read_bytes()
    assert command(flows, *options) == 0
    shown = capfd.readouterr()
    assert trained() == ["sub02"]
    assert "2 of 3 folds are finished already" in shown.err
    assert "partial" not in shown.out
    assert command(flows, *options) == 0
    assert trained() == []
    assert (folds / "casme2/sub03/weights.safetensors").read_bytes() == before
    assert command(flows, "--overwrite", "--fold", "sub03", *options) == 0
    assert trained() == ["sub03"]
    assert capfd.readouterr().out.count("partial, 1 of 3 subjects") == 1
    # a fold's result does not depend on which folds were trained before it
    assert (folds / "casme2/sub03/weights.safetensors").read_bytes() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_folds_at_the_same_time_give_what_folds_in_turn_give(
    tmp_path: Path, flows: Path, config: Path, command: Command, capfd: Any, threads: int
) -> None:
    common = [flows, "--config", config, "--no-pictures", "--threads", threads]
    assert command(*common, "--run-dir", tmp_path / "turn") == 0
    capfd.readouterr()
    assert command(*common, "--run-dir", tmp_path / "together", "--jobs", 2) == 0
    shown = capfd.readouterr().err
    assert all(f"[{row}/3] casme2/sub0{row}  3 clips" in shown for row in (1, 2, 3))
    weights = [f"folds/casme2/sub0{row}/weights.safetensors" for row in (1, 2, 3)]
    for name in ("predictions.csv", *weights):
        turn, together = (tmp_path / run / name for run in ("turn", "together"))
        assert together.read_bytes() == turn.read_bytes()


@pytest.mark.promise("fault 22")
def test_folds_that_fail_in_processes_of_their_own_are_named(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options, "--lr", 1e30, "--jobs", 2) == 5
    shown = capfd.readouterr().err
    assert all(f"fold casme2/sub0{row}: the loss is not finite" in shown for row in (1, 2, 3))
    assert "Traceback" not in shown


@pytest.mark.promise("fault 21", "input 70")
def test_another_experiment_in_the_same_folder_is_refused_with_the_differing_keys(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    make_cache: MakeCache,
) -> None:
    assert command(flows, "--fold", "#0", *options) == 0
    capfd.readouterr()
    assert command(flows, "--fold", "#0", *options, "--lr", 0.5, "--seed", 3) == 6
    error = capfd.readouterr().err
    assert "lr = 0.001, now 0.5" in error
    assert "seed = 0, now 3" in error
    assert "width" not in error
    other = make_cache(tmp_path / "other.h5", seed=1)
    assert command(other, "--fold", "#0", *options) == 6
    assert "cache " in capfd.readouterr().err
    assert command(flows, "--fold", "#0", *options) == 0
    assert "begun with" not in capfd.readouterr().err
    assert command(flows, "--fold", "#0", *options, "--threads", 2) == 0
    assert "begun with 1 thread and goes on with 2" in capfd.readouterr().err


def test_a_folder_with_something_else_is_not_touched(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.txt").write_text("dear")
    for extra in ([], ["--overwrite"]):
        assert command(flows, *options, *extra) == 6
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_the_default_folder_changes_with_settings_and_cache_and_not_with_threads(
    tmp_path: Path,
    flows: Path,
    config: Path,
    command: Command,
    make_cache: MakeCache,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ["--config", config, "--fold", "#0", "--no-pictures", "--epochs", 1]
    other = make_cache(tmp_path / "other.h5", seed=1)
    names = []
    for arguments in ([flows], [flows, "--threads", 2], [flows, "--seed", 1], [other]):
        assert command(*arguments, *common) == 0
        names.append({path.name for path in (tmp_path / "runs").iterdir()})
    assert [len(found) for found in names] == [1, 1, 2, 3]
    assert all(name.startswith("casme2-cde-") and len(name) == 19 for name in names[-1])


def test_the_config_of_a_run_can_be_fed_back(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    assert command(flows, "--fold", "#0", *options, "--seed", 5) == 0
    back = ["--config", tmp_path / "run/config.toml", "--run-dir", tmp_path / "run"]
    assert command(flows, "--fold", "#0", "--no-pictures", *back) == 0
    again = ["--config", tmp_path / "run/config.toml", "--run-dir", tmp_path / "again"]
    assert command(flows, "--fold", "#0", "--no-pictures", *again) == 0
    one, two = ((tmp_path / name / "config.toml").read_bytes() for name in ("run", "again"))
    assert one == two
    one, two = ((tmp_path / name / "predictions.csv").read_bytes() for name in ("run", "again"))
    assert one == two


@pytest.mark.promise("input 59")
def test_a_class_absent_from_a_training_fold_is_noted(
    tmp_path: Path, options: list[object], command: Command, capfd: Any, make_cache: MakeCache
) -> None:
    flows = make_cache(tmp_path / "two.h5", emotions=["disgust", "happiness"])
    assert command(flows, "--fold", "#0", *options) == 0
    assert "note: fold casme2/sub01 trains without surprise" in capfd.readouterr().err


def test_a_composite_has_a_row_per_database(
    tmp_path: Path, options: list[object], command: Command, capfd: Any, make_cache: MakeCache
) -> None:
    caches = [make_cache(tmp_path / f"{n}.h5", dataset=n, subjects=2) for n in ("samm", "casme2")]
    assert command(*caches, *options, "--epochs", 1) == 0
    out = capfd.readouterr().out
    assert "samm" in out
    assert "casme2" in out
    rows, _ = read_predictions(tmp_path / "run/predictions.csv")
    assert len({row.subject for row in rows}) == 4
    assert [row.subject for row in rows] == sorted(row.subject for row in rows)


def test_pictures_are_drawn_where_matplotlib_is_installed(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("matplotlib")
    run = tmp_path / "run"
    assert command(flows, "--fold", "#0", *options, "--pictures") == 0
    assert "pictures are left out" not in capfd.readouterr().err
    for path in (run / "confusion.png", run / "folds/casme2/sub01/attention.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    assert command(flows, "--fold", "#0", *options, "--pictures", "--overwrite") == 0
    assert "raicl[demo]" in capfd.readouterr().err
    assert not list(run.rglob("*.png"))


def test_what_is_tested_is_saved_and_every_clip_keeps_one_row(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    small: TrainSettings,
) -> None:
    chosen = ["--imbalance", "logit-adjustment", "--infer", "mean", "--flip-average"]
    target = ["--infer-network", "target"]
    assert command(flows, "--fold", "#0", *options, *chosen, *target) == 0
    folder = tmp_path / "run/folds/casme2/sub01"
    rows, _ = read_predictions(folder / "predictions.csv")
    assert [row.clip for row in rows] == [f"casme2/sub01/EP0{n}" for n in (1, 2, 3)]
    done = json.loads((folder / "done.json").read_text())
    assert (done["network"], done["class_counts"]) == ("target", [2, 2, 2])
    classifier = Classifier(small, 3)
    classifier.load_state_dict(load_tensors(folder / "weights.safetensors"))
    cache = open_cache(flows)
    scale = Scale(**done["scale"])
    for row in rows:
        record = next(record for record in cache.records if record.id == row.clip)
        raw = torch.from_numpy(cache.read(record).instances).float()
        both = torch.cat([apply_scale(x, scale) for x in (raw, mirror_instances(raw))])
        with torch.no_grad():
            expected = classifier.eval()(both).softmax(-1).mean(0)
        # the file keeps six digits
        assert row.probabilities == pytest.approx(expected.tolist(), abs=2e-6)
        # of several tested instances the mean, in px of the crop
        assert row.motion_px == pytest.approx(raw[:, :2].norm(dim=1).mean().item(), abs=1e-6)
