"""No dead option: what is declared as a setting is read outside the settings."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from raicl.common.settings import Settings
from raicl.preprocess.settings import PrepSettings
from raicl.train.settings import TrainSettings

ROOT = Path(__file__).parent.parent


# `resolve_profile` makes profile.warps of the setting flow_warps: it is read where the profile is
PREFIXES = {"settings": "", "profile": "flow_"}


def read_in(source: str) -> set[str]:
    """Settings that are looked up on something called settings, or as part of a profile.

    An assignment, a keyword, a string or a comment of that name does not count.
    """
    return {
        PREFIXES[holder] + node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and (holder := _last_name(node.value)) in PREFIXES
    }


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def unread(model: type[Settings], files: Iterable[Path]) -> set[str]:
    found: set[str] = set().union(*(read_in(path.read_text()) for path in files))
    return set(model.model_fields) - found


def code(folder: str) -> list[Path]:
    """The stage without its settings, and the sampling that both stages share."""
    files = [ROOT / "common" / "sampling" / "sample.py"]
    for path in (ROOT / folder).rglob("*.py"):
        if path.name != "settings.py" and "settings" not in path.relative_to(ROOT).parts:
            files.append(path)
    return files


@pytest.mark.parametrize(
    ("model", "folder"), [(TrainSettings, "train"), (PrepSettings, "preprocess")]
)
def test_every_setting_is_read_outside_the_settings(model: type[Settings], folder: str) -> None:
    assert len(code(folder)) > 10
    assert unread(model, code(folder)) == set()


def test_a_setting_that_nobody_reads_is_caught(tmp_path: Path) -> None:
    class More(TrainSettings):
        forgotten: int = 0

    path = tmp_path / "reader.py"
    path.write_text(
        "settings.forgotten = 1\nf(forgotten=2)\n'settings.forgotten'  # settings.forgotten\n"
    )
    assert unread(More, [*code("train"), path]) == {"forgotten"}
    path.write_text("def f(self):\n    return self.settings.forgotten\n")
    assert unread(More, [*code("train"), path]) == set()
