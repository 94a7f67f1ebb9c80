"""Limits: each says what it is of and why, and a file beyond it is refused before it is read."""

import inspect
import re
import tracemalloc
from pathlib import Path

import pytest

from raicl.common import limits
from raicl.common.errors import InputError
from raicl.common.files import read_json, read_within
from raicl.common.settings import read_toml
from raicl.common.video import read_videos, videos_file

CONSTANTS = sorted(name for name in vars(limits) if name.isupper())
ROOT = Path(limits.__file__).parent.parent


@pytest.mark.parametrize("name", CONSTANTS)
def test_every_limit_has_a_reason_and_is_used(name: str) -> None:
    line = rf"^{name} = .+?  # [^;\n]+; .+$"
    assert re.search(line, inspect.getsource(limits), re.MULTILINE), "the reference shows these"
    folders = (ROOT / folder for folder in ("common", "data", "preprocess"))
    files = [path for folder in folders for path in folder.rglob("*.py")]
    assert [p for p in files if p.name != "limits.py" and name in p.read_text(encoding="utf-8")]


def test_a_file_of_just_the_limit_is_read_and_a_larger_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    assert len(read_within(path, 100)) == 100
    with pytest.raises(ValueError, match="more than 99 bytes"):
        read_within(path, 99)


def sparse(path: Path, size: int) -> Path:
    """A file of zeros that takes no room."""
    with path.open("wb") as stream:
        stream.truncate(size)
    return path


def test_files_of_settings_and_results_that_claim_gigabytes_are_not_read(tmp_path: Path) -> None:
    huge = sparse(tmp_path / "huge", 1 << 40)
    videos = sparse(videos_file(tmp_path / "clips.h5"), 1 << 40)
    tracemalloc.start()
    for read, most in (
        (lambda: read_json(huge, fix="x"), limits.JSON_BYTES),
        (lambda: read_toml(huge), limits.TOML_BYTES),
        (lambda: read_videos(videos.with_name("clips.h5")), limits.LIST_BYTES),
    ):
        with pytest.raises(InputError, match=f"more than {most:,} bytes") as caught:
            read()
        assert caught.value.where
        assert caught.value.fix
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
