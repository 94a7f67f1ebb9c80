"""One clip is no clips."""

from raicl.common.terminal.wording import clips_of_subjects, counted


def test_a_noun_takes_an_s_unless_there_is_one_of_it() -> None:
    assert [counted(n, "clip") for n in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]
    assert clips_of_subjects(1, 1) == "1 clip of 1 subject"
    assert clips_of_subjects(9, 1) == "9 clips of 1 subject"
