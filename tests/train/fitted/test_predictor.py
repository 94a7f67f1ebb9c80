"""A loaded network says of a clip what the network in memory says of it, by any way to test."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from raicl.common.cache.flows import open_cache
from raicl.common.errors import InputError, UsageError
from raicl.common.settings import merge
from raicl.train import load_model
from raicl.train.fitted.predictor import Predictor
from raicl.train.fold.inference import attend_clip, classify
from raicl.train.inputs.scaling import apply_scale
from raicl.train.scores.predictions import read_predictions
from raicl.train.settings import TrainSettings
from raicl.train.settings.train import InferName
from tests.train.conftest import MakeCache
from tests.train.fitted.models import Drawn, write_model

INFER: tuple[InferName, ...] = get_args(InferName)


def drawn(tmp_path: Path, make_cache: MakeCache, small: TrainSettings, **changed: object) -> Drawn:
    """A model of clips with one to six instances, and with other counts of each class."""
    flows = make_cache(
        tmp_path / "flows.h5",
        clips=4,
        n=[6, 1, 4, 3],
        size=40,  # not that of the network: instances are resized
        emotions=["disgust", "happiness", "surprise", "disgust"],
    )
    settings = merge(TrainSettings, ("test", small.model_dump() | changed))
    return write_model(tmp_path / "model", flows, settings)


WAYS = [{"infer": infer, "flip_average": flip} for infer in INFER for flip in (False, True)]
OTHERS: list[dict[str, object]] = [
    {"imbalance": "prior-correction"},
    {"imbalance": "prior-correction", "infer": "vote", "flip_average": True},
    {"infer_network": "target"},
    {"infer_network": "target", "mrd": False, "infer": "mean"},
    {"irc": False, "mrd": False, "flip_average": True},
    {"scale": "minmax255", "flip_average": True, "infer": "weighted"},
    {"scale": "sample-std", "flip_average": True},
]


@pytest.mark.parametrize("changed", [*WAYS, *OTHERS], ids=str)
def test_every_clip_has_the_probabilities_that_the_run_gives_it(
    tmp_path: Path,
    make_cache: MakeCache,
    small: TrainSettings,
    changed: dict[str, object],
) -> None:
    made = drawn(tmp_path, make_cache, small, **changed)
    clips = list(made.composite.records)
    expected = list(classify(made.model, made.instances, made.scale, clips=clips).values())
    assert len({verdict.predicted for verdict in expected}) > 1
    predictor = load_model(made.folder, device="cpu")
    stored = [made.composite.records[clip] for clip in clips]
    raw = [cache.read(record).instances for cache, record in stored]
    middle = [record.middle for _, record in stored]
    assert predictor.verdicts(raw, middle=middle) == expected  # bit for bit, in the same batches
    for clip, row, verdict in zip(raw, middle, expected, strict=True):
        alone = predictor.predict(clip, middle=row)
        assert alone == pytest.approx(verdict.probabilities, abs=1e-5)


def test_the_prior_is_that_of_the_clips_that_it_was_fitted_on(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    made = drawn(tmp_path, make_cache, small, imbalance="prior-correction")
    assert made.model.log_prior.tolist() == pytest.approx(np.log([1.5, 0.75, 0.75]).tolist())
    predictor = load_model(made.folder, device="cpu")
    assert torch.equal(predictor._model.log_prior, made.model.log_prior)


def test_the_network_of_a_fold_gives_the_probabilities_of_the_run(place: Path) -> None:
    cache = open_cache(place / "flows.h5")
    tested, _ = read_predictions(place / "run/predictions.csv")
    rows = {row.clip: row for row in tested}
    assert len(rows) == 9
    for record in cache.records:
        model = load_model(f"run/folds/{record.subject_key}", device="cpu")
        found = model.predict(cache.read(record).instances, middle=record.middle)
        # the file keeps six digits
        assert found == pytest.approx(rows[record.id].probabilities, abs=2e-6)


@pytest.fixture
def model(place: Path) -> Predictor:
    return load_model(place / "model", device="cpu")


@pytest.fixture
def clip(place: Path) -> np.ndarray:
    cache = open_cache(place / "flows.h5")
    return cache.read(cache.records[0]).instances


def test_shapes_types_and_batches(model: Predictor, clip: np.ndarray) -> None:
    one = model.predict(clip, middle=3)
    assert (one.shape, one.dtype) == ((3,), np.float64)
    assert one.sum() == pytest.approx(1)
    for same in (clip.astype("f4"), clip.astype("f8"), torch.from_numpy(clip)):
        assert np.array_equal(model.predict(same, middle=3), one)
    two = model.predict(np.stack([clip, clip[::-1]]), middle=[3, 2])
    assert two.shape == (2, 3)
    assert two == pytest.approx(np.stack([one, one]), abs=1e-6)
    assert model.predict(np.stack([clip, clip]), middle=3)[1] == pytest.approx(one, abs=1e-6)
    assert model.predict(clip[3:4]) == pytest.approx(one, abs=1e-6)  # one instance needs no middle
    assert model.verdicts([]) == []


def test_what_was_given_stays_as_it_is(model: Predictor, clip: np.ndarray) -> None:
    before = clip.copy()
    model.predict(clip, middle=3)
    model.attend(clip[3])
    model.class_maps(clip[3])
    assert np.array_equal(clip, before)
    values = torch.from_numpy(clip).float().requires_grad_()
    model.predict(values, middle=3)
    assert values.grad is None


@pytest.mark.parametrize(
    "shape",
    [
        (3, 33, 33),
        (6, 2, 33, 33),
        (6, 3, 32, 33),
        (6, 3, 225, 225),
        (0, 3, 33, 33),
        (1, 2, 6, 3, 33, 33),
    ],
)
def test_instances_of_another_shape_are_refused(model: Predictor, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="instances of shape") as caught:
        model.predict(np.zeros(shape, np.float16), middle=0)
    assert "raicl-prep --size 33" in caught.value.fix
    if len(shape) != 3:
        with pytest.raises(InputError, match="instances of shape"):
            model.attend(np.zeros(shape, np.float16))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_a_number_that_is_none_is_refused(model: Predictor, clip: np.ndarray, value: float) -> None:
    broken = clip.astype("f4")
    broken[3, 0, 5, 5] = value
    for call in (lambda: model.predict(broken, middle=3), lambda: model.attend(broken[3])):
        with pytest.raises(InputError, match="NaN or an infinity"):
            call()


def test_whole_numbers_are_no_motion_in_px(model: Predictor, clip: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"type torch\.int16"):
        model.predict(clip.astype("i2"), middle=3)


@pytest.mark.parametrize("middle", [None, -1, 6])
def test_the_middle_is_named_and_never_guessed(
    model: Predictor, clip: np.ndarray, middle: int | None
) -> None:
    with pytest.raises(UsageError, match="middle"):
        model.predict(clip, middle=middle)
    with pytest.raises(UsageError, match="1 middles for 2 clips"):
        model.predict(np.stack([clip, clip]), middle=[3])


def test_a_model_that_tests_all_instances_needs_no_middle(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, clip: np.ndarray
) -> None:
    flows = make_cache(tmp_path / "more.h5")
    mean = write_model(tmp_path / "mean", flows, small.model_copy(update={"infer": "mean"}))
    predictor = load_model(mean.folder, device="cpu")
    assert np.array_equal(predictor.predict(clip), predictor.predict(clip, middle=2))


def test_where_it_looks_is_where_the_network_in_memory_looks(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    made = drawn(tmp_path, make_cache, small)
    predictor = load_model(made.folder, device="cpu")
    for clip, (cache, record) in made.composite.records.items():
        instance = cache.read(record).instances[record.middle]
        maps = predictor.class_maps(instance)
        assert maps.shape == (3, 3, 3)
        for label in range(3):
            expected = attend_clip(made.model, made.instances, made.scale, clip, label)
            seen = predictor.attend(instance, label)
            assert torch.equal(seen.instance, expected.instance)
            torch.testing.assert_close(seen.class_map, expected.class_map)
            torch.testing.assert_close(seen.class_map.numpy(), maps[label])
            assert seen.assignment is not None
            assert expected.assignment is not None
            torch.testing.assert_close(seen.assignment, expected.assignment)
            torch.testing.assert_close(seen.assignment.sum(0), torch.ones(3, 3))
        predicted = int(predictor.predict(instance[None]).argmax())
        torch.testing.assert_close(
            predictor.attend(instance).class_map, predictor.attend(instance, predicted).class_map
        )
    with pytest.raises(UsageError, match="no class 3 of 3"):
        predictor.attend(instance, 3)


def test_the_mean_of_a_map_and_the_bias_are_the_logit(model: Predictor, clip: np.ndarray) -> None:
    bias = model._model.tested.classifier.fc.bias.detach().numpy()
    logits = torch.from_numpy(model.class_maps(clip[3]).mean((1, 2)) + bias)
    assert logits.softmax(0).numpy() == pytest.approx(model.predict(clip[3:4]), abs=1e-5)


def test_without_mrd_there_are_no_regions(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    made = drawn(tmp_path, make_cache, small, mrd=False)
    seen = load_model(made.folder, device="cpu").attend(np.zeros((3, 40, 40), np.float16))
    assert seen.assignment is None


def test_a_mirrored_clip_is_the_same_to_a_model_that_averages_with_the_mirror_image(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    from raicl.common.instance import mirror

    made = drawn(tmp_path, make_cache, small, flip_average=True)
    cache, record = next(iter(made.composite.records.values()))
    clip = cache.read(record).instances
    predictor = load_model(made.folder, device="cpu")
    one = predictor.predict(clip, middle=record.middle)
    assert predictor.predict(mirror(clip), middle=record.middle) == pytest.approx(one, abs=1e-5)


def test_it_shows_itself(model: Predictor, place: Path) -> None:
    shown = repr(model)
    for text in (
        "Predictor of 3 classes: negative, positive, surprise",
        f"digest {model.digest[:16]}",
        "on 9 clips of 3 subjects: casme2",
        "of run run, not of these weights",
        "(N, 3, 33, 33): u px, v px, strain; input 33 px",
        "online network on the middle instance, on cpu",
        "for research only",
    ):
        assert text in shown
    # the place is as long as it is
    assert max(map(len, shown.replace(str(place), "").splitlines())) <= 100
    fold = repr(load_model(place / "run/folds/casme2/sub03", device="cpu"))
    assert "by the fold that holds out casme2/sub03" in fold


def test_the_scale_is_that_of_the_record(model: Predictor, clip: np.ndarray) -> None:
    assert model.fitted is not None
    assert model.scale == model.fitted.record.scale
    raw = torch.from_numpy(clip[3:4]).float()
    maps = model._model.attention(apply_scale(raw, model.scale))[0].detach().numpy()
    assert model.class_maps(clip[3]) == pytest.approx(maps, abs=1e-6)
