"""Everything that determines a trained network: the defaults are the preset ``paper``.

One flat set of names, declared by theme: `inputs` what the network is fed, `method` what it learns
by, `train` the rest. Where the paper is silent the sentence or the code says [ours].
"""

from raicl.train.settings.presets import load_preset, preset_layers, preset_names
from raicl.train.settings.train import TrainSettings

__all__ = ["TrainSettings", "load_preset", "preset_layers", "preset_names"]
