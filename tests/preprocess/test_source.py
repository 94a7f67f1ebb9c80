"""The source: what the command line may name as input and output."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from raicl.common.errors import UsageError
from raicl.data.miniature.layouts import write_miniature
from raicl.preprocess.cli import app
from raicl.preprocess.source import refuse_input


@pytest.mark.promise("input 47")
def test_not_even_overwrite_replaces_a_file_that_is_read(tmp_path: Path) -> None:
    sheet, alias = tmp_path / "clips.csv", tmp_path / "flows.h5"
    sheet.write_text("subject,clip\n")
    alias.symlink_to(sheet)
    for out in (sheet, tmp_path / "." / "clips.csv", alias):
        with pytest.raises(UsageError, match="--out and --annotations name the same file"):
            refuse_input(out, {"--config": None, "--annotations": sheet})
    refuse_input(tmp_path / "other.h5", {"--config": None, "--annotations": sheet})


@pytest.mark.parametrize(
    ("dataset", "layout", "words"),
    [("samm", "samm", "--fold all\n"), ("casme3", "casme3a", "--fold all --protocol three\n")],
)
def test_the_command_named_next_has_a_protocol_with_a_rule_for_the_database(
    tmp_path: Path, dataset: str, layout: str, words: str
) -> None:
    write_miniature(tmp_path / "database", layout)
    out = tmp_path / "flows.h5"
    quick = ["--align", "none", "--flow", "dis", "--size", "65", "--limit", "1", "--jobs", "1"]
    command = [dataset, "--root", str(tmp_path / "database"), "--out", str(out), *quick]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.endswith(f"next: raicl-train {out} {words}")
