"""Preload: what processes that train folds have in common, imported before they are forked.

A process of its own takes 400 MB for PyTorch, mostly what its loader and Python make of it. Forked
ones share that as long as nobody writes to it. Nothing here may compute: a thread pool that has
been used does not survive a fork.
"""

from __future__ import annotations

import gc

import torch._dynamo  # noqa: F401  every optimiser imports it, at its first step

import raicl.train.run.workers  # noqa: F401

# a collection would write into every object, and so copy the pages that they lie on
gc.collect()
gc.freeze()
