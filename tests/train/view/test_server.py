"""The viewer on a real socket of this machine."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from raicl.common.errors import ConflictError
from raicl.train.view.answer import Site
from raicl.train.view.server import Server
from tests.train.caches import write_cache
from tests.train.conftest import Raicl
from tests.train.view.conftest import TOKEN, serving


@pytest.fixture
def server(site: Site) -> Iterator[Server]:
    with serving(site) as server:
        yield server


def ask(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_it_listens_on_loopback_alone(server: Server) -> None:
    assert server.socket.getsockname() == ("127.0.0.1", server.server_port)
    assert server.url == f"http://127.0.0.1:{server.server_port}/{TOKEN}/"


def test_it_answers_those_who_have_the_address(server: Server) -> None:
    answer, body = ask(server, f"/{TOKEN}/")
    assert answer.status == 200
    assert body.startswith(b"<!DOCTYPE html>")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["Server"].strip() == "raicl"
    answer, body = ask(server, f"/{TOKEN}/clips/0/0/strain.webp")
    assert (answer.status, body[8:12]) == (200, b"WEBP")


def test_it_refuses_everybody_else(server: Server) -> None:
    assert ask(server, "/")[0].status == 403
    assert ask(server, "/clips.json")[0].status == 403
    assert ask(server, f"/{TOKEN}/", Host="evil.example")[0].status == 403
    assert ask(server, f"/{TOKEN}/", Host=f"evil.example:{server.server_port}")[0].status == 403
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert ask(server, f"/{TOKEN}/", method)[0].status == 405
    answer, body = ask(server, f"/{TOKEN}/", "HEAD")
    assert (answer.status, body) == (405, b"")
    assert ask(server, f"/{TOKEN}/", "BREW")[0].status == 501


def test_no_path_of_the_machine_is_reached(server: Server) -> None:
    for path in ("../../../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "clips/99.json", "none"):
        answer, body = ask(server, f"/{TOKEN}/{path}")
        assert answer.status == 404
        assert b"root:" not in body


def test_a_browser_that_goes_away_leaves_no_trace(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.server_port)) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
            gone.sendall(f"GET /{TOKEN}/clips/1/1/u.webp HTTP/1.1\r\nHost: x\r\n".encode())
    assert ask(server, f"/{TOKEN}/clips.json")[0].status == 200
    assert capfd.readouterr() == ("", "")


def test_a_port_that_is_taken_is_named(server: Server, site: Site) -> None:
    with pytest.raises(ConflictError, match=f"port {server.server_port} is taken"):
        Server(site, server.server_port)


@pytest.mark.parametrize("source", ["flows.h5", "run"])
def test_the_command_serves_until_it_is_interrupted_and_ends_well(
    trained: Path, source: str
) -> None:
    command = [sys.executable, "-m", "raicl.common.terminal.umbrella", "view", trained / source]
    process = subprocess.Popen(
        [*command, "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"http://(127\.0\.0\.1:\d+)(/\S{32}/)\n", process.stdout.readline())
        assert found is not None
        connection = http.client.HTTPConnection(found[1], timeout=60)
        connection.request("GET", f"{found[2]}clips.json")
        assert connection.getresponse().read().startswith(b'[{"id": "casme2/sub01/EP01"')
        connection.close()
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "clips; for research only" in err
    assert "Traceback" not in err


def refused(raicl: Raicl, *words: object) -> tuple[int, str]:
    answer = raicl("view", *words, "--no-open")
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert answer.err.startswith("error: ")
    return answer.code, answer.err


def test_what_cannot_be_shown_is_refused_in_words(
    copied: Path, tmp_path: Path, raicl: Raicl
) -> None:
    flows, run = copied / "flows.h5", copied / "run"
    code, said = refused(raicl, tmp_path / "none.h5")
    assert (code, "no such cache" in said) == (3, True)
    code, said = refused(raicl, tmp_path)
    assert (code, "not the folder of a run" in said) == (3, True)
    code, said = refused(raicl, flows, "--flows", flows)
    assert (code, "--flows is for a run" in said) == (2, True)
    assert refused(raicl, flows, "--port", "70000")[0] == 2
    text = tmp_path / "text.h5"
    text.write_text("no cache")
    code, said = refused(raicl, text)
    assert (code, "not a readable HDF5 file" in said) == (3, True)
    flows.write_bytes(flows.read_bytes()[:3000])
    code, said = refused(raicl, flows)
    assert (code, "damaged" in said) == (3, True)
    code, said = refused(raicl, run)  # its cache cannot be read any more
    assert (code, "raicl view RUN --flows FLOWS" in said) == (3, True)


def test_the_caches_of_a_run_must_be_its_own(copied: Path, tmp_path: Path, raicl: Raicl) -> None:
    other = write_cache(tmp_path / "other.h5", seed=1)
    code, said = refused(raicl, copied / "run", "--flows", other)
    assert (code, "not the caches of run run" in said) == (3, True)
    (copied / "flows.h5").unlink()
    code, said = refused(raicl, copied / "run")
    assert (code, "not where they were, or others by now" in said) == (3, True)
