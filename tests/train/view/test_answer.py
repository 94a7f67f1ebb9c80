"""Who is answered what: only GET, only with the token, only by this host's own name."""

import json
import re
from http import HTTPStatus

import pytest

from raicl.common.pages import policy_source
from raicl.train.view.answer import Response, Site, answer
from tests.train.markup import Page
from tests.train.view.conftest import TOKEN

HOST = "127.0.0.1:4711"
HOSTS = {HOST, "localhost:4711"}


def ask(site: Site, path: str, *, method: str = "GET", host: str = HOST) -> Response:
    return answer(site, method, path, host, HOSTS)


def test_the_page_allows_its_own_script_and_style_alone(site: Site) -> None:
    found = ask(site, f"/{TOKEN}/")
    assert found.status == HTTPStatus.OK
    page = Page(found.body.decode())
    policy = found.headers["Content-Security-Policy"]
    [script], [style] = page.all("script"), page.all("style")
    assert f"script-src {policy_source(script.text)}" in policy
    assert f"style-src {policy_source(style.text)}" in policy
    assert policy.startswith("default-src 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    for element in page.elements:
        assert "style" not in element.attributes  # the policy would drop it
        assert not [name for name in element.attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert element.attributes.get(name, "#").startswith(("#", "data:"))
    assert not re.search("https?:", found.body.decode().replace("http://www.w3.org/2000/svg", ""))


def test_every_answer_stays_out_of_other_pages_and_of_the_disk(site: Site) -> None:
    for path in (f"/{TOKEN}/", f"/{TOKEN}/clips/0/0/u.webp", "/", f"/{TOKEN}/none"):
        headers = ask(site, path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_clips_and_pictures_have_their_types(site: Site) -> None:
    listing = ask(site, f"/{TOKEN}/clips.json")
    assert listing.headers["Content-Type"] == "application/json"
    assert len(json.loads(listing.body)) == 6
    assert json.loads(ask(site, f"/{TOKEN}/clips/5.json").body)["id"] == "casme2/sub02/EP03"
    picture = ask(site, f"/{TOKEN}/clips/5/3/region-4.webp?again")
    assert picture.headers["Content-Type"] == "image/webp"
    assert picture.body[8:12] == b"WEBP"


@pytest.mark.parametrize(
    "path", ["/", "", "*", "//", "/clips.json", f"/{TOKEN}x/", f"/{TOKEN[:-1]}/", f"/x/{TOKEN}/",
             f"//{TOKEN}/", f"http://127.0.0.1/{TOKEN}/", "/\xe9/", f"/?{TOKEN}"]
)  # fmt: skip
def test_nothing_is_told_without_the_token(site: Site, path: str) -> None:
    found = ask(site, path)
    assert found.status == HTTPStatus.FORBIDDEN
    assert TOKEN.encode() not in found.body


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:4711", "127.0.0.1", "127.0.0.1:80",
             "localhost:4711.evil.example", "127.0.0.1:4711@evil.example", "0.0.0.0:4711"]
)  # fmt: skip
def test_a_name_of_another_host_is_refused_even_with_the_token(site: Site, host: str) -> None:
    assert ask(site, f"/{TOKEN}/", host=host).status == HTTPStatus.FORBIDDEN


def test_this_host_has_two_names(site: Site) -> None:
    for host in (HOST, "localhost:4711", "LOCALHOST:4711"):
        assert ask(site, f"/{TOKEN}/", host=host).status == HTTPStatus.OK


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_but_get_is_answered(site: Site, method: str) -> None:
    found = ask(site, f"/{TOKEN}/", method=method)
    assert found.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert found.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "path",
    [
        "",  # without the slash the addresses in the page would lead elsewhere
        "/clips/6.json",
        "/clips/-1.json",
        "/clips/1e1.json",
        "/clips/\u0661.json",  # a digit, but not one of ours
        "/clips/9999999.json",
        "/clips/0/6/u.webp",
        "/clips/0/0/depth.webp",
        "/clips/0/0/region-5.webp",
        "/clips/0/0/u.png",
        "/clips/casme2/sub01/EP01.json",
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/clips/../clips.json",
        "/clips.json/",
        "//clips.json",
        "/view.js",
        "/flows.h5",
    ],
)
def test_what_is_no_clip_is_not_found(site: Site, path: str) -> None:
    assert ask(site, f"/{TOKEN}{path}").status == HTTPStatus.NOT_FOUND
