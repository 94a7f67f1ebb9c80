"""A headless Chromium that opens a page in a frame of a given width and tells what it saw."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# what a Chromium asks for of its own accord, whatever page is open
OWN_HOSTS = ("google.com", "googleapis.com", "gvt1.com", "gstatic.com")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_DUMPING = ["--enable-logging=stderr", "--virtual-time-budget=5000"]
# The window of a headless Chromium is never narrower than 500 px, a frame in it may be.
_FRAME = """<!DOCTYPE html>
<style>body {{ margin: 0 }} iframe {{ border: 0 }}</style>
<body><iframe id="page" width="{width}" height="{height}"></iframe><script>
const frame = document.getElementById("page");
frame.onload = () => {{
  const root = frame.contentDocument.documentElement;
  const broken = [...frame.contentDocument.images].filter(i => !i.complete || !i.naturalWidth);
  const seen = {{ client: root.clientWidth, scroll: root.scrollWidth, height: root.scrollHeight,
    images: frame.contentDocument.images.length, broken: broken.length,
    dark: frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches }};
  document.body.dataset.seen = JSON.stringify(seen);
}};
frame.srcdoc = {text};
</script></body>"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the browser saw of a page.

    Attributes
    ----------
    values : ``client`` and ``scroll`` width and ``height`` of the document, px; ``images``, how
        many are ``broken``, and whether it is ``dark``.
    console : messages of errors and warnings; hosts : that were asked for, but for Chromium's own.
    """

    values: dict[str, int]
    console: list[str]
    hosts: list[str]


def find_browser() -> str | None:
    return next((found for found in map(shutil.which, NAMES) if found), None)


def look(page: Path, folder: Path, *, width: int, dark: bool = False, picture: Path | None = None
) -> Seen:  # fmt: skip
    """Open `page` in a frame `width` px wide; `folder` is for what the browser writes."""
    folder.mkdir()
    values, console, hosts = _open(page, folder, width, 900, dark, "--dump-dom")
    if picture is not None:
        _open(page, folder, width, values["height"], dark, f"--screenshot={picture}")
    return Seen(values=values, console=console, hosts=hosts)


def _open(
    page: Path, folder: Path, width: int, height: int, dark: bool, action: str
) -> tuple[dict[str, int], list[str], list[str]]:
    text = json.dumps(page.read_text(encoding="utf-8")).replace("</", "<\\/")
    frame, log = folder / "frame.html", folder / "net.json"
    frame.write_text(_FRAME.format(width=width, height=height, text=text))
    command = [str(find_browser()), *FLAGS, *_DUMPING, f"--user-data-dir={folder / 'profile'}"]
    command += [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    command += [f"--window-size={width},{height}", f"--log-net-log={log}", action]
    command += [frame.resolve().as_uri()]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = re.search(r'data-seen="([^"]*)"', answer.stdout)
    values = json.loads(found[1].replace("&quot;", '"')) if found else {}
    console = [line for line in answer.stderr.splitlines() if "CONSOLE" in line]
    urls = set(re.findall(r'"url":"((?:https?|wss?)://[^"]*)"', log.read_text()))
    hosts = sorted({urlsplit(url).hostname or "" for url in urls})
    return values, console, [host for host in hosts if not host.endswith(OWN_HOSTS)]
