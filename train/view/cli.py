"""``raicl view``: options and messages. The work is loaded on demand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raicl.common.errors import UsageError
from raicl.common.terminal import console
from raicl.common.terminal.wording import RESEARCH_ONLY, counted
from raicl.train.cli import load_torch

if TYPE_CHECKING:
    from raicl.train.view.source import Source


def view(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|FLOWS", help="Folder of a run, or a cache.")
    ],
    flows: Annotated[
        list[Path] | None,
        typer.Option(help="Caches of the run, if they were moved; repeatable."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 0,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the address in a browser.")
    ] = True,
) -> None:
    """Browse the clips of a cache or a run in a browser on this machine, until Ctrl-C.

    It shows flow and strain of every instance, and of a run the predictions, class maps and
    regions. Nothing is written. For research only.
    """
    import secrets

    shown = _open(source, flows or [])
    from raicl.common.drawing import matplotlib
    from raicl.train.view.answer import make_site
    from raicl.train.view.library import Library
    from raicl.train.view.server import Server

    matplotlib()  # fails now rather than at the first picture
    with Server(make_site(Library(shown), secrets.token_urlsafe(24)), port) as server:
        console.result(server.url)
        console.say(f"{counted(len(shown.clips), 'clip')}; {RESEARCH_ONLY}. Ctrl-C ends.")
        with suppress(KeyboardInterrupt):
            if open_browser:
                _show(server.url)
            server.serve_forever()


def _open(path: Path, flows: list[Path]) -> Source:
    if path.is_dir():
        load_torch()
        from raicl.train.view.run import RunSource

        return RunSource(path, flows)
    if flows:
        raise UsageError("--flows is for a run", where=str(path), fix="leave --flows out")
    from raicl.train.view.source import CacheSource

    return CacheSource(path)


def _show(url: str) -> None:
    import webbrowser

    if not webbrowser.open(url):
        console.say("no browser was found: open the address above")
