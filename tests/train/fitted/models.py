"""Models whose network is drawn and not trained, written by the functions of `raicl fit`."""

from pathlib import Path
from typing import NamedTuple

import torch

from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import every_clip
from raicl.train.clips.plan import assemble
from raicl.train.fitted.save import Trained, save_model, tell
from raicl.train.fold.log import Log
from raicl.train.inputs.instances import Instances, load_instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.model.siamese import Siamese
from raicl.train.run.key import environment
from raicl.train.settings import TrainSettings
from tests.train.harness import CPU


class Drawn(NamedTuple):
    """A model on disk, and what it was made of."""

    folder: Path
    model: Siamese
    scale: Scale
    composite: Composite
    instances: Instances


@torch.no_grad()
def drawn_network(
    settings: TrainSettings, counts: list[int], instances: Instances, scale: Scale
) -> Siamese:
    """A network that gives other classes to other clips, and is not sure of them."""
    torch.manual_seed(0)
    model = Siamese(settings, len(counts), counts).eval()
    inputs = apply_scale(instances.gather(torch.tensor(list(instances.middle.values()))), scale)
    for network in (model.online.network, model.target):
        if network is not None:
            for parameter in network.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
            logits = network.classifier(inputs)
            network.classifier.fc.weight /= logits.std(0).mean()
            network.classifier.fc.bias -= network.classifier(inputs).mean(0)
    return model


def write_model(folder: Path, flows: Path, settings: TrainSettings) -> Drawn:
    """Write a model of a cache. Its networks are not those of its own log, which is empty."""
    composite = assemble([flows], load_protocol(settings.protocol), settings)
    instances = load_instances(
        list(composite.records.values()), size=settings.size, device=CPU, where="device"
    )
    fold = every_clip(composite)
    scale = Scale(flow=0.3, strain=0.05, clip=10, mode=settings.scale)
    model = drawn_network(settings, composite.class_counts(fold.train), instances, scale)
    log = folder.with_name(f"{folder.name}.log")
    log.mkdir()
    with Log(log, []):
        pass
    trained = Trained(model, scale, "cpu", log, environment(composite, settings))
    folder.mkdir()
    save_model(folder, trained, composite, fold, settings)
    tell(folder, folder.name, None)
    return Drawn(folder, model, scale, composite, instances)


def files(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
