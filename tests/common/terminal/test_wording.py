"""One clip is no clips."""

import shlex
from pathlib import Path

from raicl.common.terminal.wording import clips_of_subjects, counted, printable, typed


def test_a_noun_takes_an_s_unless_there_is_one_of_it() -> None:
    assert [counted(n, "clip") for n in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]
    assert clips_of_subjects(1, 1) == "1 clip of 1 subject"
    assert clips_of_subjects(9, 1) == "9 clips of 1 subject"


def test_a_path_in_a_command_can_be_copied_into_a_shell() -> None:
    assert typed(Path("data/flows.h5")) == "data/flows.h5"
    for name in ("my data/flows.h5", "it's.h5", "$HOME.h5", "a;b.h5"):
        assert shlex.split(f"raicl-train {typed(Path(name))} --fold all")[1] == name


def test_what_cannot_be_printed_is_escaped_and_the_rest_stays() -> None:
    assert printable("a\tb\x1b[31m ä 被 \udcff") == r"a\tb\x1b[31m ä 被 \udcff"
    assert printable("\u200b") == r"\u200b"
