"""Everything that determines a trained network. The defaults are the preset ``paper``.

The names form one flat set. `inputs` declares those of the network's input, `method` those of the
losses and the target, `train` the rest. [ours] in the code marks what the paper leaves open.
"""

from raicl.train.settings.presets import load_preset, preset_layers, preset_names
from raicl.train.settings.train import TrainSettings

__all__ = ["TrainSettings", "load_preset", "preset_layers", "preset_names"]
