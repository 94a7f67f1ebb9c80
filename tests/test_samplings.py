"""Both stages sample alike: rows chosen from every frame are those that were prepared so."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from raicl.common.clip import Clip
from raicl.common.implausible import IMPLAUSIBLE
from raicl.common.sampling.frames import SAMPLINGS
from raicl.common.sampling.sample import SamplingSettings
from raicl.data.protocols.protocol import load_protocol
from raicl.data.records import Database, Footage, Frame
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.clips.compose import compose
from raicl.train.clips.composite import Composite
from raicl.train.clips.resample import resample
from raicl.train.inputs.instances import load_instances
from raicl.train.settings import TrainSettings

PREP: dict[str, Any] = {
    "align": "none", "size": 33, "flow_scales": 2, "flow_warps": 1, "flow_outer": 2,
    "flow_inner": 5,
}  # fmt: skip
# length of the clip, its apex (an index) and a frame that is missing on disk
CLIPS = [(20, 7, None), (20, None, None), (9, 1, None), (3, 2, None), (24, 11, 5), (2, 1, None)]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Textures that move: long, short, without an apex, with a gap."""
    root = tmp_path_factory.mktemp("samplings") / "database"
    footage = []
    for number, (length, apex, missing) in enumerate(CLIPS):
        folder = root / f"c{number}"
        folder.mkdir(parents=True)
        noise = gaussian_filter(np.random.default_rng(number).normal(size=(64, 96)), 2)
        texture = (128 + 40 * noise / noise.std()).clip(0, 255).astype(np.uint8)
        frames = []
        for index in range(length):
            path = folder / f"{index}.png"
            cv2.imwrite(str(path), texture[:, index : index + 64])
            if index != missing:
                frames.append(Frame(50 + index, path))
        clip = Clip(
            dataset="folder",
            subject=f"s{number}",
            name=f"c{number}",
            emotion="happiness" if number % 2 else "surprise",
            onset=50,
            offset=50 + length - 1,
            apex=None if apex is None else 50 + apex,
            fps=100.0,
        )
        footage.append(Footage(clip, tuple(frames)))
    return Database(
        name="folder", root=root, layout="folder", sheet="", footage=tuple(footage), skipped=()
    )


@pytest.fixture(scope="module")
def every(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("all") / "all.h5"
    prepare(database, out, PrepSettings(**PREP, sampling="all"))
    return out


def instances_of(composite: Composite) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per clip the raw instances that are trained on, and the one that is tested."""
    loaded = load_instances(
        composite.records.values(), size=33, device=torch.device("cpu"), where="device"
    )
    return {
        clip: (
            loaded.gather(torch.tensor(rows)).numpy(),
            loaded.gather(torch.tensor([loaded.middle[clip]])).numpy(),
        )
        for clip, rows in loaded.rows.items()
    }


ASKED: list[dict[str, Any]] = [
    *({"sampling": name} for name in SAMPLINGS if name != "random"),
    *({"sampling": name, "n_frames": 4} for name in SAMPLINGS if name != "random"),
    {"sampling": "random", "n_frames": 4},
    {"sampling": "random", "n_frames": 4, "sampling_seed": 3},
    {"sampling": "middle", "n_frames": 4, "window": "seconds:0.11"},
    {"sampling": "middle", "n_frames": 3, "window": "fraction:0.5"},
    {"sampling": "middle", "n_frames": 5, "window": "frames:9"},
    {"sampling": "middle", "n_frames": 4, "middle_at": 0.2},
    {"sampling": "middle", "n_frames": 4, "window": "fraction:0.5", "middle_at": 0.7},
    {"sampling": "uniform", "n_frames": 4, "middle_at": 0.8},
    *(
        {"sampling": name, "n_frames": 4, "tested_frame": "trained"}
        for name in ("all", "uniform", "random", "activation", "decay")
    ),
    *(
        {"sampling": name, "n_frames": 4, "frame_rate": 40.0}
        for name in ("middle", "all", "uniform", "random", "apex")
    ),
    {"sampling": "apex-centred", "n_frames": 4, "frame_rate": 80.0},
    {"sampling": "middle", "window": "seconds:0.1", "frame_rate": 30.0},
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: "-".join(map(str, asked.values())))
def test_sampling_a_cache_of_every_frame_equals_preparing_so(
    database: Database, every: Path, tmp_path: Path, asked: dict[str, Any]
) -> None:
    out = tmp_path / "prepared.h5"
    prepare(database, out, PrepSettings(**PREP, **asked))
    protocol = load_protocol("cde")
    prepared = compose([out], protocol)
    fixed = {"redraw": False} if asked["sampling"] == "random" else {}
    chosen = resample(
        compose([every], protocol, as_prepared=False), TrainSettings(**asked, **fixed)
    )
    failed = {row.id: row.reason for row in prepared.caches[0].manifest.failures}
    assert chosen.left_out == failed
    one, two = instances_of(prepared), instances_of(chosen)
    assert list(one) == list(two)
    for clip in one:
        for ours, theirs in zip(one[clip], two[clip], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    flags = [[record.clip.flags for _, record in c.records.values()] for c in (prepared, chosen)]
    # what makes a clip implausible is told of the frames that were prepared
    for ours, theirs in zip(*flags, strict=True):
        assert set(ours) - set(IMPLAUSIBLE) <= set(theirs)


def test_the_two_stages_have_the_same_options_of_sampling() -> None:
    for name, field in SamplingSettings.model_fields.items():
        for settings in (PrepSettings, TrainSettings):
            assert settings.model_fields[name].default == field.default
            assert settings.model_fields[name].description == field.description
