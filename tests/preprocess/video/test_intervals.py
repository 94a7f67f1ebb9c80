"""Intervals by frame, by time and in a table."""

from pathlib import Path

import numpy as np
import pytest

from raicl.common.errors import InputError, UsageError
from raicl.preprocess.video.intervals import (
    Wanted,
    match_table,
    name_inputs,
    place_intervals,
    read_table,
)
from raicl.preprocess.video.recording import Recording


def recording(times: list[float] | None = None, numbers: range = range(100)) -> Recording:
    return Recording(
        given="smile.mp4",
        name="smile",
        kind="video",
        numbers=tuple(numbers),
        times=np.arange(len(numbers)) / 50 if times is None else np.array(times),
        size=(64, 64),
    )


def test_a_number_is_a_frame_and_seconds_are_the_nearest_frame() -> None:
    [found] = place_intervals(recording(), [Wanted("35", "1.411s")])
    assert (found.clip, found.onset, found.offset) == ("video/smile/35-71", 35, 71)
    assert (found.onset_s, found.offset_s, found.fps) == (0.7, 1.42, 50)


def test_times_are_those_of_the_file_where_the_rate_varies() -> None:
    times = [0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4]
    [found] = place_intervals(recording(times, range(7)), [Wanted("0.2s", "0.4s")])
    assert (found.onset, found.offset, found.fps) == (2, 6, 20)


def test_frames_of_a_folder_keep_their_numbers() -> None:
    [found] = place_intervals(recording(numbers=range(46, 146)), [Wanted("46", "0.5s")])
    assert (found.onset, found.offset, found.onset_s) == (46, 71, 0)


@pytest.mark.parametrize(
    ("onset", "offset", "said"),
    [
        ("5", "5", "the onset 5 is not before the offset 5"),
        ("9", "0.1s", "is not before"),
        ("5", "100", "the offset 100 is past the end"),
        ("2.1s", "3s", "the onset 2.1s is past the end"),
        ("five", "9", "'five' is neither a frame nor a time"),
        ("-1", "9", "neither a frame nor a time"),
        ("1e3s", "9", "neither a frame nor a time"),
    ],
)
def test_what_is_not_in_the_recording_is_refused(onset: str, offset: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        place_intervals(recording(), [Wanted(onset, offset)])
    assert caught.value.where == "smile.mp4"
    assert caught.value.fix
    with pytest.raises(InputError, match=said) as caught:
        place_intervals(recording(), [Wanted(onset, offset, place="table.csv:3")])
    assert caught.value.where == "table.csv:3"


def test_rows_find_their_inputs_by_path_name_or_stem(tmp_path: Path) -> None:
    videos = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for path in videos:
        path.touch()
    table = tmp_path / "t.csv"
    table.write_text(f"offset;onset;input;name\n9;1;a;grin\n0.5s;2;b.mp4;\n7;3;{videos[0]};\n")
    inputs = [str(path) for path in videos]
    found = match_table(read_table(table), inputs, table)
    assert [(w.onset, w.offset, w.name) for w in found[inputs[0]]] == [
        ("1", "9", "grin"),
        ("3", "7", ""),
    ]
    assert [w.offset for w in found[inputs[1]]] == ["0.5s"]
    alone = match_table(read_table(table)[:2], [], table)
    assert set(alone) == {str(tmp_path / "a"), str(tmp_path / "b.mp4")}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("c.mp4,1,9", "fits no input"),
        ("a,1,9", "no row for .*b.mp4"),
        ("a,,9", "a row without onset"),
        ("", "a table without intervals"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    inputs = []
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
        inputs.append(str(tmp_path / name))
    table = tmp_path / "t.csv"
    table.write_text(f"input,onset,offset\n{rows}\n")
    with pytest.raises(InputError, match=said) as caught:
        match_table(read_table(table), inputs, table)
    assert caught.value.where.startswith(str(table))


def test_inputs_of_one_name_are_two_subjects(tmp_path: Path) -> None:
    paths = [str(tmp_path / folder / "smile.mp4") for folder in "ab"]
    assert list(name_inputs(paths).values()) == ["smile", "smile-2"]
    with pytest.raises(UsageError, match="given twice"):
        name_inputs([paths[0], paths[0]])


def test_two_intervals_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two intervals are called video/smile/x"):
        place_intervals(recording(), [Wanted("1", "5", "x"), Wanted("7", "9", "x")])
