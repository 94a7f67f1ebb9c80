"""Networks: the clips and the networks of a finished run, read again from caches and weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.common.cache.flows import open_cache, read_index
from raicl.common.errors import InputError
from raicl.train.clips.composite import Composite
from raicl.train.clips.plan import assemble
from raicl.train.model.siamese import Siamese
from raicl.train.run.folder import CLASSIFIER, REGIONS
from raicl.train.run.outcome import Outcome
from raicl.train.run.weights import load_network, network_to_fill


def composite_of(outcome: Outcome, flows: Sequence[Path]) -> Composite:
    """The clips of a run, from its caches.

    Raises
    ------
    InputError : the caches are not those of the run.
    """
    tested = set(outcome.environment.tested)
    test = [path for path in flows if _databases(path) & tested]
    composite = assemble(
        [path for path in flows if path not in test],
        outcome.environment.protocol,
        outcome.settings,
        test=test,
    )
    digest = outcome.results.cache_digest
    if composite.digest != digest:
        raise InputError(
            f"these are not the caches of run {outcome.name}: {composite.digest[:16]}, "
            f"the run's are {digest[:16]}",
            where=", ".join(map(str, flows)),
            fix="give --flows the caches that the run was trained on",
        )
    return composite


def recorded_caches(outcome: Outcome) -> list[Path]:
    """The caches that a run names. Empty if one of them is gone or has changed."""
    caches = outcome.environment.caches
    paths = [Path(cache.path) for cache in caches]
    try:
        found = [open_cache(path).digest for path in paths]
    except InputError:
        return []  # whoever asks says that they are missing
    return paths if found == [cache.digest for cache in caches] else []


def caches_gone(outcome: Outcome, fix: str) -> InputError:
    """The error of whoever cannot do without the caches that the run names."""
    return InputError(
        f"the caches of run {outcome.name} are not where they were, or others by now",
        where=str(outcome.folder),
        fix=fix,
    )


def weights_gone(outcome: Outcome) -> bool:
    """Whether the weights of a fold were left out of a copy of the run."""
    names = (CLASSIFIER, REGIONS) if outcome.settings.mrd else (CLASSIFIER,)
    folders = [outcome.fold_folder(fold) for fold in outcome.folds]
    return not all((folder / name).is_file() for folder in folders for name in names)


def _databases(flows: Path) -> set[str]:
    return {record.clip.dataset for record in read_index(flows).records}


def network_of(outcome: Outcome, fold: str) -> Siamese:
    """The network of a fold, as it was tested. Only that one was saved.

    Raises
    ------
    InputError : its weights are missing or changed, or so is the module of one's own network.
    """
    record = outcome.folds[fold]
    model = network_to_fill(
        outcome.settings, record.class_counts, outcome.environment.network_source
    )
    load_network(model.tested, outcome.fold_folder(fold), record)
    return model
