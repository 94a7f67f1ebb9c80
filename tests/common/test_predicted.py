"""The file of predictions says the same after it was written and read."""

import json
from pathlib import Path

import pytest

from raicl.common.errors import InputError, VersionError
from raicl.common.predicted import (
    PredictedClip,
    PredictedFlag,
    Predictions,
    read_predicted,
)
from raicl.common.versioned import write_versioned

CLIP = PredictedClip(
    clip="casme2/sub01/EP01",
    input="flows.h5",
    onset=10,
    offset=30,
    offset_s=0.15,
    fps=200.0,
    class_name="positive",
    probabilities={"negative": 0.25, "positive": 0.75},
    flags=(PredictedFlag(name="dark", value=20.0, limit=40.0, sentence="The face is dark."),),
    how="cache",
)


def test_what_is_written_is_read_and_the_class_has_that_name(tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    content = Predictions(clips=(CLIP,), classes=("negative", "positive"))
    write_versioned(path, content)
    assert read_predicted(path) == content
    [clip] = json.loads(path.read_text())["clips"]
    assert clip["class"] == "positive"
    assert "class_name" not in clip


def test_other_files_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    path.write_text('{"version": 1}')
    with pytest.raises(InputError, match="the predictions cannot be read: it lacks clips"):
        read_predicted(path)
    path.write_text('{"version": 2}')
    with pytest.raises(VersionError):
        read_predicted(path)
