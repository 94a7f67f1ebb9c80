"""Which addresses are talked to: a pickle of a stranger is a program."""

import pytest

from raicl.common.cluster.address import checked_address
from raicl.common.errors import UsageError

HERE = ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786", "tcp://127.8.0.1:1"]
THERE = ["tcp://10.0.0.7:8786", "tcp://head:8786", "tcp://[fe80::1]:8786", "tcp://localhost.org:1"]


@pytest.mark.parametrize("address", [*HERE, "tls://head:8786", "tls://10.0.0.7:8786"])
def test_this_machine_and_encrypted_connections_are_taken(address: str) -> None:
    assert checked_address(address, trusted=False) == address


@pytest.mark.parametrize("address", THERE)
def test_an_open_connection_to_another_machine_needs_somebody_who_trusts_it(address: str) -> None:
    with pytest.raises(UsageError, match="neither encrypted") as caught:
        checked_address(address, trusted=False)
    assert "--trust-network" in caught.value.fix
    assert checked_address(address, trusted=True) == address


@pytest.mark.parametrize(
    "text", ["head:8786", "http://head:1", "tcp://head", "ws://h:1", "", "tcp://a b:1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--cluster"):
        checked_address(text, trusted=True)


def test_without_the_option_there_is_none() -> None:
    assert checked_address(None, trusted=True) is None
