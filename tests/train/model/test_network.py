import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision

from raicl.train.model.network import Classifier
from raicl.train.model.networks.resnet18 import make_backbone
from raicl.train.settings import TrainSettings

FOREIGN = """
raise RuntimeError("operator torchvision::nms does not exist")
"""


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_at_full_width_it_is_torchvisions_resnet18() -> None:
    reference = torchvision.models.resnet18(weights=None).eval()
    backbone = make_backbone(64).eval()
    assert count(backbone) == 11_176_512
    missing = backbone.load_state_dict(reference.state_dict(), strict=False)
    assert missing.missing_keys == []
    assert missing.unexpected_keys == ["fc.weight", "fc.bias"]
    reference.fc, x = torch.nn.Identity(), torch.randn(2, 3, 65, 65)
    with torch.no_grad():
        # another order of summation, nothing else
        torch.testing.assert_close(backbone(x).mean((-2, -1)), reference(x), rtol=1e-4, atol=1e-5)


def test_convolutions_start_with_kaimings_fan_out() -> None:
    torch.manual_seed(0)
    weight = make_backbone(64).get_parameter("layer4.1.conv2.weight").detach()
    assert float(weight.std()) == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.01)
    assert float(weight.mean()) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("size", "width", "stages", "last_stride", "shape"),
    [
        (225, 64, 4, 2, (512, 8, 8)),
        (97, 16, 4, 1, (128, 7, 7)),
        (65, 16, 4, 1, (128, 5, 5)),
        (97, 32, 3, 2, (128, 7, 7)),
    ],
)
def test_maps_have_the_documented_size(
    size: int, width: int, stages: int, last_stride: int, shape: tuple[int, int, int]
) -> None:
    backbone = make_backbone(width, stages=stages, last_stride=last_stride).eval()
    with torch.no_grad():
        assert backbone(torch.zeros(1, 3, size, size)).shape == (1, *shape)


def view(backbone: torch.nn.Module, size: int = 129) -> int:
    """Width in px of what the central cell of the map depends on."""
    x = torch.randn(1, 3, size, size, requires_grad=True)
    features = backbone.eval()(x)
    middle = features.shape[-1] // 2
    features[0, :, middle, middle].sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().sum((0, 1, 2)).nonzero().ravel()
    return int(seen.max() - seen.min()) + 1


def test_fewer_stages_and_blocks_narrow_what_a_cell_sees() -> None:
    whole, stages = view(make_backbone(8)), view(make_backbone(8, stages=3))
    assert whole == 129
    assert view(make_backbone(8, stages=3, blocks=1)) < 100
    assert view(make_backbone(8, stages=3, blocks=1)) < stages


def test_zero_residual_blocks_start_as_their_shortcuts() -> None:
    # conv1 7 px, maxpool 3 at stride 2, and shortcuts that look at a single cell
    assert view(make_backbone(8, zero_residual=True)) == 11
    backbone = make_backbone(8, zero_residual=True)
    backbone(torch.randn(2, 3, 65, 65)).square().sum().backward()
    assert float(backbone.get_parameter("layer1.0.bn2.weight").grad.abs().max()) > 0  # it learns


def test_the_mean_of_a_class_map_plus_its_bias_is_its_logit(small: TrainSettings) -> None:
    classifier = Classifier(small, 3)
    features = classifier.features(torch.randn(4, 3, 33, 33))
    means = classifier.maps(features).mean((-2, -1)) + classifier.fc.bias
    torch.testing.assert_close(means, classifier.logits(features), rtol=1e-5, atol=1e-5)


def test_without_a_bias_the_mean_of_a_class_map_is_its_logit(small: TrainSettings) -> None:
    classifier = Classifier(small.model_copy(update={"fc_bias": False}), 3)
    assert classifier.fc.bias is None
    features, logits = torch.randn(4, 32, 3, 3), classifier.logits
    means = classifier.maps(features).mean((-2, -1))
    torch.testing.assert_close(means, logits(features), rtol=1e-5, atol=1e-5)


def test_maps_teach_the_features_and_not_the_classifier(small: TrainSettings) -> None:
    classifier = Classifier(small, 3)
    classifier.maps(classifier.features(torch.randn(4, 3, 33, 33))).square().sum().backward()
    assert classifier.fc.weight.grad is None
    assert all(parameter.grad is not None for parameter in classifier.backbone.parameters())


def test_a_logit_does_not_depend_on_the_rest_of_its_batch(small: TrainSettings) -> None:
    classifier = Classifier(small, 3).eval()
    batch = torch.randn(6, 3, 33, 33)
    with torch.no_grad():
        torch.testing.assert_close(classifier(batch)[2:3], classifier(batch[2:3]))


def test_a_torchvision_for_another_torch_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision/__init__.py").write_text(FOREIGN)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from raicl.train.model.networks.resnet18 import make_backbone\n"
        "from raicl.common.errors import SetupError\n"
        "try:\n    make_backbone(4)\n"
        "except SetupError as error:\n    print(error.what); print(error.fix)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    what, fix = answer.stdout.splitlines()
    assert torch.__version__.partition("+")[0] in what
    assert torchvision.__version__.partition("+")[0] in what
    assert "torchvision::nms does not exist" in what
    assert "pip install --upgrade --force-reinstall torch torchvision" in fix


def test_a_half_precise_backbone_gives_nearly_the_same_float32_features() -> None:
    settings = TrainSettings(width=8, size=65)
    torch.manual_seed(0)
    whole = Classifier(settings, 3).eval()
    half = Classifier(settings.model_copy(update={"precision": "bfloat16"}), 3).eval()
    half.load_state_dict(whole.state_dict())
    x = torch.randn(2, 3, 65, 65)
    expected, found = whole.features(x), half.features(x)
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    # bfloat16 keeps 8 bits of a number: 0.4 % each, over some twenty layers
    error = (found - expected).detach()
    assert float(error.norm() / expected.detach().norm()) < 0.05
    found.sum().backward()  # type: ignore[no-untyped-call]
    gradients = [parameter.grad for parameter in half.backbone.parameters()]
    assert all(g is not None and g.dtype == torch.float32 for g in gradients)
