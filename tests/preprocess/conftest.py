"""Clips of a texture that moves by a known amount, and `raicl-prep` as it is typed."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from raicl.common.clip import Clip
from raicl.data.records import Database, Footage, Frame
from raicl.preprocess.cli import main
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.bad_inputs import Answer, Type, write_database

Make = Callable[..., Database]  # make_database(clips=3, name="database", frames=8)


@pytest.fixture
def quick() -> PrepSettings:
    """Settings for textures: no face, a small crop, a short solve."""
    return PrepSettings(
        align="none",
        size=48,
        n_frames=4,
        flow_scales=2,
        flow_warps=2,
        flow_inner=10,
        flow_outer=2,
    )


def write_clip(folder: Path, *, seed: int = 0, frames: int = 8, start: int = 96) -> Footage:
    """A texture that moves right by 0.1 px per frame; frame numbers cross 99 → 100."""
    folder.mkdir(parents=True)
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(80, 90)), 2)
    texture = 128 + 45 * noise / noise.std()
    y, x = np.mgrid[8:72, 8:82].astype(float)
    paths = []
    for index in range(frames):
        image = map_coordinates(texture, [y, x - 0.1 * index], order=3)
        paths.append(folder / f"img{start + index}.png")
        cv2.imwrite(str(paths[-1]), image.clip(0, 255).astype(np.uint8))
    clip = Clip(
        dataset="folder",
        subject=folder.parent.name,
        name=folder.name,
        emotion="happiness",
        onset=start,
        offset=start + frames - 1,
    )
    located = tuple(Frame(start + index, path) for index, path in enumerate(paths))
    return Footage(clip, located)


@pytest.fixture
def make_database(tmp_path: Path) -> Make:
    """A database of `clips` textured clips under ``tmp_path / name``."""

    def make(clips: int = 3, name: str = "database", frames: int = 8) -> Database:
        root = tmp_path / name
        footage = tuple(
            write_clip(root / f"s{number // 2}" / f"c{number}", seed=number, frames=frames)
            for number in range(clips)
        )
        return Database(
            name="folder",
            root=root,
            layout="folder",
            sheet="own",
            footage=footage,
            skipped=(),
            corrections=(),
        )

    return make


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Run ``raicl-prep`` with these words, up to its exit code."""

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["raicl-prep", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        streams = capsys.readouterr()
        assert "Traceback" not in streams.out + streams.err
        return Answer(int(str(caught.value.code or 0)), streams.out, streams.err)

    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_database(tmp_path / "clips")
