"""Metadata: what an exported file says of itself, for whoever has nothing but the file."""

from __future__ import annotations

import json

from raicl.common.provenance import installed_version
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.train.fitted.predictor import Predictor
from raicl.train.fold.inference import describe_inference
from raicl.train.model.networks.own import describe_network


def describe(predictor: Predictor) -> dict[str, str]:
    """Names and texts. Lists are JSON. Of folders there is none.

    The crop, the scale and the inference are told, not needed: the file does all but pooling.
    """
    scale, fitted = predictor.scale, predictor.fitted
    told = {
        "intended_use": RESEARCH_ONLY,
        "classes": json.dumps(predictor.classes),
        "crop": str(predictor.crop),
        "input": f"float32 (B, 3, crop, crop): {predictor.measure.channels}; u right, v down; raw",
        "network_input": str(predictor.settings.size),
        "scale": scale.mode,
        "inference": describe_inference(predictor.settings),
        "infer": predictor.settings.infer,
        "network": describe_network(predictor.settings.network),
        "digest": predictor.digest,
        "raicl": installed_version("raicl") or "unknown",
    }
    if scale.mode in ("train-std", "const"):
        unit = "_px" if predictor.measure.unit else ""
        told |= {f"scale_flow{unit}": repr(scale.flow), "scale_strain": repr(scale.strain)}
    if predictor.calibration is not None:
        told["temperature"] = repr(predictor.calibration.temperature)
    if scale.clip is not None:
        told["scale_clip"] = repr(scale.clip)
    if fitted is None:
        return told | {"held_out": predictor.held_out}
    return told | {"databases": json.dumps(list(fitted.record.databases))}
