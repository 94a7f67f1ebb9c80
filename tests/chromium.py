"""A headless Chromium that a test steers: it opens pages, types, clicks and looks.

It speaks the DevTools protocol over a pipe, so that nothing but the standard library is needed.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.train.browser import FLAGS, find_browser

_SECONDS = 60
_KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}


class Tab:
    """One page of the browser, `width` px wide.

    Attributes
    ----------
    console : messages of errors, warnings and exceptions so far.
    asked : addresses that were asked for so far, data URIs left out.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read = os.fdopen(read, "rb", buffering=0)
        self._write = os.fdopen(write, "wb", buffering=0)
        self._rest, self._number, self._session = b"", 0, ""
        self.console: list[str] = []
        self.asked: list[str] = []

    def attach(self, width: int, dark: bool) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._size(width, 900)
        self.width = width

    def close(self) -> None:
        self._read.close()
        self._write.close()

    def _size(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come before it are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = self._read.read(1 << 20)
            assert part, "the browser has ended"
            self._rest += part
        content, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(content)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event["method"] == "Runtime.exceptionThrown":
            self.console.append(json.dumps(params["exceptionDetails"])[:500])
        elif event["method"] == "Runtime.consoleAPICalled" and params["type"] != "log":
            self.console.append(json.dumps(params["args"])[:500])
        elif event["method"] == "Log.entryAdded":
            self.console.append(params["entry"]["text"])
        elif event["method"] == "Network.requestWillBeSent":
            url = params["request"]["url"]
            self.asked += [] if url.startswith("data:") else [url]

    def open(self, url: str) -> None:
        """Open an address and wait until everything of it is loaded."""
        self.call("Page.navigate", url=url)
        # the viewer adds its place to the address as soon as it has drawn, maybe before we look
        there = f"[location.href, location.href.split('#')[0]].includes({json.dumps(url)})"
        self.until(f"{there} && document.readyState === 'complete'")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page, waited for if it is a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + _SECONDS
        while not self.ask(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.02)

    def set(self, selector: str, value: str | bool) -> None:
        """Give a field of a form a value, as its user does."""
        kind = "checked" if isinstance(value, bool) else "value"
        self.ask(
            f"(field => {{ field.{kind} = {json.dumps(value)};"
            " field.dispatchEvent(new Event('input', { bubbles: true })); })"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    def press(self, key: str) -> None:
        """Press and release a key."""
        values = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, **values)

    def overflow(self) -> int:
        """How many px the page is wider than its window."""
        return int(self.ask("document.documentElement.scrollWidth - innerWidth"))

    def picture(self, path: Path, height: int = 900) -> None:
        """Save what the window shows, `height` px high."""
        self._size(self.width, height)
        time.sleep(0.3)  # what is drawn late
        shot = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))
        self._size(self.width, 900)


@contextmanager
def browse(folder: Path, *, width: int = 1440, dark: bool = False) -> Iterator[Tab]:
    """Yield a tab of a browser of its own, which writes into `folder`; no name is resolved."""
    (first, ours_out), (ours_in, second) = os.pipe(), os.pipe()
    # away from 3 and 4, which the shell below redirects
    theirs_in, theirs_out = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (first, second))
    os.close(first)
    os.close(second)
    command = [str(find_browser()), *FLAGS, "--remote-debugging-pipe", "about:blank"]
    command += [f"--user-data-dir={folder / 'profile'}", "--mute-audio"]
    # the browser reads from its descriptor 3 and writes to 4
    script = f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"'
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", script, "browser", *command],
            pass_fds=(theirs_in, theirs_out),
            stdout=log,
            stderr=log,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        tab = Tab(ours_in, ours_out)
        try:
            tab.attach(width, dark)
            yield tab
        finally:
            tab.close()
            process.terminate()
            process.wait(30)
