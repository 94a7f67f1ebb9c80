"""The controls of `raicl-train`: what they say, and that nobody takes them for real runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.plan import shuffle_labels
from raicl.train.report.compare import compare
from raicl.train.report.page import write_page
from raicl.train.run.outcome import read_outcomes
from raicl.train.scores.predictions import read_predictions
from tests.train.conftest import Command

SHUFFLE = ["--control", "shuffle-labels"]


def test_a_control_says_so_in_text_files_and_report(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options, *SHUFFLE) == 0
    out = capfd.readouterr().out
    assert out.startswith("CONTROL: labels shuffled between clips\n9 clips of 3 subjects")
    assert next(line for line in out.splitlines() if line.startswith("UAR")).endswith(
        "; chance 0.3333"
    )
    run = tmp_path / "run"
    results = json.loads((run / "results.json").read_text())
    assert (results["control"], results["chance_uar"]) == ("shuffle-labels", 1 / 3)
    assert 'control = "shuffle-labels"' in (run / "config.toml").read_text()
    rows, _ = read_predictions(run / "predictions.csv")
    labels = shuffle_labels(compose([flows], load_protocol("cde")), 0).labels
    assert {row.clip: row.truth for row in rows} == labels
    pytest.importorskip("jinja2")
    write_page(tmp_path / "page.html", read_outcomes([run]), faces=False)
    page = (tmp_path / "page.html").read_text()
    assert "CONTROL: labels shuffled between clips:</strong> run run says nothing" in page
    assert 'id="published"' not in page


def test_a_control_is_neither_continued_as_nor_compared_with_a_real_run(
    tmp_path: Path,
    flows: Path,
    config: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(flows, *options) == 0
    capfd.readouterr()
    assert command(flows, *options, *SHUFFLE) == 6
    assert "control = 'none', now 'shuffle-labels'" in capfd.readouterr().err
    plain = ["--config", config, "--no-pictures"]
    assert command(flows, *plain, *SHUFFLE) == 0
    [control] = (tmp_path / "runs").iterdir()
    assert control.name.startswith("casme2-cde-shuffle-labels-")
    with pytest.raises(InputError, match="is a control, whose labels are shuffled"):
        compare(read_outcomes([tmp_path / "run", control]))


def test_a_real_run_says_none(
    flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options, "--fold", "#0", "--json") == 0
    results = json.loads(capfd.readouterr().out)
    assert results["control"] == "none"
    assert results["chance_uar"] is None
