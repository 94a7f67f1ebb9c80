"""Estimate: what a run will take, from a few steps of its own loop on its own device."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from raicl.common.terminal.progress import duration
from raicl.common.terminal.wording import counted
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.fold.log import read_log
from raicl.train.inputs.instances import load_instances
from raicl.train.model.siamese import Siamese
from raicl.train.run.device import make_repeatable, memory_of
from raicl.train.run.work import Work, clips_per_epoch, count_work
from raicl.train.settings import TrainSettings

_STEPS, _EPOCHS = 2, 3  # that are measured; the first epoch warms up and is left out


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured in a few steps.

    Attributes
    ----------
    step_seconds : one step, with gathering and augmenting its pairs.
    save_seconds : the checkpoint of an epoch.
    read_seconds : reading, verifying and resizing a clip.
    process_bytes : largest memory of this process, with its libraries and without instances.
    device_bytes : the same of a GPU. 0 on a CPU.
    fold_bytes, kept_bytes : on disk, of a fold that is trained and of one that is finished.
    """

    step_seconds: float
    save_seconds: float
    read_seconds: float
    process_bytes: int
    device_bytes: int
    fold_bytes: int
    kept_bytes: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run will take.

    Attributes
    ----------
    jobs : folds at a time. They are taken to share the device without loss.
    """

    work: Work
    measured: Measured
    jobs: int
    gpu: bool

    @property
    def seconds(self) -> float:
        """Until the last fold is finished."""
        work, one = self.work, self.measured
        trained = work.steps * one.step_seconds + work.folds * work.epochs * one.save_seconds
        return work.clips * one.read_seconds + trained / min(self.jobs, max(work.folds, 1))

    @property
    def host_bytes(self) -> int:
        """Memory of all processes, the libraries of each included."""
        held = 0 if self.gpu or self.work.streamed else self.work.instance_bytes
        return held + self.measured.process_bytes * (1 if self.jobs == 1 else self.jobs + 1)

    @property
    def device_bytes(self) -> int:
        """Memory of the GPU. 0 without one."""
        held = self.work.instance_bytes if self.gpu and not self.work.streamed else 0
        return held + self.measured.device_bytes * self.jobs

    @property
    def disk_bytes(self) -> int:
        """The run folder at its largest, and the file of a stream."""
        work, one = self.work, self.measured
        streamed = work.instance_bytes if work.streamed else 0
        return work.folds * one.kept_bytes + self.jobs * one.fold_bytes + streamed

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        whole = ("seconds", "host_bytes", "device_bytes", "disk_bytes")
        return {
            **asdict(self.work),
            **asdict(self.measured),
            "jobs": self.jobs,
            **{name: getattr(self, name) for name in whole},
        }

    def __str__(self) -> str:
        work = self.work
        where = f"{_size(self.device_bytes)} of the GPU, " if self.gpu else ""
        kept = "streamed from disk" if work.streamed else "in memory"
        return (
            f"estimate: {counted(work.folds, 'fold')} x {counted(work.epochs, 'epoch')}, "
            f"{work.pairs:,} pairs in {work.steps:,} steps of {self.measured.step_seconds:.3g} s: "
            f"about {duration(self.seconds)}; {where}{_size(self.host_bytes)} of memory "
            f"({_size(work.instance_bytes)} of instances, {kept}), {_size(self.disk_bytes)} of disk"
        )


def estimate(
    composite: Composite,
    folds: Sequence[Fold],
    settings: TrainSettings,
    device: torch.device,
    *,
    jobs: int,
) -> Estimate:
    """Count the work of `folds`, and measure a few steps of the first. Writes nothing that stays.

    Raises
    ------
    FoldError : a loss is not finite, or the device has run out of memory.
    """
    work = count_work(composite, folds, settings, device)
    measured = _measure(composite, folds[0], settings, device)
    return Estimate(work=work, measured=measured, jobs=jobs, gpu=device.type == "cuda")


def _measure(
    composite: Composite, fold: Fold, settings: TrainSettings, device: torch.device
) -> Measured:
    """Train a few clips of a fold for a few epochs in a folder of its own."""
    clips = _some_of_each_class(composite, fold, -(-_STEPS * settings.batch_size // settings.pairs))
    small = replace(fold, train=tuple(clips), test=())
    brief = settings.model_copy(update={"epochs": _EPOCHS, "calibration": "none"})
    ended: list[float] = []
    make_repeatable(settings)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with TemporaryDirectory(prefix="raicl-") as place, memory_of(device):
        started = time.perf_counter()
        instances = load_instances(
            [composite.records[clip] for clip in clips],
            size=settings.size,
            device=device,
            where="device",
            fitted=composite.fitted,
        )
        read = time.perf_counter() - started
        model, _ = fit_fold(
            small,
            instances,
            composite.labels,
            brief,
            n_classes=len(composite.classes),
            device=device,
            output=Output(folder=Path(place), say=lambda text: None, label="estimate"),
            observe=lambda epoch, model, scale: ended.append(time.perf_counter()),
        )
        instances.close()
        seconds = [float(row["seconds"] or 0) for row in read_log(Path(place))]
        on_disk = sum(path.stat().st_size for path in Path(place).iterdir())
    held = 2 * 3 * settings.size**2 * len(instances.strength)
    on_gpu = torch.cuda.max_memory_allocated(device) - held if device.type == "cuda" else 0
    pairs = clips_per_epoch(composite, small, settings) * settings.pairs
    steps = -(-pairs // settings.batch_size)
    measured = _EPOCHS - 1
    # between two epochs' ends lies the checkpoint of the first, then the second
    between = ended[-1] - ended[0] - sum(seconds[1:])
    return Measured(
        step_seconds=sum(seconds[1:]) / measured / steps,
        save_seconds=max(between, 0.0) / measured,
        read_seconds=read / len(clips),
        process_bytes=_peak() - (0 if device.type == "cuda" else held),
        device_bytes=on_gpu,
        fold_bytes=on_disk,
        kept_bytes=_kept(model),
    )


def _some_of_each_class(composite: Composite, fold: Fold, number: int) -> list[str]:
    """At most `number` training clips, the classes in turn."""
    classes: dict[int, list[str]] = {}
    for clip in fold.train:
        classes.setdefault(composite.labels[clip], []).append(clip)
    turns = chain.from_iterable(zip_longest(*classes.values()))
    most = max(number, len(classes))
    return sorted([clip for clip in turns if clip is not None][:most])


def _kept(model: Siamese) -> int:
    """Bytes of the weights of a finished fold."""
    tensors = list(model.inference_state().values())
    if model.tested.regions is not None:
        tensors += model.tested.regions.state_dict().values()
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
