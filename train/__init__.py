"""Stage 2: from instances to UF1 and UAR. Read fold/fit.py first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raicl.train.fitted.predictor import Predictor
    from raicl.train.fold.dataset import InstanceDataset

__all__ = ["InstanceDataset", "load_model"]


def __getattr__(name: str) -> object:
    """Import the dataset, and torch with it, when it is asked for."""
    if name != "InstanceDataset":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from raicl.train.fold.dataset import InstanceDataset

    return InstanceDataset


def load_model(folder: Path | str, *, device: str = "auto") -> Predictor:
    """Load a model that ``raicl fit`` has made, or the network of a run's fold.

    Every file of a model is checked against its digest before anything in it is parsed. Nothing in
    it is code, and no network is made that is larger than the files. One's own network
    (``--network package.module:factory``) is imported from this machine, if the file of its module
    is the one that it was trained with. A fold is a folder such as ``run/folds/casme2/sub01``. Its
    network has not seen what the fold held out.

    Parameters
    ----------
    folder : the folder of the model or of the fold.
    device : ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises
    ------
    InputError : there is no model, a file is missing, damaged or changed, or the weights are of
        other classes or of another network than the settings, also one whose module has changed.
    VersionError : a newer version of raicl wrote it.
    SetupError, UsageError : there is no such device, or one's own network cannot be imported.

    Examples
    --------
    >>> from pathlib import Path
    >>> from raicl.common.cache.flows import open_cache
    >>> from raicl.train import load_model
    >>> model = load_model("model", device="cpu")
    >>> model.classes
    ('negative', 'positive', 'surprise')
    >>> cache = open_cache(Path("flows.h5"))
    >>> record = cache.records[0]
    >>> probabilities = model.predict(cache.read(record).instances, middle=record.middle)
    >>> probabilities.shape, round(float(probabilities.sum()), 6)
    ((3,), 1.0)
    """
    from raicl.train.fitted.load import load_predictor

    return load_predictor(Path(folder), device)
