"""The small network: its layers written out, its symmetry, and that its cells keep their places."""

import numpy as np
import pytest
import torch
from torch import nn

from raicl.common.settings import merge
from raicl.train.model.network import Classifier
from raicl.train.model.networks.small import Halving
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings
from raicl.train.settings.networks import LEAST


def plain(**changed: object) -> TrainSettings:
    given = {"network": "small", "width": 8, "size": 28, "irc": False, "mrd": False}
    return merge(TrainSettings, ("test", {"device": "cpu"} | given | changed))


def test_every_cell_of_the_map_has_its_own_weights() -> None:
    classifier = Classifier(plain(), 3)
    assert classifier.cells == (7, 7)
    assert classifier.fc.weight.shape == (3, 16 * 7 * 7)
    # 6 x 6 x 3 + 2, 4 x 4 x 8 + 2, 3 x 3 x 16 + 2 and 8 + 2 per filter, then the classifier
    convolutions = 8 * (108 + 2) + 16 * (128 + 2) + 16 * (144 + 2) + 16 * (8 + 2)
    assert sum(p.numel() for p in classifier.parameters()) == convolutions + 3 * 784 + 3


@torch.no_grad()
@pytest.mark.parametrize("size", [LEAST, 28, 33, 64])
def test_it_takes_any_input_from_14_px_on(size: int) -> None:
    classifier = Classifier(plain(size=size), 3).eval()
    features = classifier.features(torch.zeros(2, 3, size, size))
    assert tuple(features.shape[2:]) == classifier.cells == (size // 4, size // 4)
    assert classifier(torch.zeros(2, 3, size, size)).shape == (2, 3)


@torch.no_grad()
@pytest.mark.parametrize("size", [28, 64])
def test_it_is_mirror_symmetric_at_multiples_of_4_px(size: int) -> None:
    classifier = Classifier(plain(size=size), 3).eval()
    for module in classifier.backbone.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.copy_((module.weight + module.weight.flip(-1)) / 2)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)  # the residual would be 0
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    mirrored = classifier.features(images.flip(-1)).flip(-1)
    torch.testing.assert_close(classifier.features(images), mirrored, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_block_starts_as_its_shortcut_and_adds_what_it_learns() -> None:
    block = Halving(2, 3).eval()
    images = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    means = images.numpy().reshape(2, 3, 2, 3, 2).mean((2, 4))
    weight = block.shortcut[1].weight[:, :, 0, 0].numpy()
    shortcut = np.einsum("oc,cyx->oyx", weight, means) / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(block(images)[0], np.maximum(shortcut, 0), atol=1e-5)
    nn.init.ones_(block.residual[-1].weight)
    added = shortcut + block.residual(images)[0].numpy()
    np.testing.assert_allclose(block(images)[0], np.maximum(added, 0), atol=1e-5)


def placed(seed: int, each: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The same upward movement at one of three places of the face, under noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:28, :28]
    made = []
    for place in (6, 14, 22):
        bump = -np.exp(-((x - place) ** 2 + (y - 14) ** 2) / 18)
        made.append(
            rng.normal(0, 0.1, (each, 3, 28, 28)) + bump[None, None] * [[[0]], [[1]], [[0]]]
        )
    labels = torch.arange(3).repeat_interleave(each)
    return torch.from_numpy(np.concatenate(made)).float(), labels


def test_it_learns_where_the_same_movement_is() -> None:
    torch.manual_seed(0)
    model = Siamese(plain(), 3)
    optimizer = torch.optim.Adam(model.online.parameters(), lr=5e-3)
    instances, labels = placed(1, 8)
    for _ in range(40):
        optimizer.zero_grad()
        model.losses(instances, instances, labels).total.backward()
        optimizer.step()
    unseen, truth = placed(2, 8)
    with torch.no_grad():
        right = model.eval().classify(unseen).argmax(1) == truth
    assert float(right.float().mean()) > 0.9


def test_irc_and_mrd_compare_its_map(small: TrainSettings) -> None:
    settings = small.model_copy(update={"network": "small", "width": 8, "size": 28})
    model = Siamese(settings, 3)
    instances, labels = placed(1, 2)
    losses = model.losses(instances, instances.flip(0).roll(2, 0), labels)
    assert {"cls", "acl", "align", "c"} <= set(losses.terms)
    losses.total.backward()
    assert model.eval().attention(instances).shape == (6, 3, 7, 7)
