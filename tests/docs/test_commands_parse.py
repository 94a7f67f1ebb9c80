"""Each command that a page shows exists, with the options and values that are shown."""

import re

import pytest
import typer

from raicl.common.terminal.umbrella import build
from tests.docs.pages import PROGRAMS, Page, command_lines, pages

COMMANDS = typer.main.get_command(build()).commands  # type: ignore[attr-defined]
OPTION = re.compile(r"(?<!\S)--[a-z][a-z0-9-]*(?![a-z0-9-]*\*)")
INCOMPLETE = re.compile("missing |.*requires an argument", re.IGNORECASE)
FOREIGN = {"--no-deps"}  # of pip


def problem(words: list[str]) -> str:
    """What is wrong with a command line; empty if nothing is."""
    program, *arguments = words
    if program == "raicl" and arguments[:1] in ([], ["--version"], ["--help"], ["NAME"]):
        return ""
    name = arguments.pop(0) if program == "raicl" else program.removeprefix("raicl-")
    if name not in COMMANDS:
        return f"no such command: {name}"
    try:
        COMMANDS[name].make_context(name, arguments)
    except Exception as error:  # typer does not export its own
        return str(error)
    return ""


def option_names(name: str) -> set[str]:
    return {
        option
        for parameter in COMMANDS[name].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_every_command_in_a_block_is_one_that_raicl_takes(page: Page) -> None:
    lines = [words for block in page.blocks("sh", "bash") for words in command_lines(block)]
    setup = [words for line in page.setup for words in command_lines(line)]
    assert {" ".join(words): found for words in (*lines, *setup) if (found := problem(words))} == {}


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_every_command_in_a_sentence_is_one_that_raicl_takes(page: Page) -> None:
    found = {}
    for word in page.words:
        if word.split()[0] not in PROGRAMS or re.search(r"\.\.\.|\[|\|", word):
            continue
        for words in command_lines(word):
            # a sentence may name a command without what it works on
            if (wrong := problem(words)) and not INCOMPLETE.match(wrong):
                found[word] = wrong
    assert found == {}


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_every_option_in_a_sentence_is_one_of_a_command(page: Page) -> None:
    known = set().union(*map(option_names, COMMANDS)) | {"--help", "--version"} | FOREIGN
    options = [word for word in page.words if word.startswith("--")]
    assert {option for word in options for option in OPTION.findall(word)} - known == set()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raicl-train flows.h5 --epoch 3", "No such option"),
        ("raicl-train flows.h5 --control duplicate", "is not one of"),
        ("raicl-prep casme2 --limit many", "valid integer"),
        ("raicl remove flows.h5", "no such command"),
        ("raicl report run", "Missing"),
    ],
)
def test_a_command_that_raicl_does_not_take_is_caught(line: str, said: str) -> None:
    assert re.search(said, problem(line.split()), re.IGNORECASE)


def test_what_is_written_into_a_file_is_no_command() -> None:
    block = "cat > x <<'END'\nraicl nothing\nEND\nraicl-prep casme2 \\\n  --dry-run  # audit\n"
    assert list(command_lines(block)) == [["raicl-prep", "casme2", "--dry-run"]]
