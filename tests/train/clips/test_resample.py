"""A run samples a cache anew: by the rules of stage 1, from what the cache holds, or not at all."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.errors import InputError, UsageError
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.composite import Composite
from raicl.train.clips.overview import describe_input
from raicl.train.clips.resample import resample
from raicl.train.fold.log import read_log
from raicl.train.inputs.epoch import draw_rows
from raicl.train.inputs.instances import Instances, load_instances
from raicl.train.inputs.pairs import draw_pairs
from raicl.train.run.key import run_key
from raicl.train.settings import TrainSettings
from tests.train.clips.sampling import asking, composed
from tests.train.conftest import MakeCache
from tests.train.harness import CPU, Data


def load(composite: Composite, where: Any = "device") -> Instances:
    return load_instances(composite.records.values(), size=33, device=CPU, where=where)


def change(path: Path, **values: Any) -> None:
    """Rewrite an index with other values in its first record or the clip of it."""
    cache = open_cache(path)
    first, *others = cache.records
    clip = {key: values.pop(key) for key in ("apex", "flags", "fps") if key in values}
    first = dataclasses.replace(first, clip=dataclasses.replace(first.clip, **clip), **values)
    write_index(path, [first, *others], size=cache.size, settings=cache.settings)


def test_the_cache_as_prepared_is_the_default(every: Path) -> None:
    composite = compose([every], load_protocol("cde"))
    assert resample(composite, TrainSettings()) is composite


def test_rows_are_those_of_the_sampling_and_inference_keeps_the_middle_frame(every: Path) -> None:
    composite = composed(every, asking(sampling="decay", n_frames=4))
    cache, record = composite.records["casme2/sub01/EP01"]
    # T = 21, apex 21 is index 11; its phase is 12 … 20, the central four 14 … 17; m = 10
    assert [record.frames[row] for row in record.train_rows] == [24, 25, 26, 27]
    assert record.frames[record.middle] == 20
    stored = cache.read(record).instances.astype(np.float32)
    for where in ("device", "stream"):
        loaded = load(composite, where)
        rows = loaded.rows[record.id]
        np.testing.assert_array_equal(loaded.gather(torch.tensor(rows)).numpy(), stored[13:17])
        middle = loaded.middle[record.id]
        assert middle not in rows
        np.testing.assert_array_equal(loaded.gather(torch.tensor([middle]))[0].numpy(), stored[9])
        assert len(loaded.strength) == 9 * 4 + 9  # nothing but what is needed
        loaded.close()


def test_the_untrained_row_is_in_no_pair_and_not_in_the_scale(
    every: Path, small: TrainSettings
) -> None:
    loaded = load(composed(every, asking(sampling="decay", n_frames=4)))
    pairs = draw_pairs(list(loaded.rows.values()), 16, np.random.default_rng(0))
    assert not set(loaded.middle.values()) & set(pairs[:, 1:].ravel().tolist())
    assert len(set(pairs[:, 1].tolist())) == 9 * 4


def test_random_rows_are_drawn_anew_each_epoch_and_a_fixed_draw_is_not(every: Path) -> None:
    settings = asking(sampling="random", n_frames=4)
    rows = list(load(composed(every, settings)).rows.values())
    assert [len(clip) for clip in rows] == [20, 9, 20] * 3
    rng = np.random.default_rng(0)
    epochs = [draw_rows(rows, settings, rng) for _ in range(200)]
    assert all(len(drawn) == 4 for epoch in epochs for drawn in epoch)
    for position, clip in enumerate(rows):
        seen = [row for epoch in epochs for row in epoch[position]]
        assert set(seen) == set(clip)  # the whole clip in time, and nothing of another
    fixed = asking(sampling="random", n_frames=4, redraw=False)
    rows = list(load(composed(every, fixed)).rows.values())
    assert [len(clip) for clip in rows] == [4] * 9
    assert draw_rows(rows, fixed, rng) is rows


def test_a_redrawn_fold_repeats_with_its_seed_and_goes_on_after_an_interruption(
    every: Path, small: TrainSettings, tmp_path: Path
) -> None:
    settings = small.model_copy(update={"sampling": "random", "n_frames": 4})
    composite = composed(every, settings)
    data = Data.of_composite(composite)

    def losses(folder: Path, epochs: int) -> list[dict[str, float]]:
        data.fit(data.folds[0], settings.model_copy(update={"epochs": epochs}), folder)
        return [row | {"seconds": 0} for row in read_log(folder)]

    unbroken = losses(tmp_path / "a", 2)
    losses(tmp_path / "b", 1)
    assert losses(tmp_path / "b", 2) == unbroken


def test_a_slower_camera_leaves_out_the_clips_it_cannot_serve_with_the_reason(every: Path) -> None:
    change(every, fps=None)
    composite = composed(every, asking(sampling="middle", frame_rate=50))
    reason = "no frame rate is known, and --frame-rate 50 needs one"
    assert composite.left_out == {"casme2/sub01/EP01": reason}
    _, record = composite.records["casme2/sub01/EP03"]  # frames 10 … 30: 14, 18, 22, 26, 30 left
    assert [record.frames[row] for row in record.train_rows] == [14, 18, 22, 26, 30]
    assert record.frames[record.middle] == 18
    assert record.clip.flags == ("short-clip",)
    with pytest.raises(InputError, match=r"8 clips left out: .* above the camera.s 200"):
        composed(every, asking(sampling="middle", frame_rate=300))


def test_random_frames_of_a_slower_camera_are_drawn_among_those_that_are_left(every: Path) -> None:
    settings = asking(sampling="random", n_frames=2, frame_rate=50)
    composite = composed(every, settings)
    loaded = load(composite)
    rows = list(loaded.rows.values())
    assert [len(clip) for clip in rows] == [5, 2, 5] * 3
    drawn = draw_rows(rows, settings, np.random.default_rng(0))
    assert all(set(few) <= set(clip) for few, clip in zip(drawn, rows, strict=True))


def test_what_stage_1_flagged_of_its_own_sampling_does_not_hold_for_another(every: Path) -> None:
    change(every, flags=("face-padded", "short-clip"))
    for n_frames, flags in ((4, ("face-padded",)), (24, ("face-padded", "short-clip"))):
        composite = composed(every, asking(sampling="middle", n_frames=n_frames))
        assert composite.records["casme2/sub01/EP01"][1].clip.flags == flags


@pytest.mark.parametrize(
    ("sampling", "tested"),
    # T = 21, m = 10, the apex at 11: 1 … 10 and 12 … 20 are its phases
    [("middle", 10), ("all", 10), ("random", 10), ("activation", 6), ("decay", 16)],
)
def test_a_row_may_be_tested_on_the_middle_of_what_it_trains_on(
    every: Path, sampling: str, tested: int
) -> None:
    clips = {
        where: composed(every, asking(sampling=sampling, tested_frame=where)).records
        for where in ("clip", "trained")
    }
    _, own = clips["trained"]["casme2/sub01/EP01"]
    assert own.frames[own.middle] == 10 + tested
    for clip, (_, record) in clips["clip"].items():
        assert clips["trained"][clip].record.train_rows == record.train_rows


@pytest.mark.parametrize("n_frames", [1, 4, 8, 16, 24, 32])
def test_a_cache_of_every_frame_serves_any_number_of_instances(
    every: Path, small: TrainSettings, n_frames: int
) -> None:
    settings = asking(sampling="middle", n_frames=n_frames)
    composite = composed(every, settings)
    for clip, held in (("EP01", 20), ("EP02", 9)):
        _, record = composite.records[f"casme2/sub01/{clip}"]
        assert len(record.train_rows) == min(n_frames, held)
        assert record.frames[record.middle] == 10 + (held // 2)  # tested wherever trained on
        assert ("short-clip" in record.clip.flags) is (held < n_frames)
    loaded = load(composite)
    pairs = draw_pairs(list(loaded.rows.values()), small.pairs, np.random.default_rng(0))
    same = pairs[:, 1] == pairs[:, 2]
    assert same.all() if n_frames == 1 else not same.any()  # one instance is paired with itself


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ({"sampling": "middle", "n_frames": 6}, True),
        ({"sampling": "middle", "n_frames": 3}, True),
        ({"sampling": "middle", "n_frames": 3, "window": "seconds:0.02"}, True),
        ({"sampling": "apex-centred", "n_frames": 3}, True),
        ({"sampling": "apex"}, True),
        ({"sampling": "middle", "n_frames": 16}, False),
        ({"sampling": "all"}, False),
        ({"sampling": "uniform"}, False),
        ({"sampling": "random", "n_frames": 2}, False),
    ],
)
def test_a_cache_serves_what_it_holds_and_else_names_the_clip_and_the_command(
    tmp_path: Path, make_cache: MakeCache, asked: dict[str, Any], served: bool
) -> None:
    # frames 11 … 16 of 10 … 17: the middle six of eight
    path = make_cache(tmp_path / "middle.h5", n=6, settings={"sampling": "middle"})
    if served:
        composed(path, asking(**asked))
        return
    with pytest.raises(InputError) as caught:
        composed(path, asking(**asked))
    assert "casme2/sub01/EP01" in caught.value.what
    assert f"--sampling {asked['sampling']}" in caught.value.what
    assert f"raicl-prep casme2 --sampling all --out {path}" in caught.value.fix


def test_the_refusal_tells_apart_what_is_asked_and_what_is_held(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    held = {"sampling": "middle", "n_frames": 6, "frame_rate": 100.0}
    path = make_cache(tmp_path / "slow.h5", n=6, settings=held | {"flow": "tvl1"})
    with pytest.raises(InputError) as caught:
        composed(path, asking(sampling="middle", n_frames=16))
    assert ": --sampling middle --n-frames 16 needs frames" in caught.value.what
    assert caught.value.where == (
        f"{path}, prepared with --sampling middle --n-frames 6 --frame-rate 100.0"
    )


def test_a_part_of_a_clip_with_missing_frames_serves_nothing(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    path = make_cache(tmp_path / "middle.h5", n=4)
    change(path, n_frames=5 + 2)  # fewer than annotated, more than held: which index has frame 11?
    cache = open_cache(path)
    with pytest.raises(InputError, match=cache.records[0].id):
        composed(path, asking(sampling="middle", n_frames=2))


def test_a_clip_without_an_apex_is_left_out_by_name_or_its_middle_stands_in(
    every: Path,
) -> None:
    change(every, apex=99)  # the protocol itself leaves out clips of CASME II without one
    composite = composed(every, asking(sampling="activation"))
    problem = "the annotated one, frame 99, is not between onset and offset"
    reason = f"sampling activation needs an apex, and {problem}"
    assert composite.left_out == {"casme2/sub01/EP01": reason}
    assert len(composite.records) == len(composite.labels) == 8
    assert f"1 clip left out: {reason}" in describe_input(composite)
    composite = composed(every, asking(sampling="apex"))
    assert composite.left_out == {}
    stands_in = "1 clip apex-stand-in: no apex to use is annotated, and the middle frame stands in"
    assert stands_in in describe_input(composite)
    _, first = composite.records["casme2/sub01/EP01"]
    assert first.clip.flags == ("apex-stand-in",)
    assert [first.frames[row] for row in first.used_rows] == [20]
    around = composed(every, asking(sampling="apex-centred", n_frames=4))
    assert around.left_out == {}
    assert stands_in in describe_input(around)
    _, first = around.records["casme2/sub01/EP01"]
    assert [first.frames[row] for row in first.train_rows] == [18, 19, 20, 21]
    _, second = composite.records["casme2/sub01/EP02"]
    assert [second.frames[row] for row in second.used_rows] == [second.clip.apex]


def test_caches_that_differ_in_frames_alone_are_one_composite_where_the_run_samples(
    every: Path, tmp_path: Path, make_cache: MakeCache
) -> None:
    other = make_cache(
        tmp_path / "samm.h5", dataset="samm", n=20, settings={"sampling": "middle", "n_frames": 20}
    )
    protocol = load_protocol("cde")
    with pytest.raises(InputError, match="sampling: 'all' and 'middle'"):
        compose([every, other], protocol)
    composite = compose([every, other], protocol, as_prepared=False)
    assert len(resample(composite, asking(sampling="middle")).records) == 18


def test_the_sampling_is_part_of_a_runs_identity(every: Path) -> None:
    keys = set()
    for values in (
        {},
        {"sampling": "middle"},
        {"sampling": "middle", "window": "fraction:0.5"},
        {"sampling": "middle", "middle_at": 0.4},
        {"sampling": "middle", "frame_rate": 100},
        {"sampling": "uniform"},
        {"sampling": "random"},
        {"sampling": "random", "redraw": False},
        {"sampling": "random", "redraw": False, "sampling_seed": 1},
        {"sampling": "random", "n_frames": 8},
        {"sampling": "decay"},
        {"sampling": "decay", "tested_frame": "trained"},
        {"sampling": "decay", "scale_fit": "middle"},
    ):
        settings = asking(**values)
        keys.add(run_key(composed(every, settings), settings))
    assert len(keys) == 13


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"n_frames": 8}, "n_frames needs a sampling"),
        ({"window": "seconds:0.1"}, "window needs a sampling"),
        ({"middle_at": 0.4}, "middle_at needs a sampling"),
        ({"frame_rate": 100}, "frame_rate needs a sampling"),
        ({"tested_frame": "trained"}, "tested_frame needs a sampling"),
        ({"scale_fit": "middle"}, "scale_fit needs a sampling"),
        ({"sampling": "all", "scale_fit": "middle", "scale": "const"}, "for scale train-std"),
        ({"sampling": "all", "window": "seconds:0.1"}, "not all"),
        ({"redraw": False}, "no-redraw"),
        ({"sampling": "every"}, "sampling = 'every'"),
        ({"sampling": "middle", "window": "8"}, "window = '8'"),
    ],
)
def test_an_option_without_effect_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        asking(**values)
    assert said in caught.value.what
