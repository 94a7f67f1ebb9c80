"""Server: the viewer on a socket of this machine alone."""

from __future__ import annotations

import errno
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from raicl.common.errors import ConflictError, UsageError
from raicl.train.view.answer import Site, answer

LOOPBACK = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface as soon as it is made.

    Parameters
    ----------
    port : 0 takes a free one.

    Raises
    ------
    ConflictError : the port is taken.
    UsageError : the port is for the superuser.
    """

    daemon_threads = True  # a browser that keeps a connection open does not hold up the end

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConflictError(
                    f"port {port} is taken", fix="give another --port, or none for a free one"
                ) from error
            if error.errno == errno.EACCES:
                raise UsageError(
                    f"port {port} is for the superuser", fix="give a --port from 1024 on"
                ) from error
            raise
        port = self.server_address[1]
        self.hosts = frozenset(f"{name}:{port}" for name in (LOOPBACK, "localhost"))
        self.url = f"http://{LOOPBACK}:{port}/{site.token}/"

    def server_bind(self) -> None:
        """Bind without the look-up of a name that HTTPServer does, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that closed its connection before it had the answer."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "raicl", ""
    timeout = 30

    def _answer(self) -> None:
        host = self.headers.get("Host", "")
        found = answer(self.server.site, self.command, self.path, host, self.server.hosts)
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        if self.command != "HEAD":  # which may not have a body
            self.wfile.write(found.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer
    do_OPTIONS = do_TRACE = do_CONNECT = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Requests hold the token, so they are not logged."""
