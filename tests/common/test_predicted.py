"""The file of predictions says the same after it was written and read."""

import json
from pathlib import Path

import pytest

from raicl.common.errors import InputError, VersionError
from raicl.common.predicted import Flag, Predicted, PredictedClip, read_predicted, write_predicted

CLIP = PredictedClip(
    clip="casme2/sub01/EP01",
    input="flows.h5",
    onset=10,
    offset=30,
    onset_s=None,
    offset_s=0.15,
    fps=200.0,
    predicted="positive",
    probabilities={"negative": 0.25, "positive": 0.75},
    said_by="the model",
    flags=(Flag(name="dark", value=20.0, limit=40.0, sentence="The face is dark."),),
    how="cache",
)
CONTENT = Predicted(
    model="model",
    kind="model",
    digest="0" * 64,
    classes=("negative", "positive"),
    use="for research only",
    clips=(CLIP,),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_predicted(tmp_path / "predictions.json", CONTENT)
    assert read_predicted(tmp_path / "predictions.json") == CONTENT


def test_a_reader_finds_the_class_by_that_name(tmp_path: Path) -> None:
    write_predicted(tmp_path / "predictions.json", CONTENT)
    [clip] = json.loads((tmp_path / "predictions.json").read_text())["clips"]
    assert clip["class"] == "positive"
    assert "predicted" not in clip
    assert clip["probabilities"] == {"negative": 0.25, "positive": 0.75}


def test_other_files_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    path.write_text("{}")
    with pytest.raises(InputError, match="the file of predictions cannot be read") as caught:
        read_predicted(path)
    assert "raicl predict" in caught.value.fix
    path.write_text('{"version": 2}')
    with pytest.raises(VersionError):
        read_predicted(path)
