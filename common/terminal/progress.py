"""Progress of a loop, and the time left for it and for the loops that follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from raicl.common.terminal import console

_SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """A bar on a terminal, a line every half minute elsewhere.

    Parameters
    ----------
    total : number of units in the loop.
    done : how many of them an earlier process has done; they do not count in the pace.
    after : number of units after this loop, if it is part of a run; the same pace is assumed.
    clock : seconds since some fixed moment.
    """

    def __init__(
        self,
        total: int,
        label: str,
        *,
        done: int = 0,
        after: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.label, self.done, self.after = total, label, done, after
        self._begun = done
        self._clock = clock
        self._started = self._printed = clock()
        self._bar = None
        if console.draws_bars():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bar

            texts = ("{task.description}", "{task.completed}/{task.total}", "{task.fields[note]}",
                     "{task.fields[left]}")  # fmt: skip
            name, *others = (TextColumn(text, markup=False) for text in texts)  # `[ 3/24]` is text
            columns = (name, BarColumn(bar_width=None), *others)
            self._bar = Bar(*columns, console=Console(stderr=True), expand=True)
            self._task = self._bar.add_task(label, total=total, completed=done, note="", left="")
            self._bar.start()

    def advance(self, n: int = 1, note: str = "") -> None:
        """Count `n` more units as done, and show `note` beside them."""
        self.done += n
        now = self._clock()
        if self._bar is not None:
            self._bar.update(self._task, advance=n, note=note, left=self._left(now))
        elif now - self._printed >= _SECONDS_BETWEEN_LINES and self.done < self.total:
            self._printed = now
            console.say(f"{self.label}: {self.done}/{self.total} {note} (about {self._left(now)})")

    def _left(self, now: float) -> str:
        pace = (now - self._started) / (self.done - self._begun)
        own = self.total - self.done
        text = f"{duration(pace * own)} left"
        return f"{text}, run {duration(pace * (own + self.after))}" if self.after else text

    def stop(self) -> None:
        """Remove the bar from the terminal."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def progress(
    total: int,
    label: str,
    *,
    done: int = 0,
    after: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Yield a `Progress` and remove its bar at the end, even after an error."""
    shown = Progress(total, label, done=done, after=after, clock=clock)
    try:
        yield shown
    finally:
        shown.stop()


def duration(seconds: float) -> str:
    """A time in its two largest units: ``7 s``, ``2 min 3 s``, ``5 h 20 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
