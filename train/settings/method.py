"""Settings of the method: IRC, MRD and the weights of their losses."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from raicl.common.settings import setting
from raicl.train.settings.inputs import InputSettings

_METHOD, _REGIONS = "Method: IRC and MRD", "Method: regions of MRD"


class MethodSettings(InputSettings):
    """The part of `TrainSettings` that the paper's formulas contain."""

    irc: bool = setting(True, "Instance consistency: L_acl.", panel=_METHOD)
    mrd: bool = setting(True, "Multi-region discovery: L_align + L_c.", panel=_METHOD)
    lambda_cls: float = setting(0.5, "Weight of L_cls.", panel=_METHOD, ge=0)
    lambda_acl: float = setting(0.5, "Weight of L_acl.", panel=_METHOD, ge=0)
    lambda_mrd: float = setting(
        0.5, "Weight of MRD: L_align + L_c and the terms against collapse.", panel=_METHOD, ge=0
    )
    lambda_ramp: int = setting(
        0,
        "Epochs over which the weights of L_acl and MRD rise linearly from 0; 0 for no ramp.",
        panel=_METHOD,
        ge=0,
    )
    cls_target: bool = setting(
        False, "Classify the target's instance too, by the online network.", panel=_METHOD
    )
    acl: Literal["mse", "l2", "cosine"] = setting(
        "mse",
        "L_acl: mean square, l2 (the norm as printed), or cosine (the maps' shapes).",
        panel=_METHOD,
    )
    acl_classes: Literal["all", "gt"] = setting(
        "all", "L_acl compares the maps of all classes, or only the label's.", panel=_METHOD
    )
    detach: bool = setting(
        True, "L_acl trains the features, not the classifier's W.", panel=_METHOD
    )
    cam_target: Literal["own", "online"] = setting(
        "own", "The target's maps use its own W, or the online network's.", panel=_METHOD
    )
    momentum: float = setting(
        0.99, "Share of the target that a step keeps (τ).", panel=_METHOD, ge=0, le=1
    )
    momentum_schedule: Literal["constant", "cosine"] = setting(
        "constant", "τ stays, or rises to 1 along a cosine over the epochs.", panel=_METHOD
    )
    target_bn: Literal["train", "eman"] = setting(
        "train",
        "The target normalises by its batch, or by running statistics that follow slowly (eman).",
        panel=_METHOD,
    )

    unflip: Literal["early", "late"] = setting(
        "early",
        "Flip the target's features back before MRD, or its assignments after MRD.",
        panel=_REGIONS,
    )
    queries: int = setting(8, "Learnable facial queries.", panel=_REGIONS, ge=1, le=64)
    query_start: Literal["zero", "learned"] = setting(
        "learned",
        "What the decoder starts each query's region from: a learned vector, or zeros as in DETR.",
        panel=_REGIONS,
    )
    query_mode: Literal["image", "batch-mean"] = setting(
        "image",
        "Regions of each image, or their mean over the batch (at test a slow mean over batches).",
        panel=_REGIONS,
    )
    dim: int = setting(256, "Channels of queries and regions.", panel=_REGIONS, ge=4, le=2048)
    decoder_layers: int = setting(2, "Layers of the decoder.", panel=_REGIONS, ge=1, le=12)
    decoder_heads: int = setting(8, "Attention heads of the decoder.", panel=_REGIONS, ge=1)
    decoder_hidden: int = setting(
        256, "Hidden units of the decoder's feed-forward part.", panel=_REGIONS, ge=1
    )
    dropout: float = setting(
        0.1, "Dropout in the online decoder; the target has none.", panel=_REGIONS, ge=0, lt=1
    )
    dense_hidden: int = setting(
        512, "Hidden channels of the dense projection.", panel=_REGIONS, ge=1
    )
    projector_hidden: int = setting(
        512, "Hidden units of the projector H and of the predictor.", panel=_REGIONS, ge=1
    )
    pooled: Literal["dense", "features"] = setting(
        "dense", "Region embeddings pool the dense projection, or the features.", panel=_REGIONS
    )
    predictor: bool = setting(True, "Predictor on the online regions (BYOL).", panel=_REGIONS)
    temperature_online: float = setting(
        0.1, "Temperature of the online assignment.", panel=_REGIONS, gt=0
    )
    temperature_target: float = setting(
        0.04, "Temperature of the target's assignment.", panel=_REGIONS, gt=0
    )
    balance: Literal["none", "entropy", "centring", "sinkhorn"] = setting(
        "entropy",
        "Against one region taking all: entropy adds R = ln M - H(mean P) to MRD; centring and "
        "sinkhorn also balance the target's assignment, by a slow mean or exactly.",
        panel=_REGIONS,
    )
    balance_weight: float = setting(
        1.0,
        "Weight of R beside L_align and L_c; 0 balances the target alone.",
        panel=_REGIONS,
        ge=0,
        later=True,
    )
    decorrelation: float = setting(
        0.0,
        "Weight of the squared cosines between regions in MRD.",
        panel=_REGIONS,
        ge=0,
        later=True,
    )

    @model_validator(mode="after")
    def _check_dim(self) -> Self:
        if self.dim % 4:
            raise ValueError("dim must be a multiple of 4: sine and cosine of two coordinates")
        if self.dim % self.decoder_heads:
            raise ValueError("dim must be a multiple of decoder_heads")
        return self

    @model_validator(mode="after")
    def _check_idle(self) -> Self:
        if self.balance == "none" and self.balance_weight != 1:
            raise ValueError("balance_weight is the weight of a balance, and balance is none")
        return self
