"""MRD's region head: learnable facial queries become regions, and pixels are assigned to them."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raicl.train.settings import TrainSettings

PROTOTYPE_SHARE = 0.1  # [ours] of a batch, as in batch normalisation's running statistics


class Regions(NamedTuple):
    """Output of the region head for a batch.

    Attributes
    ----------
    queries : Q (B, M, D), the decoded regions. All images have the same with `query_mode`
        batch-mean.
    scores : S / T (B, M, h, w), cosine heat maps divided by the temperature.
    assignment : P (B, M, h, w), softmax of the scores over the M queries.
    embeddings : z (B, M, D), pooled and projected region embeddings.
    """

    queries: Tensor
    scores: Tensor
    assignment: Tensor
    embeddings: Tensor


class RegionHead(nn.Module):
    """Decoder, dense projection, assignment, weighted pooling, projector (docs/method.md 3.4).

    Parameters
    ----------
    channels : number C of feature channels.

    Attributes
    ----------
    prototype : slow mean of the queries over batches, (M, D). Only with `query_mode` batch-mean.
    """

    prototype: Tensor

    def __init__(self, settings: TrainSettings, channels: int) -> None:
        super().__init__()
        self.decoder = Decoder(settings, channels)
        self.dense = nn.Sequential(
            nn.Conv2d(channels, settings.dense_hidden, 1, bias=False),
            nn.BatchNorm2d(settings.dense_hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(settings.dense_hidden, settings.dim, 1, bias=False),
        )
        self.query_mode, self.pooled = settings.query_mode, settings.pooled
        if self.query_mode == "batch-mean":
            self.register_buffer("prototype", torch.zeros(settings.queries, settings.dim))
        inputs = channels if self.pooled == "features" else settings.dim
        self.projector = mlp(settings.dim, settings.projector_hidden, inputs=inputs)

    def forward(self, features: Tensor, temperature: float) -> Regions:
        """Turn features (B, C, h, w) into regions; they are unmirrored unless `unflip` is late.

        Parameters
        ----------
        temperature : temperature T of the softmax over the queries.
        """
        queries = self._queries(features)  # Q (B, M, D)
        dense = self.dense(features)  # F_dense (B, D, h, w)
        scores = heat_maps(queries, dense) / temperature
        assignment = scores.softmax(1)
        # [ours] pool F_dense, as in the paper's text; FRA pools the features
        pooled = pool_regions(assignment, features if self.pooled == "features" else dense)
        embeddings = self.projector(pooled.flatten(0, 1)).unflatten(0, pooled.shape[:2])
        return Regions(queries, scores, assignment, embeddings)

    def _queries(self, features: Tensor) -> Tensor:
        """Q (B, M, D): those of each image, or of the batch, whose slow mean is used at test."""
        queries: Tensor = self.decoder(features)
        if self.query_mode == "image":
            return queries
        if self.training:  # closer to FRA: one set for all images
            mean = queries.mean(0)
            self.prototype.lerp_(mean.detach(), PROTOTYPE_SHARE)
        else:
            mean = self.prototype
        return mean.expand_as(queries)


class Decoder(nn.Module):
    """DETR-style decoder: M learnable queries attend to the h·w tokens of a feature map."""

    def __init__(self, settings: TrainSettings, channels: int) -> None:
        super().__init__()
        dim = settings.dim
        self.queries = nn.Parameter(torch.randn(settings.queries, dim))
        self.contents = None
        if settings.query_start == "learned":
            self.contents = nn.Parameter(torch.randn(settings.queries, dim))
        self.memory = nn.Conv2d(channels, dim, 1)
        self.layers = nn.ModuleList(DecoderLayer(settings) for _ in range(settings.decoder_layers))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Sequential(
            nn.Linear(dim, dim),
            nn.ReLU(inplace=True),
            nn.Linear(dim, dim),
            nn.ReLU(inplace=True),
            nn.Linear(dim, dim),
        )
        for parameter in [*self.layers.parameters(), *self.head.parameters()]:
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) → Q (B, M, D), one set of regions per image."""
        memory = self.memory(features)
        places = sine_positions(*memory.shape[1:], device=memory.device)
        memory = memory.flatten(2).mT  # (B, hw, D)
        keys = memory + places.flatten(1).mT
        position = self.queries.expand(len(memory), -1, -1)  # (B, M, D)
        # [ours] learned: zeros make all queries start as nearly one vector, because a query only
        # chooses tokens, and the mean of a few dozen tokens is about the same for every choice.
        # The noise of the decoder's dropout then exceeds the difference between queries, and the
        # network learns to ignore them (docs/regions.md).
        regions = torch.zeros_like(position)
        if self.contents is not None:
            regions = self.contents.expand_as(position)
        for layer in self.layers:
            regions = layer(regions, position, keys, memory)
        decoded: Tensor = self.head(self.norm(regions))
        return decoded


class DecoderLayer(nn.Module):
    """Self-attention among queries, cross-attention to the map and feed-forward, each post-norm."""

    def __init__(self, settings: TrainSettings) -> None:
        super().__init__()
        dim, heads, dropout = settings.dim, settings.decoder_heads, settings.dropout
        self.self_attention = nn.MultiheadAttention(dim, heads, dropout, batch_first=True)
        self.cross_attention = nn.MultiheadAttention(dim, heads, dropout, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.Linear(dim, settings.decoder_hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(settings.decoder_hidden, dim),
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, regions: Tensor, position: Tensor, keys: Tensor, memory: Tensor) -> Tensor:
        """Refine regions (B, M, D). Positions are added to queries and keys, never to values."""
        query = regions + position
        found = self.self_attention(query, query, regions, need_weights=False)[0]
        regions = self.norms[0](regions + self.dropout(found))
        found = self.cross_attention(regions + position, keys, memory, need_weights=False)[0]
        regions = self.norms[1](regions + self.dropout(found))
        refined: Tensor = self.norms[2](regions + self.dropout(self.feed_forward(regions)))
        return refined


def mlp(dim: int, hidden: int, *, inputs: int | None = None) -> nn.Sequential:
    """Projector or predictor of rows (B·M, D): two layers with batch normalisation between."""
    return nn.Sequential(
        nn.Linear(inputs or dim, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, dim),
    )


def sine_positions(
    dim: int, height: int, width: int, *, device: torch.device | None = None
) -> Tensor:
    """2-D sine encoding of cell centres, normalised to (0, 2π), with DETR's frequencies.

    Returns
    -------
    (D, h, w): a quarter of the channels each for sin(y), cos(y), sin(x), cos(x).
    """
    frequency = 10_000 ** (-torch.arange(dim // 4, device=device) / (dim // 4))
    y, x = (  # (h, D/4), (w, D/4)
        2 * math.pi * (torch.arange(n, device=device) + 0.5)[:, None] / n * frequency
        for n in (height, width)
    )
    rows = torch.cat([y.sin(), y.cos()], 1)[:, None].expand(-1, width, -1)
    columns = torch.cat([x.sin(), x.cos()], 1)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], 2).permute(2, 0, 1)


def heat_maps(queries: Tensor, dense: Tensor) -> Tensor:
    """S(m, x, y) = cos(Q_m, F_dense(·, x, y)) (docs/method.md 3.4.3).

    Parameters
    ----------
    queries : Q (B, M, D).
    dense : F_dense (B, D, h, w).

    Returns
    -------
    (B, M, h, w) in [-1, 1].
    """
    unit_queries, unit_dense = F.normalize(queries, dim=-1), F.normalize(dense, dim=1)
    return torch.einsum("bmd,bdhw->bmhw", unit_queries, unit_dense)


def pool_regions(assignment: Tensor, dense: Tensor) -> Tensor:
    """Weighted average pooling over pixels: z̄_m = Σ P_m F_dense / (Σ P_m + 1e-6).

    Parameters
    ----------
    assignment : P (B, M, h, w).
    dense : F_dense (B, D, h, w), or the features.

    Returns
    -------
    z̄ (B, M, D), zero for a region without pixels.
    """
    weighted = torch.einsum("bmhw,bdhw->bmd", assignment, dense)
    return weighted / (assignment.sum((-2, -1))[..., None] + 1e-6)
