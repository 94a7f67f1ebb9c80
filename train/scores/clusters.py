"""Clusters: the one door to scikit-learn, optional (extra `demo`), loaded when it is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import SetupError

Labels = NDArray[np.int64]
_SEED, _STARTS = 0, 4  # of k-means; fixed, so that the same features give the same clusters


def agreement(first: Labels, second: Labels) -> float:
    """Adjusted mutual information of two labellings of the same cells, (K,) each.

    1 if they are the same up to names, about 0 if one is independent of the other, whatever the
    number and size of their groups (Vinh et al. 2010). Slightly negative values occur by chance.

    Raises
    ------
    SetupError : scikit-learn is not installed.
    """
    return float(_sklearn().metrics.adjusted_mutual_info_score(first, second))


def k_means(fitted: NDArray[Any], assigned: NDArray[Any], clusters: int) -> Labels:
    """The cluster of each row of `assigned` (K, C), by k-means fitted to the rows of `fitted`.

    Parameters
    ----------
    clusters : wanted number; fewer where `fitted` has fewer different rows.

    Raises
    ------
    SetupError : scikit-learn is not installed.
    """
    sklearn = _sklearn()
    clusters = min(clusters, len(np.unique(fitted, axis=0)))
    model = sklearn.cluster.KMeans(clusters, n_init=_STARTS, random_state=_SEED)
    return np.asarray(model.fit(fitted).predict(assigned), np.int64)


def _sklearn() -> Any:
    try:
        import sklearn.cluster
        import sklearn.metrics
    except ImportError as error:
        raise SetupError(
            "regions are compared with the parts of a face by scikit-learn",
            fix="pip install 'raicl[demo]'",
        ) from error
    return sklearn
