"""The Siamese method: the online network learns to look where its slow copy, the target, looks.

The order is that of docs/method.md section 3: classify, compare class maps (IRC), compare regions
(MRD). The target network sees the mirrored instance. Its output is flipped back, so that both
networks refer to the same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from raicl.train.inputs.geometry import mirror_inputs, mirror_maps
from raicl.train.model.assignment import TargetAssignment
from raicl.train.model.losses import (
    effective_weights,
    label_maps,
    log_prior,
    loss_acl,
    loss_align,
    loss_balance,
    loss_c,
    loss_cls,
    loss_decorrelation,
)
from raicl.train.model.monitors import map_norm, region_monitors
from raicl.train.model.network import Classifier
from raicl.train.model.regions import RegionHead, Regions, mlp
from raicl.train.model.target import make_target, momentum_at, target_gap, update_target
from raicl.train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Result of one step.

    Attributes
    ----------
    total : weighted sum of the terms, with its autograd graph.
    terms : unweighted, by name, as far as the settings use them; ``balance`` is R.
    logits : logits of the online network, (B, L).
    monitors : numbers that tell of a collapse, see `raicl.train.model.monitors`.
    """

    total: Tensor
    terms: dict[str, Tensor]
    logits: Tensor
    monitors: dict[str, Tensor] = field(default_factory=dict)


class Network(nn.Module):
    """The parts that both the online and the target network have.

    Attributes
    ----------
    regions : the region head. None without MRD, so that its parameters do not exist.
    """

    def __init__(self, settings: TrainSettings, n_classes: int) -> None:
        super().__init__()
        self.classifier = Classifier(settings, n_classes)
        self.regions = RegionHead(settings, self.classifier.channels) if settings.mrd else None


class Online(nn.Module):
    """θ: everything the optimiser trains. The predictor has no counterpart in the target."""

    def __init__(self, settings: TrainSettings, n_classes: int) -> None:
        super().__init__()
        self.network = Network(settings, n_classes)
        # [ours] on by default against collapse, as in BYOL and FRA; the paper's text names none
        self.predictor: nn.Module = (
            mlp(settings.dim, settings.projector_hidden)
            if settings.mrd and settings.predictor
            else nn.Identity()
        )


class Siamese(nn.Module):
    """Online and target network with the paper's objective.

    Attributes
    ----------
    online : the online network. Give the optimiser ``online.parameters()`` and nothing else.
    target : the target network. None if neither IRC nor MRD needs one.
    log_prior, class_weights : (L,) each, from the counts of the training clips. Not in the
        ``state_dict``.
    """

    log_prior: Tensor
    class_weights: Tensor

    def __init__(
        self, settings: TrainSettings, n_classes: int, counts: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.settings = settings
        counts = counts or [1] * n_classes  # unknown counts: all classes alike
        weights = effective_weights(counts, settings.effective_beta)
        self.register_buffer("log_prior", log_prior(counts), persistent=False)
        self.register_buffer("class_weights", weights, persistent=False)
        self.online = Online(settings, n_classes)
        self.target = make_target(self.online.network) if settings.irc or settings.mrd else None
        self.target_assignment = TargetAssignment(settings)
        self.to(memory_format=torch.channels_last)  # faster on CPUs by a fifth or more
        self.train()

    def train(self, mode: bool = True) -> Siamese:
        """Like `nn.Module.train`, but a target with own running statistics keeps them."""
        super().train(mode)
        if self.target is not None and self.settings.target_bn == "eman":
            for module in self.target.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def losses(
        self, online: Tensor, target: Tensor, labels: Tensor, *, ramp: float = 1.0
    ) -> Losses:
        """The objective on a batch of pairs (docs/method.md 3.5).

        Parameters
        ----------
        online, target : scaled instances I_θ and I_ξ (B, 3, S, S), neither of them mirrored. This
            function mirrors the target.
        labels : class indices (B,).
        ramp : factor on the weights of L_acl and MRD, see `raicl.train.model.losses.ramp_up`.
        """
        settings, classifier = self.settings, self.online.network.classifier
        features = classifier.features(online)  # F_θ (B, C, h, w)
        by_member = classifier.member_logits(features)
        logits = by_member.mean(1)
        terms = {"cls": self._class_loss(by_member, labels)}
        if settings.cls_target:  # [ours] not mirrored: batch statistics stay those of the test
            seen = classifier.member_logits(classifier.features(target))
            terms["cls"] = (terms["cls"] + self._class_loss(seen, labels)) / 2
        total = settings.lambda_cls * terms["cls"]
        if self.target is None:
            return Losses(total=total, terms=_detached(terms), logits=logits)

        with torch.no_grad():
            mirrored = self.target.classifier.features(
                mirror_inputs(target, settings.flip, settings.scale)
            )
        monitors = {"ema_gap": target_gap(self.target, self.online.network)}

        if settings.irc:
            maps = classifier.maps(features, detach=settings.detach)  # M_θ (B, L, h, w)
            terms["acl"] = self._attention_loss(maps, mirrored, labels)
            total = total + settings.lambda_acl * ramp * terms["acl"]
            monitors["log_map_norm"] = map_norm(maps)

        if settings.mrd:
            region_terms, regions = self._region_losses(features, mirrored)
            terms |= region_terms
            weights = {"balance": settings.balance_weight, "decorrelation": settings.decorrelation}
            weighted = [weights.get(name, 1.0) * term for name, term in region_terms.items()]
            total = total + settings.lambda_mrd * ramp * sum(weighted)
            monitors |= region_monitors(regions)
        return Losses(total=total, terms=_detached(terms), logits=logits, monitors=monitors)

    def _class_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean of the L_cls of K members (B, K, L), adjusted or weighted by class if asked for."""
        labels, logits = labels.repeat_interleave(logits.shape[1]), logits.flatten(0, 1)
        if self.settings.imbalance == "logit-adjustment":
            logits = logits + self.log_prior
        weighted = self.settings.imbalance == "effective-number"
        return loss_cls(logits, labels, self.class_weights if weighted else None)

    def _attention_loss(self, maps: Tensor, mirrored: Tensor, labels: Tensor) -> Tensor:
        """IRC: L_acl between M_θ and the maps of the target's mirrored features (B, C, h, w)."""
        assert self.target is not None
        # [ours] by default M_ξ uses the target's own W
        own = self.settings.cam_target == "own"
        classifier = (self.target if own else self.online.network).classifier
        with torch.no_grad():
            target_maps = classifier.maps(mirror_maps(mirrored))
        if self.settings.acl_classes == "gt":
            maps, target_maps = label_maps(maps, labels), label_maps(target_maps, labels)
        return loss_acl(maps, target_maps, self.settings.acl)

    def _region_losses(
        self, features: Tensor, mirrored: Tensor
    ) -> tuple[dict[str, Tensor], Regions]:
        """The terms of MRD (L_align, L_c and those against collapse) and the online regions."""
        settings = self.settings
        head = self.online.network.regions
        assert head is not None
        regions: Regions = head(features, settings.temperature_online)
        target_regions = self._target_regions(mirrored)
        # [ours] balanced only in L_align; z is pooled with P
        assignment = self.target_assignment(target_regions)
        predicted = self.online.predictor(regions.embeddings.flatten(0, 1))
        predicted = predicted.view_as(regions.embeddings)
        terms = {
            "align": loss_align(regions.scores, assignment),
            "c": loss_c(predicted, target_regions.embeddings),
        }
        if settings.balance != "none":
            terms["balance"] = loss_balance(regions.assignment)
        if settings.decorrelation:
            terms["decorrelation"] = loss_decorrelation(regions.queries)
        return terms, regions

    @torch.no_grad()
    def _target_regions(self, mirrored: Tensor) -> Regions:
        """The target's regions in unmirrored coordinates, from the mirrored instance's features."""
        assert self.target is not None
        assert self.target.regions is not None
        temperature = self.settings.temperature_target
        if self.settings.unflip == "late":
            regions: Regions = self.target.regions(mirrored, temperature)
            return regions._replace(  # Q and z have no positions to flip
                scores=mirror_maps(regions.scores), assignment=mirror_maps(regions.assignment)
            )
        # [ours] flip back first, so that a query always means the same side of the face
        early: Regions = self.target.regions(mirror_maps(mirrored), temperature)
        return early

    def update_target(self, progress: float = 0.0) -> None:
        """ξ ← τ ξ + (1 - τ) θ. Call it after every step with the finished share of the training."""
        if self.target is not None:
            momentum, follow = self.settings.momentum, self.settings.target_bn == "eman"
            if self.settings.momentum_schedule == "cosine":
                momentum = momentum_at(momentum, progress)
            update_target(self.target, self.online.network, momentum, follow=follow)

    @property
    def tested(self) -> Network:
        """The network that classifies: the online one (docs/method.md 3.7), or the target."""
        if self.settings.infer_network == "target":
            assert self.target is not None
            return self.target
        return self.online.network

    @property
    def correction(self) -> Tensor:
        """What `classify` subtracts from the logits, (L,): the prior if the settings ask for it."""
        corrected = self.settings.imbalance == "prior-correction"
        return self.log_prior if corrected else torch.zeros_like(self.log_prior)

    def classify(self, instances: Tensor) -> Tensor:
        """Logits (B, L), corrected for the prior if the settings ask for it. Expects eval mode."""
        return torch.sub(self.tested.classifier(instances), self.correction)

    def attention(self, instances: Tensor) -> Tensor:
        """Class maps (B, L, h, w) of the network that classifies. Expects eval mode."""
        classifier = self.tested.classifier
        return classifier.maps(classifier.features(instances))

    def inference_state(self) -> dict[str, Tensor]:
        """The tensors of the tested `Classifier`, which are all that classifying needs."""
        return dict(self.tested.classifier.state_dict())


def _detached(terms: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: term.detach() for name, term in terms.items()}
