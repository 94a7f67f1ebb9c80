"""One's own network: what it must give, and what is said of one that does not."""

import hashlib
import math

import pytest
import torch
from torch import nn

from raicl.common.errors import InputError, RaiclError, SetupError, UsageError
from raicl.train.model.network import Classifier
from raicl.train.model.networks.own import NetworkSource, check_own, check_source, find_source
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings
from tests.docs.pages import DOCS, Page
from tests.train.modules import PLAIN, WriteModule, module

__all__ = ["module"]  # a fixture

LABELS = torch.tensor([0, 1, 2, 0])
FLAT = (
    PLAIN
    + "\n\ndef flat(size):\n    made = small(size)\n    made.flatten = True\n    return made\n"
)


def mine(small: TrainSettings, factory: str = "mine:small", **changed: object) -> TrainSettings:
    return small.model_copy(update={"network": factory, **changed})


def pairs(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    online, target = torch.randn(2, 4, 3, size, size, generator=generator)
    told = torch.eye(3)[LABELS][..., None, None]  # each class moves a channel of its own
    return online + told, target + told


def test_irc_and_mrd_train_a_network_from_a_file_outside_of_the_package(
    module: WriteModule, small: TrainSettings
) -> None:
    module()
    torch.manual_seed(0)
    model = Siamese(mine(small), 3)
    classifier = model.online.network.classifier
    assert (classifier.channels, classifier.cells) == (10, None)
    online, target = pairs(small.size)
    optimizer = torch.optim.Adam(model.online.parameters(), lr=0.03)
    before = classifier.backbone.get_parameter("0.weight").detach().clone()
    seen = []
    for _ in range(25):
        losses = model.losses(online, target, LABELS)
        assert {"cls", "acl", "align", "c"} <= set(losses.terms)
        optimizer.zero_grad()
        losses.total.backward()
        assert all(p.grad is not None for p in classifier.backbone.parameters())
        optimizer.step()
        model.update_target()
        seen.append(float(losses.terms["cls"]))
    assert seen[-1] < 0.75 * seen[0]
    assert not torch.equal(classifier.backbone.get_parameter("0.weight"), before)
    assert model.eval().attention(online).shape == (4, 3, 9, 9)


@torch.no_grad()
@pytest.mark.parametrize("factory", ["mine:small", "mine:flat"])
def test_the_mean_of_a_class_map_plus_the_bias_is_the_logit_however_the_cells_are_weighed(
    module: WriteModule, small: TrainSettings, factory: str
) -> None:
    module(FLAT)
    classifier = Classifier(mine(small, factory), 3).eval()
    weights = 10 if factory == "mine:small" else 10 * 81
    assert classifier.fc.weight.shape == (3, weights)
    features = classifier.features(pairs(small.size)[0])
    logits = classifier.maps(features).mean((-2, -1)) + classifier.fc.bias
    torch.testing.assert_close(logits, classifier.logits(features))


@torch.no_grad()
def test_a_flattened_map_is_weighed_as_a_linear_layer_after_flattening_does(
    module: WriteModule, small: TrainSettings
) -> None:
    module(FLAT)
    classifier = Classifier(mine(small, "mine:flat"), 3).eval()
    plain = nn.Sequential(classifier.backbone, nn.Flatten(), classifier.fc)
    online, _ = pairs(small.size)
    torch.testing.assert_close(classifier(online), plain(online))


def test_measuring_a_network_draws_no_random_number_and_leaves_it_untrained(
    module: WriteModule, small: TrainSettings
) -> None:
    module()
    torch.manual_seed(5)
    first = Classifier(mine(small), 3).state_dict()  # measures
    torch.manual_seed(5)
    second = Classifier(mine(small), 3).state_dict()  # knows already
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
    assert int(first["backbone.1.num_batches_tracked"]) == 0


def body(forward: str) -> str:
    """A module whose network computes `forward` of its input ``x``."""
    return (
        "import torch\nfrom torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 4, 3)\n"
        f"    def forward(self, x):\n        return {forward}\n"
        "def small(size):\n    return Net()\n"
    )


@pytest.mark.parametrize(
    ("text", "what", "kind"),
    [
        (body("self.conv(x).mean((-2, -1))"), "gives (2, 4) of float32 for inputs", UsageError),
        (body("self.conv(x)[:1]"), "gives (1, 4, 31, 31) of float32", UsageError),
        (body("self.conv(x).long()"), "of int64", UsageError),
        (body("[x]"), "gives list instead of a tensor", UsageError),
        (body("self.conv(x) / 0"), "gives values that are not finite", UsageError),
        (body("self.conv(x[:, :2])"), "fails at 33 px: Given groups=1", UsageError),
        (body("self.conv(x)[:, : 4 if self.training else 2]"), "in training and", UsageError),
        ("def small(size):\n    return 3\n", "gives int instead of a torch.nn.Module", UsageError),
        ("def small():\n    pass\n", "makes no network of 33 px: small() takes 0", UsageError),
        ("small = 3\n", "has no such factory", UsageError),
        ("import nothing_of_that_name\n", "cannot be imported: No module named", SetupError),
        ("1 / 0\n", "cannot be imported: division by zero", SetupError),
        ("def small(:\n", "cannot be imported: invalid syntax", SetupError),
        (
            PLAIN.replace("    return nn.S", "    made = nn.S") + "    made[1] = made[2]\n"
            "    made.extra = made[0]\n    return made\n",
            "fails at 33 px:",
            UsageError,
        ),
    ],
)
def test_what_is_no_network_is_told_in_one_line(
    module: WriteModule, small: TrainSettings, text: str, what: str, kind: type[RaiclError]
) -> None:
    module(text)
    with pytest.raises(RaiclError) as caught:
        check_own(mine(small))
    assert type(caught.value) is kind
    assert what in caught.value.what
    assert "\n" not in caught.value.what
    assert caught.value.fix


@pytest.mark.parametrize(
    ("network", "kind", "what"),
    [
        ("not_there:small", SetupError, "no module named 'not_there'"),
        ("not_there.inner:small", SetupError, "No module named 'not_there'"),
        ("os:_exit", UsageError, "os is a module of Python's own"),
        ("concurrent.futures:Future", UsageError, "a module of Python's own"),
    ],
)
def test_a_module_that_is_not_there_or_is_pythons_own_is_refused_before_it_is_run(
    module: WriteModule, network: str, kind: type[RaiclError], what: str
) -> None:
    module()
    with pytest.raises(kind, match=what):
        find_source(network)


def test_a_single_cell_is_enough_to_classify_and_too_little_for_irc_and_mrd(
    module: WriteModule, small: TrainSettings
) -> None:
    module(body("self.conv(x).mean((-2, -1), keepdim=True)"))
    check_own(mine(small, irc=False, mrd=False))
    for changed in ({"irc": False}, {"mrd": False}):
        with pytest.raises(UsageError, match="gives a single cell at 33 px"):
            check_own(mine(small, **changed))


def test_the_source_is_the_digest_of_the_file_and_weights_are_tied_to_it(
    module: WriteModule,
) -> None:
    path = module()
    source = find_source("mine:small")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert source == NetworkSource(module="mine", factory="small", sha256=digest)
    check_source("mine:small", source)
    assert find_source("resnet18") is None
    check_source("resnet18", None)
    module(PLAIN + "# changed\n")
    with pytest.raises(InputError, match=f"has changed since it was trained: {digest[:16]}, now"):
        check_source("mine:small", source)


def test_the_example_of_the_reference_keeps_the_protocol(
    module: WriteModule, small: TrainSettings
) -> None:
    [example] = Page(DOCS / "reference" / "settings.md").blocks("python")
    module(example, name="mynets")
    check_own(mine(small, "mynets:small"))


@torch.no_grad()
def test_a_map_that_sees_mirrored_places_is_mirror_symmetric(
    module: WriteModule, small: TrainSettings
) -> None:
    """What the protocol asks for IRC and MRD, of a network whose kernels are symmetric."""
    module()

    def gap(size: int) -> float:
        classifier = Classifier(mine(small, size=size), 3).eval()
        for part in classifier.backbone.modules():
            if isinstance(part, nn.Conv2d):
                part.weight.copy_((part.weight + part.weight.flip(-1)) / 2)
        x, _ = pairs(size)
        straight, mirrored = classifier.features(x), classifier.features(x.flip(-1)).flip(-1)
        return math.sqrt(float((straight - mirrored).square().mean() / straight.square().mean()))

    assert gap(33) < 1e-5  # 4 k + 1, with a stride of 4
    assert gap(32) > 0.1
