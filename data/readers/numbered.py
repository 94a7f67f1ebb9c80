"""Subjects that are named by a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from raicl.data.sheets.sheet import cell_integer, cell_text


@dataclass(frozen=True)
class Numbered:
    """Subjects that are named by a prefix and a number of at least `width` digits (``sub05``)."""

    prefix: str
    width: int

    def of_folder(self, name: str) -> str | None:
        """The subject whose folder is called `name`, in any case and with any leading zeros.

        Without a prefix the width must fit, because a bare number is a common name.
        """
        digits = "0*([0-9]{1,4})" if self.prefix else f"([0-9]{{{self.width}}})"
        found = re.fullmatch(re.escape(self.prefix) + digits, name, re.IGNORECASE)
        return self._key(found[1]) if found else None

    def of_cell(self, cell: object) -> str | None:
        """The subject that a cell means: ``'05'``, ``5``, ``5.0``, ``sub05`` or ``sub5``."""
        number = cell_integer(cell)
        text = cell_text(cell if number is None or number < 0 else number)
        found = re.fullmatch(f"(?:{re.escape(self.prefix)})?0*([0-9]{{1,4}})", text, re.IGNORECASE)
        return self._key(found[1]) if found else None

    def _key(self, number: str) -> str:
        return f"{self.prefix}{int(number):0{self.width}d}"
