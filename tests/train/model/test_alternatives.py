"""Every alternative of the objective against the same thing written out."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from raicl.train.inputs.geometry import mirror_inputs, mirror_instances, mirror_maps
from raicl.train.model.assignment import sinkhorn
from raicl.train.model.losses import loss_acl, loss_align, loss_balance
from raicl.train.model.siamese import Losses, Siamese
from raicl.train.settings import TrainSettings
from raicl.train.settings.inputs import FlipName, ScaleName

LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def pairs() -> tuple[Tensor, Tensor]:
    online, target = torch.randn(2, 6, 3, 33, 33, generator=torch.Generator().manual_seed(1))
    return online, target


def build(settings: TrainSettings, **changed: object) -> Siamese:
    """A model whose target has fallen behind, the same whatever is changed; no dropout."""
    torch.manual_seed(0)
    model = Siamese(settings.model_copy(update={"dropout": 0.0, **changed}), 3)
    with torch.no_grad():
        for parameter in model.online.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def losses(settings: TrainSettings, **changed: object) -> Losses:
    return build(settings, **changed).losses(*pairs(), LABELS)


def fc_gradient(model: Siamese) -> Tensor:
    gradient = model.online.network.classifier.fc.weight.grad
    assert gradient is not None
    return gradient


def maps_of(model: Siamese) -> tuple[Tensor, Tensor]:
    """M_θ and Flip(M_ξ), computed from the networks themselves."""
    online, target = pairs()
    assert model.target is not None
    with torch.no_grad():
        ours = model.online.network.classifier
        theirs = model.target.classifier
        target_features = theirs.features(mirror_instances(target))
        return ours.maps(ours.features(online)), theirs.maps(target_features).flip(-1)


@pytest.mark.parametrize("distance", ["mse", "l2", "cosine"])
def test_attention_loss_compares_the_maps_by_the_chosen_distance(
    small: TrainSettings, distance: str
) -> None:
    maps, target_maps = maps_of(build(small))
    expected = loss_acl(maps, target_maps, distance)  # type: ignore[arg-type]
    torch.testing.assert_close(losses(small, acl=distance).terms["acl"], expected)


def test_attention_loss_of_the_label_alone_sees_no_other_map(small: TrainSettings) -> None:
    maps, target_maps = maps_of(build(small))
    squares = [
        (maps[i, label] - target_maps[i, label]).square().mean() for i, label in enumerate(LABELS)
    ]
    expected = torch.stack(squares).mean()
    torch.testing.assert_close(losses(small, acl_classes="gt").terms["acl"], expected)


def test_an_attached_classifier_learns_from_attention_too(small: TrainSettings) -> None:
    only_acl = {"mrd": False, "lambda_cls": 0.0}
    for detach in (True, False):
        model = build(small, **only_acl, detach=detach)
        torch.autograd.backward(model.losses(*pairs(), LABELS).total)
        gradient = fc_gradient(model)
        assert bool((gradient != 0).any()) == (not detach)
    same = [losses(small, **only_acl, detach=d).terms["acl"] for d in (True, False)]
    assert torch.equal(*same)


def test_the_targets_maps_may_be_seen_through_the_online_classifier(small: TrainSettings) -> None:
    model, (online, target) = build(small), pairs()
    assert model.target is not None
    ours = model.online.network.classifier
    with torch.no_grad():
        features = model.target.classifier.features(mirror_instances(target)).flip(-1)
        expected = loss_acl(ours.maps(ours.features(online)), ours.maps(features))
    through = losses(small, cam_target="online").terms["acl"]
    torch.testing.assert_close(through, expected)
    assert not torch.isclose(through, losses(small).terms["acl"], rtol=1e-3)
    model = build(small, cam_target="online", mrd=False, lambda_cls=0.0, detach=False)
    torch.autograd.backward(model.losses(online, target, LABELS).total)
    gradient = fc_gradient(model)
    by_hand = build(small, mrd=False, lambda_cls=0.0, detach=False)
    classifier = by_hand.online.network.classifier
    maps = classifier.maps(classifier.features(online), detach=False)
    with torch.no_grad():
        target_maps = classifier.maps(features)  # W is a constant in the target's maps
    torch.autograd.backward(0.5 * loss_acl(maps, target_maps))
    torch.testing.assert_close(gradient, fc_gradient(by_hand))


def test_momentum_follows_its_schedule(small: TrainSettings) -> None:
    for schedule, progress, kept in (
        ("constant", 1.0, 0.5),
        ("cosine", 1.0, 1.0),
        ("cosine", 0.0, 0.5),
    ):
        model = build(small, momentum=0.5, momentum_schedule=schedule)
        assert model.target is not None
        xi, theta = model.target.classifier.fc.weight, model.online.network.classifier.fc.weight
        expected = kept * xi + (1 - kept) * theta
        model.update_target(progress)
        torch.testing.assert_close(xi, expected.detach())


def test_a_target_with_its_own_statistics_does_not_see_its_batch(small: TrainSettings) -> None:
    model = build(small, target_bn="eman").train()
    assert model.target is not None
    assert model.online.training
    online, target = pairs()
    before = {name: value.clone() for name, value in model.target.named_buffers()}
    together = model.target.classifier.features(target)
    torch.testing.assert_close(model.target.classifier.features(target[:1]), together[:1])
    model.losses(online, target, LABELS)
    for name, value in model.target.named_buffers():
        assert torch.equal(value, before[name]), name
    assert build(small, target_bn="train").train().target.training  # type: ignore[union-attr]


def test_such_a_target_still_decodes_the_regions_of_its_batch(small: TrainSettings) -> None:
    model = build(small, target_bn="eman", query_mode="batch-mean").train()
    model.losses(*pairs(), LABELS)
    assert model.target is not None
    assert model.target.regions is not None
    with torch.no_grad():
        features = model.target.classifier.features(pairs()[1])
        decoded = model.target.regions.decoder(features).mean(0)
        queries = model.target.regions(features, 0.04).queries
    torch.testing.assert_close(queries, decoded.expand_as(queries))


def test_statistics_follow_by_tau_and_counts_are_copied(small: TrainSettings) -> None:
    model = build(small, target_bn="eman", momentum=0.9).train()
    assert model.target is not None
    before = {name: value.clone() for name, value in model.target.named_buffers()}
    model.losses(*pairs(), LABELS)
    model.update_target()
    online = dict(model.online.network.named_buffers())
    name = "classifier.backbone.bn1.running_mean"
    after = dict(model.target.named_buffers())
    torch.testing.assert_close(after[name], 0.9 * before[name] + 0.1 * online[name])
    assert not torch.equal(after[name], online[name])
    count = "classifier.backbone.bn1.num_batches_tracked"
    assert torch.equal(after[count], online[count])


def test_late_unflipping_decodes_the_mirrored_map_and_turns_the_assignment(
    small: TrainSettings,
) -> None:
    model = build(small)
    online, target = pairs()
    head, target_net = model.online.network.regions, model.target
    assert head is not None
    assert target_net is not None
    assert target_net.regions is not None
    with torch.no_grad():
        regions = head(model.online.network.classifier.features(online), 0.1)
        mirrored = target_net.classifier.features(mirror_instances(target))
        late = target_net.regions(mirrored, 0.04)
        expected = loss_align(regions.scores, late.assignment.flip(-1))
        early = loss_align(
            regions.scores, target_net.regions(mirror_maps(mirrored), 0.04).assignment
        )
    torch.testing.assert_close(
        losses(small, unflip="late", balance="none").terms["align"], expected
    )
    torch.testing.assert_close(losses(small, balance="none").terms["align"], early)
    assert not torch.isclose(expected, early, rtol=1e-4)


def test_attention_does_not_depend_on_when_the_regions_are_unflipped(small: TrainSettings) -> None:
    early, late = (losses(small, unflip=when).terms["acl"] for when in ("early", "late"))
    assert torch.equal(early, late)


def test_classification_of_both_instances_is_the_mean_of_the_two(small: TrainSettings) -> None:
    model, (online, target) = build(small), pairs()
    classifier = model.online.network.classifier
    with torch.no_grad():
        both = [F.cross_entropy(classifier(x), LABELS) for x in (online, target)]
    expected = torch.stack(both).mean()
    torch.testing.assert_close(losses(small, cls_target=True).terms["cls"], expected)
    torch.testing.assert_close(losses(small).terms["cls"], both[0])


@pytest.mark.parametrize("ramp", [0.0, 0.25, 1.0])
def test_the_ramp_scales_everything_but_classification(small: TrainSettings, ramp: float) -> None:
    model = build(small, balance="entropy", lambda_cls=0.7, lambda_acl=0.2, lambda_mrd=0.3)
    result = model.losses(*pairs(), LABELS, ramp=ramp)
    term = {name: float(value) for name, value in result.terms.items()}
    regions = term["align"] + term["c"] + term["balance"]
    expected = 0.7 * term["cls"] + ramp * (0.2 * term["acl"] + 0.3 * regions)
    assert float(result.total.detach()) == pytest.approx(expected, abs=1e-6)


def test_balance_adds_its_term_and_sinkhorn_also_changes_the_alignment(
    small: TrainSettings,
) -> None:
    plain, entropy, both = (losses(small, balance=b) for b in ("none", "entropy", "sinkhorn"))
    assert set(both.terms) == set(entropy.terms) == set(plain.terms) | {"balance"}
    assert torch.equal(plain.terms["align"], entropy.terms["align"])
    assert torch.equal(plain.terms["c"], both.terms["c"])
    model = build(small)
    head, target_net = model.online.network.regions, model.target
    assert head is not None
    assert target_net is not None
    assert target_net.regions is not None
    with torch.no_grad():
        regions = head(model.online.network.classifier.features(pairs()[0]), 0.1)
        features = target_net.classifier.features(mirror_instances(pairs()[1]))
        scores = target_net.regions(mirror_maps(features), 0.04).scores
    torch.testing.assert_close(both.terms["balance"], loss_balance(regions.assignment))
    torch.testing.assert_close(both.terms["align"], loss_align(regions.scores, sinkhorn(scores)))


def test_the_terms_against_collapse_have_weights_of_their_own(small: TrainSettings) -> None:
    only_mrd = {"irc": False, "lambda_cls": 0.0, "lambda_mrd": 0.5, "balance": "sinkhorn"}
    weighted = losses(small, **only_mrd, balance_weight=0.25, decorrelation=0.02)
    term = {name: float(value) for name, value in weighted.terms.items()}
    expected = term["align"] + term["c"] + 0.25 * term["balance"] + 0.02 * term["decorrelation"]
    assert float(weighted.total.detach()) == pytest.approx(0.5 * expected, abs=1e-6)
    assert "decorrelation" not in losses(small).terms


def test_centring_changes_the_alignment_once_the_centre_has_moved(small: TrainSettings) -> None:
    model, plain = build(small, balance="centring"), losses(small, balance="none")
    first, second = (model.losses(*pairs(), LABELS) for _ in range(2))
    assert torch.equal(first.terms["align"], plain.terms["align"])  # the centre starts at 0
    assert not torch.equal(second.terms["align"], plain.terms["align"])
    assert torch.equal(second.terms["c"], plain.terms["c"])


def test_the_balance_term_teaches_the_decoder(small: TrainSettings) -> None:
    model = build(small, balance="entropy", lambda_cls=0.0, lambda_acl=0.0)
    gradients = []
    for balance in ("entropy", "none"):
        model.settings = model.settings.model_copy(update={"balance": balance})
        model.zero_grad()
        torch.autograd.backward(model.losses(*pairs(), LABELS).total)
        assert model.online.network.regions is not None
        gradient = model.online.network.regions.decoder.queries.grad
        assert gradient is not None
        gradients.append(gradient.clone())
    assert not torch.allclose(*gradients)


def test_a_tensor_flip_reverses_columns_and_keeps_the_sign_of_u() -> None:
    batch = pairs()[0]
    assert torch.equal(mirror_inputs(batch, "tensor"), batch.flip(-1))
    assert torch.equal(mirror_inputs(batch, "physical"), mirror_instances(batch))


@pytest.mark.parametrize("flip", ["physical", "tensor"])
@pytest.mark.parametrize("scale", ["train-std", "minmax255"])
def test_the_target_sees_the_flip_that_was_chosen(
    small: TrainSettings, flip: FlipName, scale: ScaleName
) -> None:
    model, seen = build(small, flip=flip, scale=scale), []
    assert model.target is not None
    model.target.classifier.backbone.register_forward_pre_hook(
        lambda _, given: seen.append(given[0])
    )
    model.losses(*pairs(), LABELS)
    assert torch.equal(seen[0], mirror_inputs(pairs()[1], flip, scale))
