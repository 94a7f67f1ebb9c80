"""Claims: what the differences between rows say about the claims of a grid."""

from __future__ import annotations

from collections.abc import Sequence

from raicl.train.ablation.grid import Claim
from raicl.train.report.ablation import JudgedClaim, PairedScores
from raicl.train.scores.paired import LEVEL
from raicl.train.scores.swaps import holm


def judge(
    claims: Sequence[Claim], differences: Sequence[PairedScores | None]
) -> tuple[JudgedClaim, ...]:
    """What the runs say about claims on UF1.

    The claims of a table are a family of tests of their own: each is judged by Holm's p over them,
    so that the chance of any wrong "supported" or "contradicted" is at most 5 %.

    Parameters
    ----------
    differences : the second row of each claim minus the first. None if a row has no runs.
    """
    corrected = holm([None if found is None else found.uf1.p for found in differences])
    return tuple(
        JudgedClaim(
            first=claim.rows[0],
            second=claim.rows[1],
            alike=bool(claim.alike),
            verdict=_verdict(claim, found, p),
            difference=found,
            holm_p=p,
        )
        for claim, found, p in zip(claims, differences, corrected, strict=True)
    )


def _verdict(claim: Claim, difference: PairedScores | None, p: float | None) -> str:
    """Finding no difference does not show that two rows are alike: then neither claim is judged."""
    if difference is None:
        return "not run"
    if p is None:
        return "not tested, one subject"
    if p >= LEVEL:
        return "not told apart"
    return "supported" if difference.uf1.value > 0 and not claim.alike else "contradicted"
