"""Members: several networks as one are the mean of those networks, and each learns by itself."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from raicl.common.settings import merge
from raicl.train.model.network import Classifier
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings

LABELS = torch.tensor([0, 1, 2, 2, 1])


def plain(**changed: object) -> TrainSettings:
    given = {"network": "small", "width": 4, "size": 28, "irc": False, "mrd": False, "members": 3}
    return merge(TrainSettings, ("test", {"device": "cpu"} | given | changed))


def instances(size: int = 28) -> Tensor:
    return torch.randn(5, 3, size, size, generator=torch.Generator().manual_seed(0))


def alone(joined: Classifier, settings: TrainSettings, member: int) -> Classifier:
    """One member as a classifier of its own, with its part of W."""
    single = Classifier(settings.model_copy(update={"members": 1}), 3).train(joined.training)
    single.backbone.load_state_dict(joined.backbone.members[member].state_dict())
    with torch.no_grad():
        single.fc.weight.copy_(joined.fc.weight.chunk(joined.members, 1)[member])
        single.fc.bias.copy_(joined.fc.bias)
    return single


@torch.no_grad()
@pytest.mark.parametrize("network", ["small", "linear", "resnet18", "off-apexnet"])
def test_the_logits_are_the_mean_of_those_of_the_members(network: str) -> None:
    # off-apexnet has dropout, resnet18 a mean over its cells
    settings = plain(network=network, width=4)
    joined = Classifier(settings, 3).eval()
    single = [alone(joined, settings, member)(instances()) for member in range(3)]
    by_member = joined.member_logits(joined.features(instances()))
    torch.testing.assert_close(by_member, torch.stack(single, 1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(joined(instances()), by_member.mean(1), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_class_map_is_the_mean_of_those_of_the_members_and_gives_the_logit() -> None:
    settings = plain()
    joined = Classifier(settings, 3).eval()
    maps = joined.maps(joined.features(instances()))
    single = [alone(joined, settings, member) for member in range(3)]
    each = torch.stack([one.maps(one.features(instances())) for one in single])
    torch.testing.assert_close(maps, each.mean(0), atol=1e-5, rtol=1e-5)
    logits = maps.mean((-2, -1)) + joined.fc.bias
    torch.testing.assert_close(logits, joined(instances()), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("imbalance", ["none", "logit-adjustment", "effective-number"])
def test_each_member_has_the_gradient_of_its_own_loss(imbalance: str) -> None:
    # of which the weight is lambda_cls, and the share of one among three
    settings, counts = plain(imbalance=imbalance), [20, 5, 10]
    model = Siamese(settings, 3, counts)
    joined = model.online.network.classifier
    model.losses(instances(), instances(), LABELS).total.backward()
    for member in range(3):
        single = alone(joined, settings, member)
        logits = single(instances())
        if imbalance == "logit-adjustment":
            logits = logits + model.log_prior
        weight = model.class_weights if imbalance == "effective-number" else None
        (0.5 / 3 * F.cross_entropy(logits, LABELS, weight)).backward()
        expected = single.backbone[0][0].weight.grad
        found = joined.backbone.members[member][0][0].weight.grad
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


def test_members_start_as_networks_of_their_own_would_and_differ() -> None:
    torch.manual_seed(0)
    joined = Classifier(plain(), 3)
    single = Classifier(plain(members=1), 3)
    first, second, _ = joined.fc.weight.detach().chunk(3, 1)
    assert first.abs().max() == pytest.approx(
        float(single.fc.weight.detach().abs().max()), rel=0.05
    )
    assert not torch.equal(first, second)
    one, other, _ = (member[0][0].weight for member in joined.backbone.members)
    assert not torch.equal(one, other)


def test_a_single_member_has_the_names_and_the_weights_of_before() -> None:
    torch.manual_seed(0)
    settings = plain(network="resnet18", members=1)
    state = Classifier(settings, 3).state_dict()
    assert "backbone.conv1.weight" in state
    torch.manual_seed(0)
    backbone = Classifier(settings, 3).backbone  # the classifier's layer is drawn after it
    assert torch.equal(state["backbone.conv1.weight"], backbone.conv1.weight)


def test_irc_and_mrd_work_on_several_members(small: TrainSettings) -> None:
    settings = small.model_copy(update={"network": "small", "width": 4, "size": 28, "members": 2})
    model = Siamese(settings, 3)
    losses = model.losses(instances(), instances().flip(0), LABELS)
    assert {"cls", "acl", "align", "c"} <= set(losses.terms)
    losses.total.backward()
    assert all(p.grad is not None for p in model.online.network.classifier.parameters())
