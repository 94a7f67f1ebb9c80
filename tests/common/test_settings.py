"""One declaration gives the option, the TOML key and the check."""

from pathlib import Path
from typing import Annotated, Literal, Self

import pytest
import typer
from pydantic import model_validator
from typer.testing import CliRunner

from raicl.common.errors import InputError, UsageError
from raicl.common.settings import (
    Settings,
    environment,
    merge,
    read_toml,
    setting,
    with_settings,
)


class Example(Settings):
    size: int = setting(5, "Side, px.", panel="Method", ge=1)
    flip: bool = setting(True, "Mirror the target.", panel="Method")
    mode: Literal["a", "b"] = setting("a", "Which.", panel="Method")
    clip: float | None = setting(None, "Gradient clipping.", panel="Method", gt=0)
    stages: Literal[3, 4] = setting(4, "Stages.", panel="Method")
    votes: Literal[1, 5] | None = setting(None, "Votes.", panel="Method")


def test_later_layers_win() -> None:
    merged = merge(Example, ("file", {"size": 7, "mode": "b"}), ("the command line", {"size": 9}))
    assert (merged.size, merged.mode, merged.flip) == (9, "b", True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sise": 3}, "unknown setting `sise`"),
        ({"size": 0}, "size = 0"),
        ({"size": "big"}, "size = 'big'"),
        ({"mode": "c"}, "mode = 'c'"),
        ({"clip": float("nan")}, "clip = nan"),
    ],
)
@pytest.mark.promise("input 68")
def test_a_wrong_key_or_value_is_named_with_its_place(values: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        merge(Example, ("config.toml", values))
    assert said in caught.value.what
    assert caught.value.where == "config.toml"


class Paired(Settings):
    low: int = setting(1, "Low.", panel="Method")
    high: int = setting(2, "High.", panel="Method")

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


def test_a_check_of_several_settings_says_what_it_wants() -> None:
    with pytest.raises(UsageError) as caught:
        merge(Paired, ("file", {"low": 3}))
    assert caught.value.what == "low must not be above high"


class Switches(Settings):
    number: int = setting(0, "A number.", panel="Method")
    flip: bool = setting(True, "A switch.", panel="Method")
    perhaps: bool | None = setting(None, "A switch, or nothing.", panel="Method")
    either: tuple[int | bool, ...] | None = setting(None, "Several.", panel="Method")


@pytest.mark.parametrize("value", [True, False])
def test_a_switch_is_a_value_of_switches_alone(value: bool) -> None:
    for fine in ("flip", "perhaps"):
        assert getattr(merge(Switches, ("file", {fine: value})), fine) is value
    assert merge(Switches, ("file", {"either": (1, value)})).either is not None
    with pytest.raises(UsageError) as caught:
        merge(Switches, ("file", {"flip": value}), ("later", {"number": value}))
    assert caught.value.what == f"number = {str(value).lower()}: it is no switch"
    assert caught.value.where == "later"


def test_settings_do_not_change_and_have_no_others() -> None:
    made = merge(Example, ("file", {"size": 3}))
    with pytest.raises(ValueError, match="frozen"):
        made.size = 4  # type: ignore[misc]
    with pytest.raises(ValueError, match="sise"):
        Example.model_validate({"sise": 3})


def test_an_option_holds_one_value() -> None:
    class Several(Settings):
        pair: tuple[int, int] = setting((1, 2), "Two.", panel="Method")

    def command(*, given: dict[str, object]) -> None:
        """Do."""

    with pytest.raises(TypeError, match="pair: an option holds one value"):
        with_settings(Several)(command)


@pytest.mark.promise("input 68")
def test_a_near_name_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        merge(Example, ("file", {"sise": 3}))
    assert "`size`" in caught.value.fix


def test_options_are_made_and_only_the_given_ones_are_passed() -> None:
    seen = {}

    @with_settings(Example)
    def command(name: Annotated[str, typer.Argument()], *, given: dict[str, object]) -> None:
        """Do."""
        seen.update(given, name=name)

    app = typer.Typer()
    app.command()(command)
    assert CliRunner().invoke(app, ["x", "--size", "3", "--no-flip"]).exit_code == 0
    assert seen == {"name": "x", "size": 3, "flip": False}
    assert CliRunner().invoke(app, ["x", "--clip", "0.5", "--votes", "5"]).exit_code == 0
    assert seen["clip"] == 0.5
    assert str(seen["votes"]) == "5"
    for wrong in (["--mode", "c"], ["--clip", "much"], ["--votes", "2"]):
        assert CliRunner().invoke(app, ["x", *wrong]).exit_code == 2
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert "Side, px." in shown
    assert "default: 5" in shown


def test_a_field_that_the_command_declares_itself_is_left_to_it() -> None:
    seen: dict[str, object] = {}

    @with_settings(Example)
    def command(*, mode: Annotated[str, typer.Option()], given: dict[str, object]) -> None:
        """Do."""
        seen.update(mode=mode, given=given)

    app = typer.Typer()
    app.command()(command)
    assert CliRunner().invoke(app, ["--mode", "neither", "--size", "3"]).exit_code == 0
    assert seen == {"mode": "neither", "given": {"size": 3}}


def test_the_environment_is_read_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAICL_SIZE", "11")
    assert merge(Example, ("the environment", environment(Example))).size == 11


def test_the_environment_can_choose_an_integer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAICL_STAGES", "3")
    monkeypatch.setenv("RAICL_VOTES", "5")
    merged = merge(Example, ("the environment", environment(Example)))
    assert (merged.stages, merged.votes) == (3, 5)


def test_a_choice_that_there_is_not_is_named_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAICL_STAGES", "5")
    with pytest.raises(UsageError) as caught:
        merge(Example, ("the environment", environment(Example)))
    assert "stages = '5'" in caught.value.what


@pytest.mark.promise("input 69")
def test_a_configuration_file_may_begin_with_the_mark_of_an_editor(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfepochs = 3\n")
    assert read_toml(path) == {"epochs": 3}


@pytest.mark.promise("input 69")
def test_a_broken_configuration_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    for content in (b"size = ", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a TOML file"):
            read_toml(path)
    with pytest.raises(InputError, match="cannot read"):
        read_toml(tmp_path / "none.toml")
