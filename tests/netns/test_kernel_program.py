"""The eBPF programs of the relay, by hand-made packets that the kernel runs them over."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import pytest

from packhorse.wire.constants import FirstByte
from packhorse.wire.header import encode_destination, encode_header
from tests.support.kernel_program import (
    LISTENERS,
    RELAY_PORT,
    LoadedProgram,
    Member,
)
from tests.support.packets import Packet

pytestmark = pytest.mark.usefixtures("bpf")

ROUTER: Final = bytes.fromhex("020000000001")
OURS: Final = bytes(6)  # the loopback interface's, by which packets of a test come
HOSTS: Final = (("198.51.100.2", "198.51.100.3"), ("2001:db8::2", "2001:db8::3"))
PLENTY: Final = 10**15
SENDER_TAG: Final = 0x5C
RECEIVER_TAG: Final = 0x9E
TO_RECEIVER: Final = encode_destination(FirstByte.DATA, SENDER_TAG, 7)
STAMPED: Final = encode_header(FirstByte.DATA, RECEIVER_TAG, 3)
SEAL_START: Final = bytes([FirstByte.SEAL])
IPV4: Final = pytest.mark.parametrize("strangers", [0], ids=["ipv4"], indirect=True)
IPV6: Final = pytest.mark.parametrize("strangers", [1], ids=["ipv6"], indirect=True)


class Pair(NamedTuple):
    """Two members of one room, a route from one to the other."""

    program: LoadedProgram
    sender: Member
    receiver: Member
    own: tuple[str, int]

    def packet(self, payload: bytes = b"hi", header: bytes = TO_RECEIVER) -> Packet:
        """Return a datagram of the sender."""
        return Packet(
            source=self.sender.address,
            destination=self.own,
            payload=header + payload,
            link_source=ROUTER,
            link_destination=OURS,
        )

    def sealed(self, tag: int = RECEIVER_TAG) -> Packet:
        """Return a SEAL datagram of the receiver, whatever it says."""
        payload = SEAL_START + bytes([tag]) + bytes(30)
        return replace(self.packet(), source=self.receiver.address, payload=payload)

    def is_sent(self, packet: Packet) -> bool:
        """Tell whether the program forwards a packet; else it leaves it as it is."""
        frame = packet.encode()
        outcome = self.program.run(frame)
        assert outcome.was_sent or outcome.frame == frame
        return outcome.was_sent

    def forwarded(self, packet: Packet) -> Packet:
        """Return what the program makes of a packet."""
        outcome = self.program.run(packet.encode())
        assert outcome.was_sent
        return Packet.decode(outcome.frame)


@pytest.fixture(params=["tcx", "xdp"])
def program(request: pytest.FixtureRequest) -> Iterator[LoadedProgram]:
    with LoadedProgram.load(request.param) as loaded:
        yield loaded


@pytest.fixture(params=[0, 1], ids=["ipv4", "ipv6"])
def strangers(request: pytest.FixtureRequest, program: LoadedProgram) -> Pair:
    """Return a pair to whom the way is not known."""
    listener = request.param
    one, other = HOSTS[listener]
    sender = Member(1, (one, 40001), SENDER_TAG)
    receiver = Member(2, (other, 40002), RECEIVER_TAG)
    for member in (sender, receiver):
        member.enter(program.tables, listener)
    program.tables.add_route(sender.address, TO_RECEIVER, 1, 2, STAMPED)
    program.tables.allow(1, PLENTY, PLENTY)
    return Pair(program, sender, receiver, (LISTENERS[listener][0], RELAY_PORT))


@pytest.fixture
def pair(strangers: Pair) -> Pair:
    """Return a pair of whom the program has seen a datagram each."""
    assert not strangers.is_sent(strangers.sealed())
    return strangers


@pytest.mark.parametrize("size", [*range(1, 40), 100, 1399, 1400])
def test_datagram_becomes_one_of_the_relay_with_right_checksums(pair: Pair, size: int) -> None:
    payload = bytes(size * 37 % 256 for size in range(size))

    packet = pair.forwarded(
        replace(pair.packet(payload), hop_limit=3, traffic_class=0xB8, identification=99)
    )

    assert packet == Packet(
        source=pair.own,
        destination=pair.receiver.address,
        payload=STAMPED + payload,
        link_source=OURS,
        link_destination=ROUTER,
        identification=0 if ":" in pair.own[0] else 99,
    )


@IPV4
def test_absent_checksum_stays_absent(pair: Pair) -> None:
    assert not pair.forwarded(replace(pair.packet(), has_checksum=False)).has_checksum


@pytest.mark.parametrize("header_tag", range(0, 256, 5))
def test_attack_02_spoofed_sender_with_another_tag_goes_up(pair: Pair, header_tag: int) -> None:
    header = encode_destination(FirstByte.DATA, header_tag, 7)

    assert not pair.is_sent(pair.packet(header=header))


def test_attack_01_sender_at_another_address_goes_up(pair: Pair) -> None:
    host, port = pair.sender.address
    packet = pair.packet()

    assert not pair.is_sent(replace(packet, source=(host, port + 1)))
    assert not pair.is_sent(replace(packet, source=(pair.receiver.address[0], port)))


def test_attack_20_destination_without_route_goes_up(pair: Pair) -> None:
    for destination in (0, 1, 2, 8, -7, -1, 2**31 - 1):
        header = encode_destination(FirstByte.DATA, SENDER_TAG, destination)
        assert not pair.is_sent(pair.packet(header=header))


def test_source_that_a_sender_claims_is_not_believed(pair: Pair) -> None:
    """HDR-2: the route alone says what is stamped."""
    assert pair.forwarded(pair.packet(b"x")).payload == STAMPED + b"x"


@pytest.mark.parametrize("size", [0, 1401, 1990])
def test_attack_18_payload_of_another_size_goes_up(pair: Pair, size: int) -> None:
    assert not pair.is_sent(pair.packet(bytes(size)))


@pytest.mark.parametrize("size", range(6))
def test_attack_18_datagram_shorter_than_a_header_goes_up(pair: Pair, size: int) -> None:
    assert not pair.is_sent(replace(pair.packet(), payload=TO_RECEIVER[:size]))


@pytest.mark.parametrize("first", [0x00, 0x80, 0xA0, 0xA5, 0xA6, 0xA8])
def test_all_but_data_and_frame_goes_up(pair: Pair, first: int) -> None:
    assert not pair.is_sent(pair.packet(header=bytes([first]) + TO_RECEIVER[1:]))


def test_other_ports_and_addresses_are_not_the_relays(pair: Pair) -> None:
    host, port = pair.own

    assert not pair.is_sent(replace(pair.packet(), destination=(host, port + 1)))
    other = host[:-1] + "9"
    assert not pair.is_sent(replace(pair.packet(), destination=(other, port)))


@IPV6
def test_absent_checksum_over_ipv6_goes_up(pair: Pair) -> None:
    assert not pair.is_sent(replace(pair.packet(), has_checksum=False))


@IPV4
def test_options_and_fragments_go_up(pair: Pair) -> None:
    packet = pair.packet()

    assert not pair.is_sent(replace(packet, options=bytes([1] * 4)))
    assert not pair.is_sent(replace(packet, fragment=0x2000))
    assert not pair.is_sent(replace(packet, fragment=0x0001))
    assert pair.is_sent(replace(packet, fragment=0x4000))  # only: do not fragment


@pytest.mark.parametrize("header", [0, 43, 44, 60])
def test_extension_headers_and_other_protocols_go_up(pair: Pair, header: int) -> None:
    assert not pair.is_sent(replace(pair.packet(), next_header=header))


def test_vlan_goes_up(pair: Pair) -> None:
    assert not pair.is_sent(replace(pair.packet(), vlan=bytes.fromhex("81000005")))


@pytest.mark.parametrize("value", [0, 1, 7, 8, 13, 14, 115, 2000, 0xFFFF])
def test_length_that_is_not_that_of_the_packet_goes_up(pair: Pair, value: int) -> None:
    frame = pair.packet(bytes(100)).encode()
    of_ip, of_udp = (14 + 4, 14 + 40 + 4) if ":" in pair.own[0] else (14 + 2, 14 + 20 + 4)

    for at in (of_ip, of_udp):
        broken = frame[:at] + value.to_bytes(2, "big") + frame[at + 2 :]
        assert not pair.program.run(broken).was_sent


def test_cut_packet_goes_up(pair: Pair) -> None:
    frame = pair.packet(bytes(100)).encode()

    for size in range(54, len(frame)):
        outcome = pair.program.run(frame[:size])
        assert not outcome.was_sent


def test_over_the_limit_goes_up_and_is_not_counted(pair: Pair) -> None:
    """LIM-2: a datagram may cost more than is left, the next one waits."""
    tables, size = pair.program.tables, 6 + 100
    tables.allow(1, 2 * size + 1, PLENTY)

    assert [pair.is_sent(pair.packet(bytes(100))) for _ in range(4)] == [True, True, True, False]
    assert tables.spent(1) == (3 * size, 3)
    tables.allow(1, PLENTY, 4)
    assert [pair.is_sent(pair.packet(bytes(100))) for _ in range(2)] == [True, False]
    assert tables.datagrams_forwarded() == 4


def test_nothing_is_sent_to_whom_the_way_is_not_known(strangers: Pair) -> None:
    assert not strangers.is_sent(strangers.packet())
    assert not strangers.program.tables.is_way_known(2)


def test_attack_05_datagram_with_a_wrong_tag_teaches_no_way(strangers: Pair) -> None:
    assert not strangers.is_sent(strangers.sealed(tag=RECEIVER_TAG + 1))

    assert not strangers.is_sent(strangers.packet())
    assert not strangers.program.tables.is_way_known(2)


def test_datagram_to_another_address_teaches_no_way(strangers: Pair) -> None:
    host, port = strangers.own

    strangers.is_sent(replace(strangers.sealed(), destination=(host[:-1] + "9", port)))

    assert not strangers.program.tables.is_way_known(2)


def test_change_of_the_way_is_followed(pair: Pair) -> None:
    other_router = bytes.fromhex("020000000002")

    pair.is_sent(replace(pair.sealed(), link_source=other_router))

    assert pair.forwarded(pair.packet()).link_destination == other_router


def test_attack_20_member_that_left_gets_nothing_more(pair: Pair) -> None:
    tables = pair.program.tables
    tables.remove_routes(pair.sender.address, [TO_RECEIVER])
    tables.remove_member(2, pair.receiver.address, RECEIVER_TAG)

    assert not pair.is_sent(pair.packet())
    pair.is_sent(pair.sealed())
    assert not tables.is_way_known(2)


def test_attack_02_ipv4_in_ipv6_is_nobodys_address(program: LoadedProgram) -> None:
    sender = Member(1, ("198.51.100.2", 40001), SENDER_TAG)
    receiver = Member(2, ("198.51.100.3", 40002), RECEIVER_TAG)
    for member in (sender, receiver):
        member.enter(program.tables, 0)
    program.tables.add_route(sender.address, TO_RECEIVER, 1, 2, STAMPED)
    program.tables.allow(1, PLENTY, PLENTY)
    own = (LISTENERS[1][0], RELAY_PORT)
    disguised = ("::ffff:198.51.100.2", 40001)

    packet = Packet(source=disguised, destination=own, payload=TO_RECEIVER + b"x")

    assert not program.run(packet.encode()).was_sent
    assert not program.tables.is_way_known(1)


def test_sessions_at_one_address_are_told_apart_by_tag(pair: Pair) -> None:
    tables = pair.program.tables
    tables.add_member(3, pair.receiver.address, RECEIVER_TAG + 1, _listener(pair))
    tables.add_route(
        pair.sender.address,
        encode_destination(FirstByte.FRAME, SENDER_TAG, 8),
        1,
        3,
        encode_header(FirstByte.FRAME, RECEIVER_TAG + 1, 3),
    )

    frame = pair.packet(header=encode_destination(FirstByte.FRAME, SENDER_TAG, 8))

    assert not pair.is_sent(frame)
    pair.is_sent(pair.sealed(tag=RECEIVER_TAG + 1))
    assert pair.forwarded(frame).payload[:2] == bytes([FirstByte.FRAME, RECEIVER_TAG + 1])


def _listener(pair: Pair) -> int:
    return 1 if ":" in pair.own[0] else 0
