"""Datagrams that only a real network carries: of any size, in fragments, from forged sources."""

import socket
import struct
import time
from collections.abc import Iterator
from typing import Final

import pytest

from packhorse.wire import constants as c
from packhorse.wire.constants import FirstByte
from packhorse.wire.header import encode_destination
from packhorse_relay.bench.members import Member
from tests.support.inside import udp_socket
from tests.support.relay_network import PORT, RelayNetwork, next_data, stop

LARGEST: Final = 8192  # bytes; what is above 1472 travels in fragments
LARGEST_PAYLOAD: Final = 1400
BATCH: Final = 8  # datagrams
PAUSE: Final = 0.002  # seconds after a batch; of much more the relay reads but a share

pytestmark = pytest.mark.usefixtures("netns")


@pytest.fixture
def lab() -> Iterator[RelayNetwork]:
    with RelayNetwork() as lab:
        yield lab


@pytest.fixture(params=["portable", "batched", "kernel"])
def dataplane(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "kernel":
        request.getfixturevalue("bpf")
    return name


def reach(host: Member, guest: Member, *payloads: bytes) -> None:
    """See that datagrams get through; the relay has then acted upon all that came before."""
    for payload in payloads:
        guest.sock.send(guest.datagram_to(host.peer, payload))
    for payload in payloads:
        assert next_data(host)[c.HEADER_SIZE :] == payload


@pytest.mark.parametrize("is_v6", [False, True], ids=["IPv4", "IPv6"])
def test_attack_18_datagrams_of_0_to_8192_bytes_are_counted_each_and_harmless(
    lab: RelayNetwork, dataplane: str, *, is_v6: bool
) -> None:
    """HDR-5: and payloads of 1 to 1400 bytes arrive."""
    address, elsewhere = (lab.relay_address(number, is_v6=is_v6) for number in (0, 1))
    with lab.running_relay("--profile", "unlimited", "--dataplane", dataplane) as relay:
        host, guest = lab.pair(address)
        here = "::" if is_v6 else ""
        eve = lab.closing.enter_context(udp_socket(lab.hosts[1].namespace, here))
        for size in range(LARGEST + 1):
            eve.sendto(bytes([FirstByte.DATA]) * size, (elsewhere, PORT))
            if size % BATCH == 0:
                reach(host, guest, b"still there")
                time.sleep(PAUSE)
        for size in range(1, LARGEST_PAYLOAD + 1):
            reach(host, guest, bytes(size))
        drops = stop(relay)["drops"]

    assert drops == {
        "too_short": c.HEADER_SIZE,
        "empty_payload": 1,
        "unknown_source": c.MAX_DATAGRAM - c.HEADER_SIZE,
        "too_large": LARGEST - c.MAX_DATAGRAM,
    }


def forged(source: tuple[str, int], target: tuple[str, int], data: bytes) -> bytes:
    """Return an IPv4 packet (RFC 791) with a UDP datagram (RFC 768) from somebody else."""
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0) + data
    ends = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0)
    return ip + ends + udp  # the kernel fills in length and checksum of the header


def test_attack_02_datagrams_forged_on_the_wire_need_the_right_one_of_256_tags(
    lab: RelayNetwork, dataplane: str
) -> None:
    """From another network, with the address and port of a member as their source.

    With the tag too, the datagram is delivered: a residual risk that SECURITY.md names.
    """
    lab.relay.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.to2.rp_filter=0")
    target = (lab.relay_address(0), PORT)
    with lab.running_relay("--profile", "unlimited", "--dataplane", dataplane) as relay:
        host, guest = lab.pair(target[0])
        with lab.inside(lab.hosts[1]):
            eve = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            lab.closing.enter_context(eve)
        for tag in range(256):
            data = encode_destination(FirstByte.DATA, tag, host.peer) + b"forged %d" % tag
            eve.sendto(forged(guest.sock.getsockname(), target, data), target)
            if tag == guest.tag:
                assert next_data(host)[c.HEADER_SIZE :] == b"forged %d" % tag
        reach(host, guest, b"the member itself goes on")
        drops = stop(relay)["drops"]

    assert drops == {"unknown_source": 255}
