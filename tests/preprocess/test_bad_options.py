"""A wrong option or settings file is refused in words before anything is computed."""

from pathlib import Path

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from tests.preprocess.bad_inputs import (
    QUICK,
    Change,
    Type,
    case,
    refused,
)


def _into(root: Path) -> list[object]:
    return ["--out", root / "flows.h5"]


OPTIONS = [
    case(
        pytest.mark.promise("input 47"),
        change=_into,
        says=("--out is inside the database", "outside"),
        name="out inside",
    ),
    case(
        pytest.mark.promise("input 47"),
        change=lambda root: ["--out", root / "clips.csv", "--annotations", root / "clips.csv"],
        says=("--out and --annotations name the same file", "another --out"),
        name="out is the sheet",
    ),
    *(
        case(
            pytest.mark.promise("input 48"),
            change=lambda _, n=n: ["--n-frames", n],
            says=(words, ""),
            name=f"{n} frames",
        )
        for n, words in (
            (0, "n_frames = 0"),
            (-1, "n_frames = -1"),
            ("1e9", "'--n-frames': Input should be a valid integer"),
        )
    ),
    *(
        case(
            pytest.mark.promise("input 49"),
            change=lambda _, n=n: ["--size", n],
            says=(f"size = {n}", ""),
            name=f"{n} px",
        )
        for n in (0, 31, 10**9)
    ),
    *(
        case(
            pytest.mark.promise("input 50"),
            change=lambda _, n=n: ["--jobs", n],
            says=("jobs", ""),
            name=f"{n} jobs",
        )
        for n in (0, -7, 10_000)
    ),
]


@pytest.mark.parametrize(("change", "cause", "fix"), OPTIONS)
def test_a_wrong_option_is_refused_before_anything_is_computed(
    typed: Type, root: Path, change: Change, cause: str, fix: str
) -> None:
    out = root.parent / "flows.h5"
    words = change(root) or []
    refused(typed("folder", "--root", root, "--out", out, *words), 2, cause, fix)
    assert not out.exists()


@pytest.mark.promise("input 49")
def test_an_odd_size_is_as_good_as_an_even_one(typed: Type, root: Path) -> None:
    out = root.parent / "flows.h5"
    answer = typed("folder", "--root", root, "--out", out, *QUICK, "--size", 51, "--limit", 1)
    assert answer.code == 0
    assert open_cache(out).size == 51


@pytest.mark.parametrize(
    ("content", "code", "cause", "fix"),
    [
        pytest.param(b"n_frame = 3", 2, "unknown setting `n_frame`", "did you mean", id="key"),
        pytest.param(b"size = 'big'", 2, "size = 'big'", "see --help", id="type"),
        pytest.param(b"size = [1]", 2, "size = [1]", "see --help", id="list"),
        pytest.param(b"size = ", 3, "not a TOML file", "correct the file", id="syntax"),
        pytest.param(b"# f\xfcr uns", 3, "not a TOML file", "correct", id="not UTF-8"),
        pytest.param("size = 65".encode("utf-16"), 3, "not a TOML file", "correct", id="UTF-16"),
        pytest.param(
            b"#" * (1 << 20) + b"\n", 3, "more than 1,048,576 bytes", "correct", id="large"
        ),
    ],
)
@pytest.mark.promise("input 68", "input 69")
def test_a_settings_file_that_says_nothing_usable_is_refused(
    typed: Type, root: Path, content: bytes, code: int, cause: str, fix: str
) -> None:
    config = root.parent / "prep.toml"
    config.write_bytes(content)
    refused(typed("folder", "--root", root, "--dry-run", "--config", config), code, cause, fix)


@pytest.mark.promise("input 69")
def test_a_settings_file_may_begin_with_a_byte_order_mark(typed: Type, root: Path) -> None:
    config = root.parent / "prep.toml"
    config.write_bytes(b"\xef\xbb\xbfn_frames = 5\r\n")
    answer = typed("folder", "--root", root, "--dry-run", "--config", config)
    assert (answer.code, answer.error) == (0, [])
    assert "n_frames 5" in answer.out


@pytest.mark.promise("input 51")
def test_a_flow_with_a_nan_is_refused(typed: Type, tmp_path: Path) -> None:
    flow = np.zeros((2, 28, 28), np.float32)
    flow[0, 3, 4] = np.nan
    (tmp_path / "flows").mkdir()
    np.save(tmp_path / "flows" / "a.npy", flow)
    (tmp_path / "clips.csv").write_text("image,subject,class\na.npy,anna,0\n")
    words = ["--root", tmp_path / "flows", "--annotations", tmp_path / "clips.csv"]
    answer = typed("import", *words, "--out", tmp_path / "flows.h5")
    refused(answer, 3, "a NaN or an infinity", "compute this flow again")
