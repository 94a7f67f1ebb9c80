"""A frame that cannot be used fails its clip; the cache holds the others."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from tests.preprocess.bad_inputs import (
    QUICK,
    Change,
    Type,
    case,
    picture,
    refused,
    write_database,
)


def frame(content: bytes | Callable[[bytes], bytes], suffix: str = ".png") -> Change:
    """Other bytes for a frame in the middle of a clip."""

    def change(root: Path) -> None:
        path = root / "anna" / "smile" / "img11.png"
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        path.unlink()
        whole = cv2.imencode(suffix, image)[1].tobytes()
        made = content if isinstance(content, bytes) else content(whole)
        path.with_suffix(suffix).write_bytes(made)

    return change


def encoded(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def _bomb() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 40000, 40000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


DAMAGED = [
    case(
        pytest.mark.promise("input 30"),
        change=frame(b""),
        says=("a frame of zero bytes",),
        name="no bytes",
    ),
    case(
        pytest.mark.promise("input 31"),
        change=frame(lambda b: b[:-90], ".jpg"),
        says=("a truncated JPEG",),
        name="cut",
    ),
    case(
        pytest.mark.promise("input 31"),
        change=frame(lambda b: b[: len(b) // 2] + bytes(300) + b[len(b) // 2 + 300 :], ".jpg"),
        says=("a damaged JPEG",),
        name="a hole",
    ),
    case(
        pytest.mark.promise("input 32"),
        change=frame(b"dear diary", ".jpg"),
        says=("not a JPEG, PNG",),
        name="text",
    ),
    case(
        pytest.mark.promise("input 34"),
        change=frame(encoded(picture(3, (50, 64)))),
        says=("a frame of 64x50 px in a clip of 64x48",),
        name="another size",
    ),
    case(
        pytest.mark.promise("input 35"),
        change=frame(_bomb()),
        says=("picture",),
        name="40,000 x 40,000",
    ),
    case(
        pytest.mark.promise("input 35"),
        change=frame(encoded(np.zeros((3, 3), np.uint8))),
        says=("3x3 px; the least is 8 a side",),
        name="3 x 3",
    ),
]


@pytest.mark.parametrize(("change", "says"), DAMAGED)
def test_a_frame_that_cannot_be_used_fails_its_clip_alone(
    typed: Type, root: Path, change: Change, says: str
) -> None:
    change(root)
    out = root.parent / "flows.h5"
    answer = typed("folder", "--root", root, "--out", out, *QUICK)
    refused(answer, 5, "1 of 3 clips failed; the cache holds the others", "repair the clips")
    (failure,) = open_cache(out).manifest.failures
    assert failure.id == "folder/anna/smile"
    assert says in failure.reason
    assert str(root) not in failure.reason  # the index holds no path of this machine


@pytest.mark.promise("input 44")
def test_a_folder_that_may_not_be_read_costs_its_clip(typed: Type) -> None:
    with TemporaryDirectory() as folder:  # which nobody but its owner could enter in `tmp_path`
        Path(folder).chmod(0o755)
        root = write_database(Path(folder, "clips"))
        (root / "anna" / "smile").chmod(0)
        me = os.geteuid()
        try:
            if me == 0:
                os.seteuid(65534)  # the superuser may read everything
            answer = typed("folder", "--root", root, "--dry-run")
        finally:
            os.seteuid(me)
            (root / "anna" / "smile").chmod(0o755)
    assert (answer.code, answer.error) == (0, [])
    assert "its folder cannot be read: the folder cannot be read: Permission denied" in answer.out


@pytest.mark.promise("input 46")
def test_a_landmark_model_that_is_not_there_is_refused(typed: Type, root: Path) -> None:
    words = ["--out", root.parent / "flows.h5", "--landmarks", root / "none.dat", "--jobs", 1]
    refused(typed("folder", "--root", root, *words), 4, "no such landmark model", "")


@pytest.mark.promise("input 33")
def test_frames_of_any_depth_and_colour_are_read(typed: Type, root: Path) -> None:
    for path in (root / "anna" / "smile").iterdir():
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path), image.astype(np.uint16) << 4)
    for path in (root / "ben" / "brows").iterdir():
        image = cv2.imread(str(path))
        cv2.imwrite(str(path), np.dstack([image, np.full(image.shape[:2], 200, np.uint8)]))
    answer = typed("folder", "--root", root, "--out", root.parent / "flows.h5", *QUICK)
    assert (answer.code, answer.error) == (0, [])
    assert "1x bits-12" in answer.out


@pytest.mark.promise("input 40")
def test_a_clip_in_which_nothing_changes_has_no_flow_and_no_strain(typed: Type, root: Path) -> None:
    for path in (root / "anna" / "smile").iterdir():
        path.write_bytes((root / "anna" / "smile" / "img8.png").read_bytes())
    out = root.parent / "flows.h5"
    quick = [word if word != "dis" else "tvl1" for word in QUICK]
    assert typed("folder", "--root", root, "--out", out, *quick).code == 0
    cache = open_cache(out)
    record = next(r for r in cache.records if r.id == "folder/anna/smile")
    assert not cache.read(record).instances.any()


@pytest.mark.promise("input 41")
def test_names_that_are_not_unicode_stand_in_the_index_as_text(typed: Type, root: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(root.parent) + b"/d\xff\xe9"))
    root.rename(odd)
    Path(os.fsdecode(os.fsencode(odd) + b"/anna/smile/\xfe11.png")).write_bytes(b"no picture")
    (odd / "anna" / "smile" / "img11.png").unlink()
    out = odd.parent / os.fsdecode(b"o\xff.h5")
    answer = typed("folder", "--root", odd, "--out", out, *QUICK)
    assert answer.code == 5
    (failure,) = open_cache(out).manifest.failures
    assert failure.reason.isprintable()
    assert "11.png" in failure.reason
