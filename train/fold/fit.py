"""One fold, top to bottom: a fresh network learns from the training subjects. READ FIRST.

`losses` computes the paper's L_cls, L_acl, L_align and L_c. `siamese` holds the two networks and
adds the weighted losses. This module minimises the sum.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LRScheduler

from raicl.common.terminal.progress import progress
from raicl.train.clips.folds import Fold, FoldError
from raicl.train.fold.checkpoint import Checkpoint
from raicl.train.fold.log import EpochLog, Log
from raicl.train.inputs.augmentation import augment
from raicl.train.inputs.epoch import Batches, draw_epoch, mini_batches, place
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import Scale, apply_scale, fit_scale
from raicl.train.model.losses import ramp_up
from raicl.train.model.siamese import Losses, Siamese
from raicl.train.settings import TrainSettings

Observer = Callable[[int, Siamese, Scale], None]  # finished epochs, networks, scale


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where a fold's files go, and what is shown while it trains.

    Attributes
    ----------
    folder : folder of the checkpoints and the log.
    say : receives warnings.
    label : name of the fold in the progress display. Empty for the name it has.
    folds_after : number of folds trained after this one, to estimate the time left.
    events : folder of the fold's TensorBoard event files. None for no event files.
    """

    folder: Path
    say: Callable[[str], None]
    label: str = ""
    folds_after: int = 0
    events: Path | None = None


def fit_fold(
    fold: Fold,
    instances: Instances,
    labels: Mapping[str, int],
    settings: TrainSettings,
    *,
    n_classes: int,
    device: torch.device,
    output: Output,
    observe: Observer | None = None,
) -> tuple[Siamese, Scale]:
    """Train one fold for its fixed budget of epochs, or continue where it was interrupted.

    The result depends only on the settings, the instances and the fold. Earlier folds and
    interruptions do not change it.

    Parameters
    ----------
    labels : class index by clip id.
    observe : called after every epoch, before its checkpoint. It must change nothing.

    Returns
    -------
    The networks after the last epoch, and the scale fitted on the training clips.

    Raises
    ------
    FoldError : a loss is not finite.
    SetupError : `output` asks for event files and tensorboard is not installed.
    """
    seed = settings.seed + fold.index  # docs/method.md 5, rule 6
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)

    rows = [instances.rows[clip] for clip in fold.train]
    truth = [labels[clip] for clip in fold.train]
    classes = torch.tensor(truth, device=device)  # (clips,)
    scale = fit_scale(instances, fold.train, settings)

    counts = np.bincount(truth, minlength=n_classes).tolist()
    model = Siamese(settings, n_classes, counts).to(device)
    optimizer = make_optimizer(model)
    compile_backbones(model)
    scheduler = make_schedule(optimizer, settings)

    state = Checkpoint(
        output.folder, model=model, optimizer=optimizer, scheduler=scheduler, rng=rng
    )
    finished, history = state.resume(output.say)

    after = output.folds_after * settings.epochs
    with (
        Log(output.folder, history, events=output.events) as log,
        progress(settings.epochs, output.label or fold.name, done=finished, after=after) as shown,
    ):
        for epoch in range(finished, settings.epochs):
            started = time.perf_counter()
            model.train()
            pairs = draw_epoch(rows, truth, instances.strength, settings, rng)
            symmetric = settings.pairing == "symmetric"
            batches = mini_batches(pairs, settings.batch_size, symmetric=symmetric)
            steps = learn_pairs(
                model, optimizer, instances, scale, classes, batches, rng, epoch=epoch
            )
            lr = float(scheduler.get_last_lr()[0])
            scheduler.step()

            _check_finite(steps, batches, fold, epoch)
            seconds = time.perf_counter() - started
            measured: EpochLog = {"epoch": epoch + 1, "lr": lr, "seconds": seconds, **_means(steps)}
            log.append(measured)
            if observe is not None:
                observe(epoch + 1, model, scale)
            state.save(epoch + 1, history)
            shown.advance(note=f"epochs, loss {history[-1]['loss']:.3f}")
    return model, scale


def learn_pairs(
    model: Siamese,
    optimizer: Optimizer,
    instances: Instances,
    scale: Scale,
    classes: Tensor,
    batches: Batches,
    rng: np.random.Generator,
    *,
    epoch: int,
) -> list[dict[str, Tensor]]:
    """Learn from the pairs of one epoch. Nothing here waits for a GPU: no number is read from it.

    Parameters
    ----------
    classes : class index of each training clip, (clips,), on the device.
    batches : see `mini_batches`.
    epoch : number of finished epochs.

    Returns
    -------
    The losses and monitors of every step, on the device.
    """
    settings = model.settings
    clips = place([clip for clip, *_ in batches], classes.device)
    rows = instances.prefetch([drawn for _, *both in batches for drawn in both])
    steps = []
    for step, (clip, online, target) in enumerate(zip(clips, rows[::2], rows[1::2], strict=True)):
        pair = instances.gather(online), instances.gather(target)
        raw_online, raw_target = augment(*pair, settings, rng)
        losses = take_step(
            model,
            optimizer,
            apply_scale(raw_online, scale),  # I_θ (B, 3, S, S)
            apply_scale(raw_target, scale),  # I_ξ, mirrored inside
            classes[clip],
            ramp=ramp_up(epoch, settings.lambda_ramp),
            done=(epoch + step / len(batches)) / settings.epochs,
        )
        steps.append(_values(losses))
    return steps


def take_step(
    model: Siamese,
    optimizer: Optimizer,
    online: Tensor,
    target: Tensor,
    labels: Tensor,
    *,
    ramp: float,
    done: float,
) -> Losses:
    """One step of both networks: θ along the gradient, ξ after it. For parameters see `losses`.

    Parameters
    ----------
    done : finished share of the training, 0 … 1.
    """
    losses = model.losses(online, target, labels, ramp=ramp)
    optimizer.zero_grad(set_to_none=True)
    losses.total.backward()  # type: ignore[no-untyped-call]
    if model.settings.clip_gradient is not None:
        clip_grad_norm_(model.online.parameters(), model.settings.clip_gradient)
    optimizer.step()
    model.update_target(done)  # ξ ← τ ξ + (1 - τ) θ
    return losses


def compile_backbones(model: Siamese) -> None:
    """Compile the forward passes of both networks, as far as the settings ask for it."""
    how = model.settings.compile
    if how != "none":
        for network in filter(None, (model.online.network, model.target)):
            network.classifier.compile_backbone(graphs=how == "graphs")


def make_optimizer(model: Siamese) -> Optimizer:
    """Adam of the online network, with coupled L2 and not AdamW (docs/method.md 3.6)."""
    settings = model.settings
    return torch.optim.Adam(
        model.online.parameters(),
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        fused=True if settings.adam == "fused" else None,  # None: torch's choice for the device
    )


def make_schedule(optimizer: Optimizer, settings: TrainSettings) -> LRScheduler:
    """The learning rate per epoch: times gamma (docs/method.md 3.6), or a cosine to 0."""
    if settings.lr_schedule == "cosine":
        return CosineAnnealingLR(optimizer, settings.epochs)
    return ExponentialLR(optimizer, settings.gamma)


def _values(losses: Losses) -> dict[str, Tensor]:
    """The numbers of one step. They stay on the device, because reading them waits for it."""
    terms = {"loss": losses.total, **losses.terms, **losses.monitors}
    return {name: torch.as_tensor(value).detach().float() for name, value in terms.items()}


def _check_finite(steps: list[dict[str, Tensor]], batches: Batches, fold: Fold, epoch: int) -> None:
    if not steps:
        raise FoldError(f"fold {fold.name}: no mini-batch has two pairs", fix="raise --batch-size")
    finite = torch.stack([torch.isfinite(step["loss"]) for step in steps])
    if not finite.all():
        first = int(finite.int().argmin())
        clips = sorted({fold.train[index] for index in batches[first][0].tolist()})
        raise FoldError(
            f"fold {fold.name}: the loss is not finite in step {first + 1} of epoch {epoch + 1}",
            where=", ".join(clips),
            fix="lower --lr, or look at these clips",
        )


def _means(steps: list[dict[str, Tensor]]) -> dict[str, float | None]:
    """Mean of every number over the epoch. None if it is not finite, which JSON cannot hold."""
    means = {name: float(torch.stack([step[name] for step in steps]).mean()) for name in steps[0]}
    return {name: value if math.isfinite(value) else None for name, value in means.items()}
