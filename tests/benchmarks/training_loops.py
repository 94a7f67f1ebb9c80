"""Loops that train the same network: the bare step, ours, and one with a DataLoader."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, NamedTuple, Self

import h5py
import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset

from raicl.common.cache.flows import StoredClip, open_cache
from raicl.common.terminal import console
from raicl.train.fold.fit import compile_backbones, learn_pairs, make_optimizer, take_step
from raicl.train.inputs.epoch import draw_epoch, mini_batches
from raicl.train.inputs.instances import load_instances
from raicl.train.inputs.scaling import Scale
from raicl.train.model.siamese import Siamese
from raicl.train.run.device import configure_torch, make_repeatable
from raicl.train.settings import TrainSettings

CLASSES = ("disgust", "happiness", "surprise")
SCALE = Scale(flow=0.2, strain=0.02, clip=10.0)
Work = Callable[[], None]


class Loop(NamedTuple):
    """What one process does in its turn.

    Attributes
    ----------
    by : ``clock``, or ``processor``: then other programs take the machine, not time.
    threads : torch's choice if None.
    steps : number of steps per turn.
    workers : of the DataLoader.
    layout : of the images in the backbone, under the DataLoader: torch's own, rows within channels,
        or ours.
    keep : whether glibc keeps freed memory, as in `configure_torch`.
    """

    flows: Path
    settings: TrainSettings
    device: str
    by: str
    threads: int | None
    steps: int
    kind: Literal["bare", "ours", "user"] = "bare"
    workers: int = 0
    layout: torch.memory_format = torch.contiguous_format
    keep: bool = True


class Runner:
    """A process that runs its loop whenever it is told to."""

    def __init__(self, loop: Loop) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(loop, theirs))

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.send("end")
        self._process.join()

    def run(self) -> float:
        """Seconds of one turn."""
        return self._ask("run")

    def peak(self) -> float:
        """MB that the process or its largest worker held at most; on a GPU, of its memory."""
        return self._ask("peak")

    def _ask(self, what: str) -> float:
        self._line.send(what)
        return float(self._line.recv())


def _serve(loop: Loop, line: Connection) -> None:
    console.configure(quiet=True)
    if loop.keep:
        threads = loop.threads or torch.get_num_threads()
        configure_torch(loop.settings.model_copy(update={"threads": threads}))
        make_repeatable(loop.settings)
    elif loop.threads:
        torch.set_num_threads(loop.threads)
    work = {"bare": bare, "ours": ours, "user": user}[loop.kind](loop)
    while (asked := line.recv()) != "end":
        if asked == "peak":
            line.send(_peak(loop.device))
            continue
        started = _now(loop)
        work()
        line.send(_now(loop) - started)


def bare(loop: Loop) -> Work:
    """Steps on one batch that lies on the device, ready for the network."""
    settings = loop.settings
    model, optimizer = network(loop)
    shape = (settings.batch_size, 3, settings.size, settings.size)
    online, target = (
        torch.randn(shape).to(loop.device).contiguous(memory_format=torch.channels_last)
        for _ in range(2)
    )
    labels = torch.arange(settings.batch_size, device=loop.device) % len(CLASSES)

    def work() -> None:
        for _ in range(loop.steps):
            take_step(model, optimizer, online, target, labels, ramp=0.5, done=0.5)

    return work


def ours(loop: Loop) -> Work:
    """An epoch of `fit_fold`: pairs drawn, instances gathered, augmented and scaled, steps."""
    settings, device = loop.settings, torch.device(loop.device)
    cache = open_cache(loop.flows)
    sources = [StoredClip(cache, record) for record in cache.records]
    instances = load_instances(sources, size=settings.size, device=device, where="device")
    rows = [instances.rows[record.id] for record in cache.records]
    truth = [CLASSES.index(record.clip.emotion) for record in cache.records]
    model, optimizer = network(loop)
    classes, rng = torch.tensor(truth, device=device), np.random.default_rng(0)

    def work() -> None:
        pairs = draw_epoch(rows, truth, instances.strength, settings, rng)
        batches = mini_batches(pairs, settings.batch_size)
        steps = learn_pairs(
            model, optimizer, instances, SCALE, classes, batches, rng, epoch=settings.epochs
        )
        for name in steps[0]:  # as the log of an epoch takes them
            float(torch.stack([step[name] for step in steps]).mean())

    return work


def user(loop: Loop) -> Work:
    """What one would write: files read by workers, float32, the loss read in every step.

    Nobody who does not look for it changes the layout of images, so torch's own is what is beaten;
    ours stands beside it.
    """
    model, optimizer = network(loop)
    for backbone in (
        one.classifier.backbone for one in (model.online.network, model.target) if one
    ):
        backbone.to(memory_format=loop.layout)
        backbone.register_forward_pre_hook(
            lambda _, images: images[0].contiguous(memory_format=loop.layout)
        )
    loader = DataLoader(
        FlowPairs(loop.flows),
        batch_size=loop.settings.batch_size,
        shuffle=True,
        num_workers=loop.workers,
        pin_memory=loop.device == "cuda",
    )

    def work() -> None:
        total = 0.0
        for batch in loader:
            losses = model.losses(*(part.to(loop.device) for part in batch))
            optimizer.zero_grad()
            losses.total.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            model.update_target()
            total += losses.total.item()

    return work


class FlowPairs(Dataset[tuple[Tensor, Tensor, int]]):
    """Pairs of a cache's instances, scaled, each read from its file when it is asked for."""

    def __init__(self, flows: Path) -> None:
        cache = open_cache(flows)
        self.paths = [str(cache.shard_path(record)) for record in cache.records]
        self.labels = [CLASSES.index(record.clip.emotion) for record in cache.records]
        self.counts = [len(record.train_rows) for record in cache.records]
        self.items = [(clip, i) for clip, n in enumerate(self.counts) for i in range(n)]
        self.files: dict[str, h5py.File] = {}

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        clip, i = self.items[index]
        j = (i + int(torch.randint(1, self.counts[clip], ()))) % self.counts[clip]
        path = self.paths[clip]
        if path not in self.files:
            self.files[path] = h5py.File(path, "r")
        stored = self.files[path]["instances"]
        divisors = torch.tensor([SCALE.flow, SCALE.flow, SCALE.strain])[:, None, None]
        online, target = (torch.from_numpy(stored[row]).float() / divisors for row in (i, j))
        return online.clamp(-10, 10), target.clamp(-10, 10), self.labels[clip]


def network(loop: Loop) -> tuple[Siamese, Optimizer]:
    """Both networks and their optimiser, made as a fold makes them."""
    torch.manual_seed(0)
    model = Siamese(loop.settings, len(CLASSES)).to(loop.device).train()
    optimizer = make_optimizer(model)
    compile_backbones(model)
    return model, optimizer


def best_product(loop: Loop) -> float:
    """TFLOP/s of the best of five float32 matrix products."""
    side = 1024 if loop.device == "cpu" else 8192
    if loop.threads:
        torch.set_num_threads(loop.threads)
    left, seconds = torch.randn(side, side, device=loop.device), []
    for _ in range(6):
        started = _now(loop)
        torch.mm(left, left)
        seconds.append(_now(loop) - started)
    return 2 * side**3 / min(seconds) / 1e12


def _now(loop: Loop) -> float:
    if loop.device == "cuda":
        torch.cuda.synchronize()
    if loop.by == "clock":
        return time.perf_counter()
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)  # those that have ended
    return time.process_time() + workers.ru_utime + workers.ru_stime


def _peak(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    whos = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whos) / 1e3
