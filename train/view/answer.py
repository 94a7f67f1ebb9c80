"""READ FIRST. What the viewer answers to a request: a pure function of it and of the library.

Everything lies below a random token, so that no other page and no other user of the machine can
ask for it. Clips are addressed by their index, so no path of the machine is ever made of a request.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files
from typing import NamedTuple

from raicl.common.errors import InputError
from raicl.common.pages import licensed, policy_source
from raicl.common.templates import load_template
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.train.view.library import Library, NoSuchThing, layers_of, measure_names

_PACKAGE = "raicl.train.view"
_HEADERS = {
    "Cache-Control": "no-store",  # faces stay out of the browser's cache on disk
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_CLIP = re.compile(r"clips/(\d{1,6})\.json", re.ASCII)
_PICTURE = re.compile(r"clips/(\d{1,6})/(\d{1,6})/([a-z0-9-]{1,20})\.webp", re.ASCII)


class Response(NamedTuple):
    """A status, the headers and the bytes of an answer."""

    status: HTTPStatus
    headers: dict[str, str]
    body: bytes


class Site(NamedTuple):
    """What requests are answered from.

    Attributes
    ----------
    token : first part of every path.
    page : the HTML at its root; policy : its content security policy.
    """

    library: Library
    token: str
    page: bytes
    policy: str


def make_site(library: Library, token: str) -> Site:
    """Write the page of a library.

    Raises
    ------
    SetupError : jinja2 is not installed.
    """
    template = load_template(_PACKAGE, "view.html.jinja", needed_by="the viewer", filters={})
    folder = files(_PACKAGE)
    script = folder.joinpath("view.js").read_text(encoding="utf-8")
    style = files("raicl.common").joinpath("base.css").read_text(encoding="utf-8")
    style += folder.joinpath("view.css").read_text(encoding="utf-8")
    source = library.source
    page = template.render(
        name=source.name,
        layers=layers_of(source),
        judged=source.regions is not None,
        licensed=licensed(viewed.stored.record.clip.dataset for viewed in source.clips),
        measures=measure_names(),
        script=script,
        style=style,
        research_only=RESEARCH_ONLY,
        version=version("raicl"),
    )
    policy = (
        f"{_NOTHING}; base-uri 'none'; form-action 'none'; img-src blob: data:; connect-src "
        f"'self'; style-src {policy_source(style)}; script-src {policy_source(script)}"
    )
    return Site(library, token, page.encode(), policy)


def answer(site: Site, method: str, target: str, host: str, hosts: Collection[str]) -> Response:
    """Answer a request.

    Parameters
    ----------
    target : path as it was sent.
    host : content of its Host header; empty if it has none.
    hosts : those that are this server. A page of another name that leads here is refused.
    """
    if method != "GET":
        return _refuse(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered", Allow="GET")
    if host.lower() not in hosts:
        return _refuse(HTTPStatus.FORBIDDEN, "this is another host")
    given, slash, path = target.partition("?")[0].removeprefix("/").partition("/")
    if not secrets.compare_digest(given.encode(), site.token.encode()):
        return _refuse(HTTPStatus.FORBIDDEN, "open the whole address that raicl view printed")
    try:
        return _content(site, path if slash else "/")
    except NoSuchThing as error:
        return _refuse(HTTPStatus.NOT_FOUND, f"no such thing: {error}")
    except InputError as error:
        text = "\n".join(filter(None, (error.what, error.where, error.fix)))
        return _refuse(HTTPStatus.INTERNAL_SERVER_ERROR, text)


def _content(site: Site, path: str) -> Response:
    library = site.library
    plain: dict[str, Callable[[], Response]] = {
        "": lambda: _respond("text/html; charset=utf-8", site.page, site.policy),
        "clips.json": lambda: _respond("application/json", _json(library.listing())),
    }
    if path in plain:
        return plain[path]()
    if found := _CLIP.fullmatch(path):
        return _respond("application/json", _json(library.details(int(found[1]))))
    if found := _PICTURE.fullmatch(path):
        index, row, layer = found.groups()
        return _respond("image/webp", library.picture(int(index), int(row), layer))
    raise NoSuchThing("path")


def _json(values: object) -> bytes:
    return json.dumps(values, allow_nan=False).encode()


def _respond(kind: str, body: bytes, policy: str = _NOTHING) -> Response:
    headers = _HEADERS | {"Content-Type": kind, "Content-Security-Policy": policy}
    return Response(HTTPStatus.OK, headers, body)


def _refuse(status: HTTPStatus, text: str, **headers: str) -> Response:
    kind = {"Content-Type": "text/plain; charset=utf-8", "Content-Security-Policy": _NOTHING}
    return Response(status, _HEADERS | kind | headers, f"{text}\n".encode())
