import math

import pytest
import torch
from torch import Tensor, nn

from raicl.train.inputs.geometry import mirror_instances
from raicl.train.model.network import Classifier
from raicl.train.model.siamese import Losses, Siamese
from raicl.train.settings import TrainSettings

LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def pairs(size: int = 33) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    online, target = torch.randn(2, 6, 3, size, size, generator=generator)
    return online, target


def build(settings: TrainSettings, **changed: object) -> Siamese:
    torch.manual_seed(0)
    return Siamese(settings.model_copy(update=changed), 3)


def apart(settings: TrainSettings, **changed: object) -> Siamese:
    """A model whose target has fallen behind."""
    model = build(settings, **changed)
    with torch.no_grad():
        for parameter in model.online.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def backward(total: Tensor) -> None:
    torch.autograd.backward(total)


def has_gradient(module: nn.Module) -> bool:
    return all(
        parameter.grad is not None and bool((parameter.grad != 0).any())
        for parameter in module.parameters()
    )


def test_the_full_objective_teaches_every_part_of_the_online_network(small: TrainSettings) -> None:
    model = apart(small)
    backward(model.losses(*pairs(), LABELS).total)
    network = model.online.network
    assert network.regions is not None
    head = network.regions
    assert all(parameter.grad is not None for parameter in model.online.parameters())
    assert has_gradient(network.classifier.backbone)
    assert has_gradient(network.classifier.fc)
    assert has_gradient(head.dense)
    assert has_gradient(head.projector[0])
    assert has_gradient(model.online.predictor[0])  # type: ignore[index]
    assert head.decoder.queries.grad is not None
    assert head.decoder.queries.grad.abs().sum() > 0
    assert has_gradient(head.decoder.memory)


def test_no_gradient_and_no_optimiser_reaches_the_target(small: TrainSettings) -> None:
    model = apart(small)
    backward(model.losses(*pairs(), LABELS).total)
    assert model.target is not None
    target = list(model.target.parameters())
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in target)
    assert not {id(p) for p in target} & {id(p) for p in model.online.parameters()}
    assert len(list(model.parameters())) == len(target) + len(list(model.online.parameters()))


def test_attention_consistency_alone_teaches_the_backbone_and_not_the_classifier(
    small: TrainSettings,
) -> None:
    model = apart(small, mrd=False, lambda_cls=0.0)
    backward(model.losses(*pairs(), LABELS).total)
    classifier = model.online.network.classifier
    assert classifier.fc.weight.grad is not None
    assert (classifier.fc.weight.grad == 0).all()
    assert has_gradient(classifier.backbone)


def test_the_target_is_the_online_network_without_its_predictor(small: TrainSettings) -> None:
    model = build(small)
    assert model.target is not None
    names = [name for name, _ in model.target.named_parameters()]
    assert names == [name for name, _ in model.online.network.named_parameters()]


def test_the_total_is_the_weighted_sum_of_the_terms(small: TrainSettings) -> None:
    model = apart(small, lambda_cls=0.7, lambda_acl=0.2, lambda_mrd=0.3)
    losses = model.losses(*pairs(), LABELS)
    term = {name: float(value) for name, value in losses.terms.items()}
    regions = term["align"] + term["c"] + term["balance"]
    expected = 0.7 * term["cls"] + 0.2 * term["acl"] + 0.3 * regions
    assert float(losses.total.detach()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("irc", "mrd", "terms"),
    [
        (True, True, {"cls", "acl", "align", "c", "balance"}),
        (True, False, {"cls", "acl"}),
        (False, True, {"cls", "align", "c", "balance"}),
        (False, False, {"cls"}),
    ],
)
def test_what_is_switched_off_does_not_exist(
    small: TrainSettings, irc: bool, mrd: bool, terms: set[str]
) -> None:
    model = build(small, irc=irc, mrd=mrd)
    losses = model.losses(*pairs(), LABELS)
    names = {name for name, _ in model.named_parameters()}
    assert set(losses.terms) == terms
    assert any("regions" in name or "predictor" in name for name in names) == mrd
    assert (model.target is not None) == (irc or mrd)
    model.update_target()


def test_without_the_weights_of_the_method_the_gradients_are_those_of_plain_classification(
    small: TrainSettings,
) -> None:
    full, plain = build(small, lambda_acl=0.0, lambda_mrd=0.0), build(small, irc=False, mrd=False)
    plain.online.network.classifier.load_state_dict(full.inference_state())
    for model in (full, plain):
        backward(model.losses(*pairs(), LABELS).total)
    ours, theirs = (m.online.network.classifier.parameters() for m in (full, plain))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def symmetrised(model: Siamese) -> Siamese:
    """Mirror every kernel onto itself; the first one's u channel changes sign, as u does."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                flipped = module.weight.flip(-1)
                if module.in_channels == 3:
                    flipped[:, 0] *= -1
                module.weight.copy_((module.weight + flipped) / 2)
    return model


def mirror_mismatch(settings: TrainSettings, size: int) -> float:
    """L_acl of an instance with itself, in networks that cannot tell left from right."""
    model = symmetrised(build(settings, last_stride=2, mrd=False)).eval()
    online, _ = pairs(size)
    # losses() mirrors the target: a symmetric network must give the mirrored maps
    return float(model.losses(online, online, LABELS).terms["acl"])


def test_a_mirrored_instance_gives_mirrored_maps_at_225_and_not_at_224(
    small: TrainSettings,
) -> None:
    assert mirror_mismatch(small, 225) < 1e-10
    assert mirror_mismatch(small, 224) > 1e-6


def test_the_mirror_test_fails_without_negating_u(small: TrainSettings) -> None:
    model = symmetrised(build(small, last_stride=2, mrd=False)).eval()
    online, _ = pairs(225)
    wrong = mirror_instances(online).flip(-1)  # u negated once too often
    assert float(model.losses(online, wrong, LABELS).terms["acl"]) > 1e-6


def same_features(model: Siamese, settings: TrainSettings) -> Losses:
    """Losses where online and target compute the same: mirrored twice is not mirrored."""
    online, _ = pairs(settings.size)
    return symmetrised(model).eval().losses(online, online, LABELS)


def test_equal_networks_and_instances_leave_only_the_entropy_of_the_assignment(
    small: TrainSettings,
) -> None:
    model = build(small, predictor=False, temperature_target=0.1, last_stride=2, balance="none")
    losses = same_features(model, small)
    assert float(losses.terms["acl"]) == pytest.approx(0, abs=1e-10)
    assert float(losses.terms["c"]) == pytest.approx(0, abs=1e-5)
    assert float(losses.terms["align"]) == pytest.approx(
        float(losses.monitors["entropy"]), rel=1e-4
    )
    assert float(losses.terms["align"]) > 0.01


def test_at_an_infinite_temperature_nothing_is_assigned(small: TrainSettings) -> None:
    model = apart(small, queries=8, temperature_online=1e9)
    losses = model.losses(*pairs(), LABELS)
    assert float(losses.terms["align"]) == pytest.approx(math.log(8), rel=1e-5)


def test_the_target_lags_and_follows(small: TrainSettings) -> None:
    model = apart(small, momentum=0.5)
    first = float(model.losses(*pairs(), LABELS).monitors["ema_gap"])
    model.update_target()
    second = float(model.losses(*pairs(), LABELS).monitors["ema_gap"])
    assert 0 < second == pytest.approx(first / 2, rel=1e-3)


def test_every_monitor_is_one_finite_number(small: TrainSettings) -> None:
    monitors = apart(small).losses(*pairs(), LABELS).monitors
    assert set(monitors) == {
        "ema_gap", "log_map_norm", "usage", "entropy", "information", "region_std",
        "region_cosine",
    }  # fmt: skip
    assert all(value.ndim == 0 and torch.isfinite(value) for value in monitors.values())


def test_the_classifier_alone_gives_the_same_logits(small: TrainSettings) -> None:
    model, (batch, _) = apart(small).eval(), pairs()
    model.train().losses(*pairs(), LABELS)  # moves the batch statistics
    classifier = Classifier(small, 3)
    classifier.load_state_dict(model.inference_state())
    with torch.no_grad():
        assert torch.equal(classifier.eval()(batch), model.eval().classify(batch))
        torch.testing.assert_close(model.classify(batch)[:1], model.classify(batch[:1]))
        maps = model.attention(batch)
    assert maps.shape == (6, 3, 3, 3)


def test_online_statistics_never_see_a_mirrored_instance(small: TrainSettings) -> None:
    """In train mode the target's forward pass leaves the online buffers alone."""
    alone, both = build(small), build(small)
    online, target = pairs()
    both.losses(online, target, LABELS)
    alone.train().online.network.classifier(online)
    ours, theirs = both.inference_state(), alone.inference_state()
    for name in ("backbone.bn1.running_mean", "backbone.layer4.1.bn2.running_var"):
        assert torch.equal(ours[name], theirs[name]), name


def test_steps_reduce_the_objective(small: TrainSettings) -> None:
    """On pairs whose label is a third of the image that moves more."""
    model = build(small, dropout=0.0)
    optimizer = torch.optim.Adam(model.online.parameters(), lr=3e-3)
    online, target = pairs()
    for label, part in enumerate((slice(0, 11), slice(11, 22), slice(22, 33))):
        online[label == LABELS, :, part] += 3
        target[label == LABELS, :, part] += 3
    history = []
    for _ in range(60):
        losses = model.losses(online, target, LABELS)
        optimizer.zero_grad()
        backward(losses.total)
        optimizer.step()
        model.update_target()
        history.append({name: float(value) for name, value in losses.terms.items()})
    assert history[-1]["cls"] < history[0]["cls"] / 2
    assert history[-1]["c"] < history[0]["c"] / 2
