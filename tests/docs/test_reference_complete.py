"""Nothing that a user can set is without a meaning, and the reference has all of it."""

from importlib.metadata import entry_points

import pytest
import typer

from raicl.common.settings import Settings
from raicl.common.terminal.umbrella import build
from raicl.preprocess.settings import PrepSettings
from raicl.train.settings import TrainSettings
from tests.docs.pages import DOCS

COMMANDS = typer.main.get_command(build()).commands  # type: ignore[attr-defined]
STAGES: dict[str, type[Settings]] = {"prep": PrepSettings, "train": TrainSettings}
# the two stages have programs of their own
PROGRAMS = {"prep": "raicl-prep", "train": "raicl-train"}


def reference(page: str) -> str:
    return (DOCS / "reference" / page).read_text(encoding="utf-8")


def without_meaning(command: typer.core.TyperCommand) -> list[str]:
    """Names of arguments and options whose help says nothing."""
    shown = [parameter for parameter in command.params if parameter.name != "help"]
    return [str(p.name) for p in shown if not (getattr(p, "help", None) or "").strip()]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_says_what_it_means(name: str) -> None:
    assert without_meaning(COMMANDS[name]) == []


def test_an_option_without_a_meaning_is_caught() -> None:
    app = typer.Typer()

    @app.command()
    def paint(colour: str = "red") -> None:
        pass

    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperCommand)
    assert without_meaning(command) == ["colour"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_setting_says_what_it_means_and_is_an_option_of_its_stage(stage: str) -> None:
    fields = STAGES[stage].model_fields
    assert [name for name, field in fields.items() if not (field.description or "").strip()] == []
    assert fields.keys() <= {parameter.name for parameter in COMMANDS[stage].params}


def test_the_reference_has_a_table_and_a_synopsis_for_every_command() -> None:
    page = reference("commands.md")
    for name in entry_points(group="raicl.commands").names:
        program = PROGRAMS.get(name, f"raicl {name}")
        assert f"\n## {program}\n" in page
        assert f"\n    {program}" in page
        assert f"\n```{{raicl-options}} {program}\n" in page


def leaves(kind: type[Settings]) -> set[type[Settings]]:
    """The classes below one that no other builds on, without those of tests."""
    below = [leaves(child) for child in kind.__subclasses__()]
    own = {kind} if not below and kind.__module__.startswith("raicl.") else set()
    return own.union(*below)


def test_the_reference_has_a_table_for_every_class_of_settings() -> None:
    assert leaves(Settings) == set(STAGES.values())
    page = reference("settings.md")
    for stage in STAGES:
        assert f"\n```{{raicl-settings}} {stage}\n```\n" in page


def test_the_reference_has_every_exit_code_and_every_kind_of_error() -> None:
    from raicl.common import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) > 5
    page = reference("errors.md")
    codes = reference("commands.md")
    for kind in kinds:
        assert f"\n| `{kind.__name__}` | {kind.exit_code} |" in page
        assert f"\n| {kind.exit_code} | " in codes
