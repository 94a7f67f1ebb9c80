"""Formats: how a table can be printed. Nothing is imported here, so that ``--help`` stays quick."""

from typing import Literal

TableFormat = Literal["text", "markdown", "latex", "csv", "json"]
