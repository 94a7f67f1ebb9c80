"""`raicl-prep video` as a user types it: what it writes, and what it refuses to."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from raicl.common.cache.flows import open_cache
from raicl.common.errors import ConflictError, InputError, RaiclError, UsageError
from raicl.common.terminal.misuse import run
from raicl.common.video import read_videos, videos_file
from raicl.data.protocols.protocol import load_protocol
from raicl.preprocess.cli import app
from raicl.preprocess.face.models import model_file
from raicl.preprocess.face.several import find_face
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.clips import as_database
from raicl.preprocess.video.intervals import Wanted, place_intervals
from raicl.preprocess.video.recording import open_recording
from raicl.train.clips.compose import compose
from tests.preprocess.video.conftest import Write, numbered, texture

QUICK = (
    *("--n-frames", "4", "--size", "48", "--flow-warps", "1", "--flow-scales", "2"),
    *("--flow-outer", "1", "--flow-inner", "5", "--jobs", "1", "--quiet"),
)
CROPS = (*QUICK, "--align", "none")


def prep(*words: object) -> None:
    run(app, ["video", *map(str, words)])


def moving(count: int) -> list[NDArray[np.uint8]]:
    return [texture(0.2 * number) for number in range(count)]


def bump(count: int, first: int, last: int) -> list[NDArray[np.uint8]]:
    """A face that leaves its expression between two frames, and comes back."""
    time = np.clip((np.arange(count) - first) / (last - first), 0, 1)
    return [texture(2.5 * np.sin(np.pi * share) ** 2) for share in time]


def test_a_video_and_its_frames_give_the_same_instances(write: Write, tmp_path: Path) -> None:
    frames = moving(20)
    video = write("clip.mkv", frames, fps=100, code="FFV1")  # loses nothing
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"img{number}.png"), frame[..., 0])
    ends = ("--onset", "2", "--offset", "0.15s")
    prep("--input", video, *ends, "--out", tmp_path / "v.h5", *CROPS)
    prep("--input", folder, "--fps", 100, *ends, "--out", tmp_path / "f.h5", *CROPS)
    caches = [open_cache(tmp_path / name) for name in ("v.h5", "f.h5")]
    (video_clip,), (folder_clip,) = (cache.records for cache in caches)
    assert video_clip.id == "video/clip/2-15"
    assert (video_clip.clip.emotion, video_clip.clip.fps) == ("unknown", 100)
    assert video_clip.frames == folder_clip.frames
    one, two = (c.read(r).instances for c, r in zip(caches, (video_clip, folder_clip), strict=True))
    np.testing.assert_array_equal(one, two)
    assert caches[0].settings == caches[1].settings  # comparable with each other and a database


def test_compression_is_told_with_its_bits(write: Write, tmp_path: Path) -> None:
    frames = moving(20)
    for name, code, flags in (("fine.mkv", "FFV1", ()), ("coarse.mp4", "mp4v", ("compressed",))):
        video, out = write(name, frames, fps=100, code=code), tmp_path / f"{name}.h5"
        prep("--input", video, "--onset", 2, "--offset", 12, "--out", out, *CROPS)
        [told], [record] = read_videos(out).inputs, open_cache(out).records
        height, width = frames[0].shape[:2]
        bits = 8 * video.stat().st_size / (20 * width * height)
        assert told.bits_per_pixel == pytest.approx(bits, abs=1e-3)
        assert tuple(set(record.clip.flags) & {"compressed"}) == flags


def test_the_same_command_again_computes_nothing(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video, out = write("clip.mp4", moving(12)), tmp_path / "v.h5"
    for said in ("1 computed", "1 cached"):
        prep("--input", video, "--onset", 0, "--offset", 11, "--out", out, *CROPS)
        assert said in capsys.readouterr().out
    [one] = read_videos(out).inputs
    assert (one.n_frames, one.kind, one.searched, one.face) == (12, "video", False, 1)
    [interval] = one.intervals
    assert (interval.clip, interval.how, interval.score) == ("video/clip/0-11", "given", None)


def test_only_sampled_frames_are_written_and_none_is_left(write: Write, tmp_path: Path) -> None:
    recording = open_recording(str(write("c.mp4", numbered(40))), name="c", fps=None)
    [interval] = place_intervals(recording, [Wanted("0", "39")])
    settings = PrepSettings(n_frames=4, align="none")
    with as_database([(recording, [interval])], settings, 1) as database:
        [item] = database.footage
        written = [frame.number for frame in item.frames if frame.path.is_file()]
        assert written == [0, 17, 18, 19, 20]
        place = item.frames[0].path.parent
    assert not place.exists()


def test_an_interval_is_proposed_where_something_moved(write: Write, tmp_path: Path) -> None:
    video, out = write("v.avi", bump(60, 25, 37), code="FFV1"), tmp_path / "v.h5"
    prep("--input", video, "--out", out, *CROPS)
    [one] = read_videos(out).inputs
    [interval] = one.intervals
    assert interval.how == "proposed"
    assert interval.score is not None
    assert interval.score > 1
    assert 22 <= interval.onset <= 29
    assert 33 <= interval.offset <= 40
    assert one.intensity is not None
    assert one.noise_floor is not None
    assert max(one.intensity.values) == pytest.approx(interval.score * one.noise_floor, rel=0.01)
    assert [record.id for record in open_cache(out).records] == [interval.clip]


def test_nothing_moved_is_an_answer(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video, out = write("still.mp4", [texture()] * 40), tmp_path / "v.h5"
    prep("--input", video, "--out", out, *CROPS)
    assert "nothing moved" in capsys.readouterr().out
    assert not out.exists()
    videos = read_videos(out)
    assert videos.inputs[0].nothing_moved
    assert videos.intervals == ()
    out.write_text("an earlier cache")
    with pytest.raises(ConflictError, match="nothing moved"):
        prep("--input", video, "--out", out, *CROPS)


def test_a_lasting_change_and_a_drift_are_no_interval(write: Write, tmp_path: Path) -> None:
    time = np.arange(60)
    step = [texture(2 * float(t >= 30)) for t in time]
    drift = [texture(0.05 * t) for t in time]
    for number, frames in enumerate((step, drift)):
        out = tmp_path / f"{number}.h5"
        prep("--input", write(f"{number}.mkv", frames, code="FFV1"), "--out", out, *CROPS)
        assert read_videos(out).inputs[0].nothing_moved


def test_stage_2_says_that_own_videos_have_no_emotion(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "v.h5"
    prep("--input", write("c.mp4", moving(8)), *("--onset", 0, "--offset", 7), "--out", out, *CROPS)
    with pytest.raises(InputError, match="no emotion") as caught:
        compose([out], load_protocol("cde"))
    assert "raicl predict MODEL" in caught.value.fix


def pair(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two people, the right one smaller."""
    small = cv2.resize(portrait, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    frame = np.full((240, 320 + small.shape[1], 3), 90, np.uint8)
    frame[:, :320] = portrait
    frame[30 : 30 + len(small), 320:] = small
    return frame


def test_faces_are_counted_by_size(portrait: NDArray[np.uint8]) -> None:
    grey = cv2.cvtColor(pair(portrait), cv2.COLOR_BGR2GRAY)
    model = model_file("dlib68")
    large, _ = find_face(grey, model, 1)
    small, _ = find_face(grey, model, 2)
    assert large[:, 0].max() < 320 < small[:, 0].min()
    assert np.ptp(large[:, 0]) > 1.2 * np.ptp(small[:, 0])
    with pytest.raises(InputError, match="no face 3 in the onset frame, where 2 can be seen"):
        find_face(grey, model, 3)


def test_the_face_that_is_asked_for_is_prepared(
    write: Write, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    video = write("pair.mp4", [pair(portrait)] * 6)
    distances = []
    for face in (1, 2):
        out = tmp_path / f"{face}.h5"
        ends = ("--onset", 0, "--offset", 5)
        prep("--input", video, *ends, "--face", face, "--out", out, *QUICK)
        [record] = open_cache(out).records
        assert record.quality is not None
        assert record.quality.eye_distance is not None
        distances.append(record.quality.eye_distance)
        [one] = read_videos(out).inputs
        assert (one.face, one.faces) == (face, 2)
    assert distances[1] == pytest.approx(0.75 * distances[0], rel=0.06)


@pytest.mark.slow  # the last detector looks for a face in a wall from four sides
def test_one_interval_without_a_face_costs_one_interval(
    write: Write, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    blank = np.full_like(portrait, 80)
    video, out = write("v.mp4", [portrait] * 6 + [blank] * 6), tmp_path / "v.h5"
    table = tmp_path / "t.csv"
    table.write_text("input,onset,offset,name\nv,0,5,face\nv,6,11,wall\n")
    ends = ("--intervals", table, "--max-failures", 1)
    prep("--input", video, *ends, "--out", out, *QUICK)
    [one] = read_videos(out).inputs
    assert [interval.clip for interval in one.intervals] == ["video/v/face"]
    [failure] = one.failures
    assert failure.interval.clip == "video/v/wall"
    assert "no face" in failure.reason


def bad_inputs(write: Write, tmp_path: Path) -> dict[str, tuple[tuple[object, ...], int]]:
    """Command lines that must fail, and their exit codes."""
    ends = ("--onset", 1, "--offset", 5)
    video = write("wall.mp4", [np.full((60, 80, 3), 80, np.uint8)] * 8)
    text = tmp_path / "text.mp4"
    text.write_text("no video " * 99)
    half = write("half.mp4", numbered(30))
    half.write_bytes(half.read_bytes()[:900])
    (tmp_path / "folder").mkdir()
    return {
        "no face": (("--input", video, *ends), 3),
        "no face in the frames": (("--input", video), 3),
        "without a frame": (("--input", write("zero.mp4", []), *ends), 3),
        "truncated": (("--input", half, *ends), 3),
        "not an mp4": (("--input", text, *ends), 3),
        "folder without frames": (("--input", tmp_path / "folder", "--fps", 30, *ends), 3),
        "there is no such video": (("--input", tmp_path / "none.mp4", *ends), 3),
        "past the end": (("--input", video, "--onset", 1, "--offset", 8), 2),
        "not before": (("--input", video, "--onset", 5, "--offset", 5), 2),
        "--offset is missing": (("--input", video, "--onset", 5), 2),
        "--input is missing": ((), 2),
        "is no frame rate": (("--input", video, "--fps", "inf", *ends), 2),
        "belongs to databases": (("--input", video, *ends, "--limit", 3), 2),
    }


def test_a_bad_input_is_one_error_and_nothing_is_written(write: Write, tmp_path: Path) -> None:
    cases = bad_inputs(write, tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    for said, (words, code) in cases.items():
        with pytest.raises(RaiclError, match=said) as caught:
            prep(*words, "--out", out / "v.h5", *QUICK)
        assert caught.value.exit_code == code, said
        assert caught.value.fix, said
        assert "\n" not in caught.value.what
        assert list(out.iterdir()) == [], said


def test_options_of_videos_are_refused_for_databases() -> None:
    with pytest.raises(UsageError, match="--onset belongs to own videos"):
        run(app, ["casme2", "--onset", "3", "--out", "x.h5"])


def test_a_folder_of_frames_is_never_written_into(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, frame in enumerate(moving(6)):
        cv2.imwrite(str(folder / f"img{number}.png"), frame)
    with pytest.raises(UsageError, match="is an input or lies in one"):
        prep("--input", folder, "--fps", 30, "--out", folder / "v.h5", *CROPS)
    with pytest.raises(UsageError, match="a folder of frames has no frame rate"):
        prep("--input", folder, "--out", tmp_path / "v.h5", *CROPS)
    assert not videos_file(tmp_path / "v.h5").exists()
