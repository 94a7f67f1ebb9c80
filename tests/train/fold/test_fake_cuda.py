"""CUDA without a card: no option, preset or path of the data mixes devices, and no step waits."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
)

from raicl.train.fold import checkpoint
from raicl.train.fold.checkpoint import Checkpoint
from raicl.train.fold.fit import learn_pairs, make_optimizer, make_schedule
from raicl.train.fold.inference import attend_rows, views_of
from raicl.train.inputs.epoch import draw_epoch, mini_batches
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import apply_scale, fit_scale
from raicl.train.inputs.stream import Stream
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings, load_preset, preset_names
from raicl.train.settings.networks import NETWORKS, has_map
from tests.train.caches import write_cache
from tests.train.fold.fake_cuda import (
    CUDA,
    Outside,
    Waits,
    fake_cuda,
    on_cuda,
    outside,
    siamese_on_cuda,
    without_backward,
)
from tests.train.harness import SIZE, Data

# numbers that switch something on, off and on; other numbers change no path of the code
SWITCHES: dict[str, tuple[Any, ...]] = {
    "erasing": (0.0, 0.5),
    "mirror": (0.0, 0.5),
    "members": (1, 2),
    "shift": (0, 2),
    "lambda_ramp": (0, 2),
    "decorrelation": (0.0, 1.0),
    "clip_gradient": (None, 1.0),
    "dropout": (0.0, 0.1),
}
# what is no choice: sizes, weights and rates, and what ends before the device begins
NUMBERS = """
n_frames window middle_at frame_rate sampling_seed protocol seed epochs pairs size scale_clip
lambda_cls lambda_acl lambda_mrd momentum queries dim decoder_layers decoder_heads decoder_hidden
dense_hidden projector_hidden temperature_online temperature_target balance_weight batch_size lr
weight_decay gamma width effective_beta network device memory_budget threads
"""
OFF = {"irc": False, "mrd": False}
ALONE = {"irc", "mrd"}  # switch off what other options belong to; the presets M2, M4 and M5 do it


def values_of(name: str) -> tuple[Any, ...]:
    annotation = TrainSettings.model_fields[name].annotation
    if annotation is bool:
        return (True, False)
    return get_args(annotation) if get_origin(annotation) is Literal else SWITCHES.get(name, ())


def test_every_option_is_tried_or_has_no_choice() -> None:
    untried = {name for name in TrainSettings.model_fields if not values_of(name)}
    assert untried == set(NUMBERS.split())


def combinations() -> list[dict[str, Any]]:
    """Few sets of options, among which every value of every option occurs."""
    choices = {name: values_of(name) for name in TrainSettings.model_fields if name not in ALONE}
    choices = {name: values for name, values in choices.items() if values}
    return [
        {name: values[row % len(values)] for name, values in choices.items()}
        for row in range(max(map(len, choices.values())))
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return Data.of_cache(write_cache(tmp_path_factory.mktemp("fake") / "flows.h5"))


def learn_epoch(
    data: Data, settings: TrainSettings, instances: Instances, waits: Waits
) -> tuple[Siamese, list[dict[str, Tensor]]]:
    """An epoch of the first fold, all but the backward pass, by the functions of `fit_fold`."""
    fold, rng = data.folds[0], np.random.default_rng(0)
    rows = [data.instances.rows[clip] for clip in fold.train]
    truth = [data.labels[clip] for clip in fold.train]
    pairs = draw_epoch(rows, truth, data.instances.strength, settings, rng)
    batches = outside(mini_batches)(
        pairs, settings.batch_size, symmetric=settings.pairing == "symmetric"
    )
    scale = fit_scale(data.instances, fold.train, settings)
    model = siamese_on_cuda(settings).train()
    classes = torch.tensor(truth, device=CUDA)
    with pytest.MonkeyPatch.context() as patch, waits:
        patch.setattr(Tensor, "backward", lambda _: without_backward(model.online))
        optimizer = make_optimizer(model)
        steps = learn_pairs(model, optimizer, instances, scale, classes, batches, rng, epoch=0)
    assert len(steps) == len(batches) > 1
    return model, steps


def whole_way(data: Data, settings: TrainSettings) -> None:
    """Train, classify and attend on the device, and find every number there."""
    settings = settings.model_copy(update={"n_frames": 4, "pairs": 2})
    waits = Waits()
    with fake_cuda():
        instances = on_cuda(data.instances)
        model, steps = learn_epoch(data, settings, instances, waits)
        assert waits.waits == []
        assert {value.device for step in steps for value in step.values()} == {CUDA}
        tensors = [*model.state_dict().values(), *(p.grad for p in model.online.parameters())]
        assert {tensor.device for tensor in tensors} == {CUDA}
        scale = fit_scale(data.instances, data.folds[0].train, settings)
        model.eval()
        inputs = apply_scale(instances.gather(torch.arange(3)), scale)
        logits = [model.classify(view) for view in views_of(inputs, settings)]
        assert {found.device for found in logits} == {CUDA}
        if model.target is not None:  # else there may be no map
            [seen] = attend_rows(model, instances, scale, [0], label=1)
            assert seen.class_map.device.type == "cpu"


@pytest.mark.parametrize("options", combinations())
def test_no_value_of_an_option_mixes_devices(
    data: Data, small: TrainSettings, options: dict[str, Any]
) -> None:
    whole_way(data, small.model_copy(update=options))


def presets() -> list[TrainSettings]:
    """All of them, each once: some differ in nothing but the frames that they train on."""
    found = []
    for name in preset_names():
        settings = TrainSettings(**{**load_preset(name), "size": SIZE, "batch_size": 8})
        alike = settings.model_copy(update={"sampling": "cache", "n_frames": 16})
        if alike not in found:
            found.append(alike)
    return found


@pytest.mark.parametrize("settings", presets())
def test_no_preset_mixes_devices(data: Data, settings: TrainSettings) -> None:
    whole_way(data, settings)


@pytest.mark.parametrize("network", NETWORKS)
def test_no_network_mixes_devices(data: Data, small: TrainSettings, network: str) -> None:
    without_map = {} if has_map(network) else OFF
    whole_way(data, small.model_copy(update={"network": network, **without_map}))


def test_an_epoch_sends_its_indices_once_and_waits_for_nothing(
    data: Data, small: TrainSettings
) -> None:
    sent = []
    for batch_size in (8, 4):
        waits = Waits()
        with fake_cuda():
            settings = small.model_copy(update={"batch_size": batch_size})
            learn_epoch(data, settings, on_cuda(data.instances), waits)
        assert waits.waits == []
        sent.append(waits.sent)
    assert sent == [2, 2]  # classes and rows, whatever the number of steps


def test_a_stream_sends_two_batches_a_step_and_waits_for_nothing(
    data: Data, small: TrainSettings, tmp_path: Path
) -> None:
    rows = data.instances.gather(torch.arange(len(data.instances.strength))).half()
    stream = Stream.empty(tuple(rows.shape), tmp_path, budget=10**9)
    stream.put(slice(0, len(rows)), rows)
    waits = Waits()
    try:
        with fake_cuda():
            _, steps = learn_epoch(data, small, on_cuda(data.instances, Outside(stream)), waits)
    finally:
        stream.close()
    assert waits.waits == []
    assert waits.sent == 1 + 2 * len(steps)


WAITING = {
    "a number": lambda there: there.sum().item(),
    "a list": lambda there: there.tolist(),
    "a truth": lambda there: bool(there.any()),
    "a copy": lambda there: there.cpu(),
    "a constant": lambda there: there.new_tensor([1.0, 2.0]),
    "an index": lambda there: there[torch.arange(2).to(CUDA)],
    "a mask": lambda there: there[there > 0],
}


@pytest.mark.parametrize("name", WAITING)
def test_what_waits_is_noticed(name: str) -> None:
    waits = Waits()
    with fake_cuda():
        there = torch.zeros(3, device=CUDA)
        # no fake can give what only the device knows
        with suppress(DataDependentOutputException, DynamicOutputShapeException), waits:
            WAITING[name](there)
    assert waits.waits != []


def test_a_mixture_of_devices_is_noticed() -> None:
    with fake_cuda(), pytest.raises(RuntimeError, match="device"):
        torch.zeros(3, device=CUDA) + torch.zeros(3)


@pytest.mark.parametrize("adam", ["plain", "fused"])
def test_a_fold_that_began_on_a_cpu_goes_on_on_cuda(
    data: Data,
    small: TrainSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    adam: str,
) -> None:
    data.fit(data.folds[0], small.model_copy(update={"epochs": 1}), tmp_path)
    monkeypatch.setattr(checkpoint, "load", outside(checkpoint.load))
    with fake_cuda():
        model = siamese_on_cuda(small.model_copy(update={"adam": adam}))
        optimizer = make_optimizer(model)
        state = Checkpoint(
            tmp_path,
            model=model,
            optimizer=optimizer,
            scheduler=make_schedule(optimizer, small),
            rng=np.random.default_rng(5),
        )
        finished, _ = state.resume(print)
        assert finished == 1
        assert {tensor.device for tensor in model.state_dict().values()} == {CUDA}
        held = list(optimizer.state.values())
        assert {state[name].device for state in held for name in ("exp_avg", "exp_avg_sq")} == {
            CUDA
        }
        # counted where the update is computed: by the host, or by the kernel
        assert {state["step"].device.type for state in held} == {
            "cpu" if adam == "plain" else "cuda"
        }
        if adam == "fused":
            without_backward(model.online)
            optimizer.step()
        model.update_target()
