"""The source: what the command line may name as input and output."""

from pathlib import Path

import pytest

from raicl.common.errors import UsageError
from raicl.preprocess.source import refuse_input


def test_not_even_overwrite_replaces_a_file_that_is_read(tmp_path: Path) -> None:
    sheet, alias = tmp_path / "clips.csv", tmp_path / "flows.h5"
    sheet.write_text("subject,clip\n")
    alias.symlink_to(sheet)
    for out in (sheet, tmp_path / "." / "clips.csv", alias):
        with pytest.raises(UsageError, match="--out and --annotations name the same file"):
            refuse_input(out, {"--config": None, "--annotations": sheet})
    refuse_input(tmp_path / "other.h5", {"--config": None, "--annotations": sheet})
