"""A relay on a machine with several addresses answers from the one that was spoken to."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from packhorse.wire import constants as c
from packhorse.wire.stun import decode_stun, encode_request
from tests.support.inside import udp_socket
from tests.support.relay_network import PORT, RelayNetwork, next_data
from tests.support.waiting import until

STABLE: Final = "fd00:7:1::1"

pytestmark = pytest.mark.usefixtures("netns")


@pytest.fixture
def lab() -> Iterator[RelayNetwork]:
    with RelayNetwork() as lab:
        yield lab


def temporary_addresses(lab: RelayNetwork) -> list[str]:
    """Return those that the kernel has made, and is done with testing for duplicates."""
    command = ["ip", "-6", "-j", "addr", "show", "dev", "to1", "temporary", "-tentative"]
    told = subprocess.run(lab.relay.command(command), capture_output=True, check=True, timeout=10)
    links = json.loads(told.stdout)
    return [entry["local"] for link in links for entry in link.get("addr_info", []) if entry]


@pytest.fixture
def private_lab(lab: RelayNetwork) -> RelayNetwork:
    """The relay's machine has a stable and a temporary address, as with privacy extensions."""
    lab.relay.run("sysctl", "-qw", "net.ipv6.conf.to1.use_tempaddr=2")
    lab.relay.ip(f"addr change {STABLE}/64 dev to1 mngtmpaddr")
    asyncio.run(until(lambda: len(temporary_addresses(lab)) == 1))
    return lab


def talk(lab: RelayNetwork, relay: str) -> None:
    """See that two members who know the relay by this address reach each other."""
    host, guest = lab.pair(relay)
    guest.sock.send(guest.datagram_to(1, b"hello"))
    assert next_data(host)[c.HEADER_SIZE :] == b"hello"


def test_temporary_address_is_what_the_kernel_answers_from_by_itself(
    private_lab: RelayNetwork,
) -> None:
    """Else the tests that follow would show nothing."""
    lab = private_lab
    with (
        udp_socket(lab.relay.namespace, "::", PORT) as server,
        udp_socket(lab.hosts[0].namespace, "::") as client,
    ):
        client.sendto(b"?", (STABLE, PORT))
        server.sendto(b"!", server.recvfrom(9)[1])
        source = client.recvfrom(9)[1][0]

    assert [source] == temporary_addresses(lab)


@pytest.mark.parametrize("dataplane", ["portable", "batched"])
def test_relay_with_a_temporary_address_is_reached_at_its_stable_one(
    private_lab: RelayNetwork, dataplane: str
) -> None:
    with private_lab.running_relay("--dataplane", dataplane):
        talk(private_lab, STABLE)


def test_second_port_answers_from_the_stable_address(private_lab: RelayNetwork) -> None:
    lab = private_lab
    client = lab.closing.enter_context(udp_socket(lab.hosts[0].namespace, "::"))
    with lab.running_relay():
        client.connect((STABLE, PORT + 1))
        client.send(encode_request(bytes(12), size=100))
        answer = decode_stun(client.recv(2048))

    assert answer.mapped is not None


@pytest.mark.parametrize(
    "addresses", [("10.7.1.1", "10.7.1.8"), (STABLE, "fd00:7:1::8")], ids=["IPv4", "IPv6"]
)
def test_relay_that_is_bound_to_several_addresses_is_reached_at_each(
    lab: RelayNetwork, addresses: tuple[str, str]
) -> None:
    """What the guide advises where a machine has several addresses that stay."""
    bits = 64 if ":" in addresses[0] else 24
    no_test = "nodad" if ":" in addresses[0] else ""
    lab.relay.ip(f"addr add {addresses[1]}/{bits} dev to1 {no_test}")
    with lab.running_relay("--bind", addresses[0], "--bind", addresses[1]):
        for address in addresses:
            talk(lab, address)
