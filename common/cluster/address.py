"""Address: which schedulers are talked to. Whoever answers is sent pickles, and sends some back."""

from __future__ import annotations

import ipaddress
import re

from raicl.common.errors import UsageError

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):([0-9]{1,5})")


def checked_address(text: str | None, *, trusted: bool) -> str | None:
    """The address that ``--cluster`` gives. None without the option.

    A pickle is a program: who sends one has the rights of who reads it. TLS, as Dask is configured,
    proves both sides to each other. ``tcp://`` proves nothing, so beyond this machine it is taken
    only where somebody says that everybody who reaches the port is trusted.

    Parameters
    ----------
    trusted : the user says so.

    Raises
    ------
    UsageError : it is no address, or ``tcp://`` leads to another machine and is not trusted.
    """
    if text is None:
        return None
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--cluster {text}", fix="give the scheduler's address: tls://HOST:8786 or tcp://..."
        )
    if found[1] == "tcp" and not trusted and not _is_here(found[2].strip("[]")):
        raise UsageError(
            "tcp:// to another machine is neither encrypted nor proves who answers",
            where=found[0],
            fix="use tls://, or give --trust-network if you trust everybody who reaches that port",
        )
    return found[0]


def _is_here(host: str) -> bool:
    """Whether an address cannot lead off this machine. A name of another kind is not looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
