"""Answers: what an exported model says of instances, and whether PyTorch says the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from raicl.train.export.deployed import Deployed
from raicl.train.fitted.predictor import Predictor

TOLERANCE = 1e-4
_AT_A_TIME = 16  # instances, so that 225 px fit into little memory

Floats = NDArray[np.float32]


class Answers(NamedTuple):
    """The outputs for N instances.

    Attributes
    ----------
    probabilities, logits : (N, L).
    class_maps : (N, L, h, w).
    """

    probabilities: Floats
    logits: Floats
    class_maps: Floats


Runner = Callable[[Floats], Answers]  # float32 (B, 3, S, S) → the answers


class Difference(NamedTuple):
    """How far an exported model is from PyTorch, over N instances.

    Attributes
    ----------
    instances : N.
    probabilities : largest difference from what the predictor says.
    logits, class_maps : largest difference, as a share of the largest magnitude if that is above 1.
    """

    instances: int
    probabilities: float
    logits: float
    class_maps: float

    @property
    def largest(self) -> float:
        """The largest of the three."""
        return max(self.probabilities, self.logits, self.class_maps)


def measure(run: Runner, deployed: Deployed, predictor: Predictor, instances: Floats) -> Difference:
    """Compare an exported model with PyTorch on raw instances (N, 3, S, S).

    Its probabilities are held against those of the predictor, which has other code for the resizing
    and for several views, so that nothing of the export stands for itself.
    """
    found = run_all(run, instances)
    expected = run_all(in_torch(deployed), instances)
    differences = [
        float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(theirs).max())))
        for ours, theirs in zip(found[1:], expected[1:], strict=True)
    ]
    said = predictor.predict_each(instances)
    return Difference(len(instances), float(np.abs(found[0] - said).max()), *differences)


def run_all(run: Runner, instances: Floats) -> Answers:
    """The answers to any number of instances."""
    starts = range(0, len(instances), _AT_A_TIME)
    parts = [run(instances[start : start + _AT_A_TIME]) for start in starts]
    return Answers(*(np.concatenate(output) for output in zip(*parts, strict=True)))


def in_torch(module: torch.nn.Module) -> Runner:
    """Run a module of `Deployed`'s outputs in PyTorch."""

    @torch.no_grad()
    def run(instances: Floats) -> Answers:
        return Answers(*(output.numpy() for output in module(torch.from_numpy(instances))))

    return run
