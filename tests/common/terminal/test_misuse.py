"""A command line that typer refuses ends as any other usage error: what, where, fix."""

import re
import subprocess
import sys
from typing import Annotated, Literal

import pytest
import typer

from raicl.common.errors import UsageError
from raicl.common.terminal.misuse import expand_home, run


def app() -> typer.Typer:
    made = typer.Typer(pretty_exceptions_enable=False)

    @made.command()
    def paint(
        thing: str,
        colour: Annotated[Literal["red", "green"], typer.Option()] = "red",
        layers: Annotated[int, typer.Option()] = 1,
    ) -> None:
        if layers == 13:
            raise typer.Exit(5)

    @made.command()
    def remove() -> None:
        raise KeyboardInterrupt  # as if somebody had typed Ctrl-C

    @made.command()
    def abort() -> None:
        raise typer.Abort  # which older versions of typer make of Ctrl-C

    @made.command()
    def answer() -> str:
        return "a value for who calls it from Python"

    return made


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        ("paint x --colour gren", "'gren' is not one of 'red', 'green'", "did you mean green?"),
        ("paint x --colour blue", "'blue' is not one of 'red', 'green'", "see .* paint --help"),
        ("paint x --layer 2", "no such option: --layer", "did you mean --layers?"),
        ("paint x --layers two", "'--layers': .*integer", "see .* paint --help"),
        ("paint x --layers", "'--layers' requires an argument", "--help"),
        ("paint", "missing argument", "see .* paint --help"),
        ("remov", "no such command 'remov'", "did you mean remove?"),
    ],
)
def test_what_typer_refuses_says_what_and_how_to_mend_it(line: str, what: str, fix: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        run(app(), line.split())
    assert re.search(fix.replace("?", r"\?"), caught.value.fix)
    assert "Value error" not in caught.value.what
    assert len(caught.value.what.splitlines()) == 1


def test_the_exit_code_a_command_asks_for_is_kept() -> None:
    run(app(), ["paint", "x"])
    with pytest.raises(SystemExit) as caught:
        run(app(), ["paint", "x", "--layers", "13"])
    assert caught.value.code == 5


def test_the_words_are_those_of_the_process_where_none_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["it", "paint", "x", "--layers", "13"])
    with pytest.raises(SystemExit) as caught:
        run(app())
    assert caught.value.code == 5
    run(app(), ["answer"])  # what a command returns is no exit code


def test_no_words_show_the_help_and_leave_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    shown = app()
    shown.info.no_args_is_help = True
    with pytest.raises(SystemExit) as caught:
        run(shown, [])
    assert caught.value.code == 2
    assert "paint" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["remove", "abort"])
def test_ctrl_c_reaches_who_says_how_to_go_on(command: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(app(), [command])


@pytest.mark.parametrize("command", ["raicl.train.cli", "raicl.preprocess.cli"])
def test_the_commands_themselves_print_three_lines_and_leave_with_2(command: str) -> None:
    script = f"import sys; sys.argv[0] = 'it'; from {command} import main; main()"
    answer = subprocess.run(
        [sys.executable, "-c", script, "x", "--nosuch", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: no such option: --nosuch\n")
    assert len(answer.stderr.splitlines()) <= 3


def test_the_home_folder_is_meant_by_a_tilde_behind_an_equals_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert expand_home("--run-dir=~/r") == "--run-dir=/home/somebody/r"
    for word in ("--run-dir=r~", "--clip=a=~b", "~/r", "name=~/r", "--run-dir", "-o"):
        assert expand_home(word) == word
