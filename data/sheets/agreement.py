"""Agreement: whether several rows of one clip say the same of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from raicl.common.order import comparable
from raicl.common.terminal.wording import printable
from raicl.data.disk.tree import Unusable
from raicl.data.sheets.annotation import EMOTION_ALIASES, NO_APEX
from raicl.data.sheets.sheet import cell_integer, cell_text

_COMPARED = ("onset", "apex", "offset", "emotion", "fps", "split")


def refuse_disagreement(rows: Sequence[tuple[int, Mapping[str, object]]]) -> None:
    """Refuse rows of one clip that differ in a value that is used: none of them is better.

    Parameters
    ----------
    rows : their numbers and their cells, corrections applied.

    Raises
    ------
    Unusable : two rows disagree. The reason has both and their values.
    """
    number, cells = rows[0]
    for other, its_cells in rows[1:]:
        for column in _COMPARED:
            ours, theirs = cells.get(column), its_cells.get(column)
            if _value(column, ours) != _value(column, theirs):
                those = f"rows {number} and {other}" if other != number else f"parts of row {other}"
                raise Unusable(
                    f"{those} disagree: {column} {_shown(ours)} and {_shown(theirs)}; delete the "
                    "wrong one in a copy of the sheet, and give that with --annotations"
                )


def _value(column: str, cell: object) -> int | str:
    number = cell_integer(cell)
    text = comparable(cell_text(cell))
    if column == "emotion":
        return EMOTION_ALIASES.get(text, text)
    if column == "apex" and text in NO_APEX:
        return ""
    return text if number is None else number


def _shown(cell: object) -> str:
    return repr(printable(cell_text(cell))[:40])
