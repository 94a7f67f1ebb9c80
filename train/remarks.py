"""Remarks: the clips that a run left out, or sampled otherwise than asked, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from raicl.common.sampling.sample import FALLBACK, SHORT, STAND_IN
from raicl.common.terminal.wording import counted

_MEANINGS = {
    SHORT: "it has fewer frames than the sampling wants, and all are taken",
    STAND_IN: "no apex to use is annotated, and the middle frame is taken",
    FALLBACK: "its phase has fewer than two frames, and others are taken",
}


def remarks(left_out: Mapping[str, str], flags: Mapping[str, int]) -> list[str]:
    """Lines of text, none where every clip was taken as asked.

    Parameters
    ----------
    left_out : reasons by clip.
    flags : clips by flag of `raicl.common.sampling.sample.FLAGS`.
    """
    reasons = Counter(left_out.values()).most_common()
    return [f"{counted(n, 'clip')} left out: {reason}" for reason, n in reasons] + [
        f"{counted(n, 'clip')} {flag}: {_MEANINGS[flag]}" for flag, n in sorted(flags.items())
    ]
