"""A cache of every frame."""

from pathlib import Path

import pytest

from tests.train.caches import claim_every_frame
from tests.train.conftest import MakeCache


@pytest.fixture
def every(tmp_path: Path, make_cache: MakeCache) -> Path:
    """Nine clips with every frame after the onset, 20 or 9 of them, and an apex in the middle."""
    path = make_cache(tmp_path / "all.h5", n=[20, 9, 20])
    claim_every_frame(path)
    return path
