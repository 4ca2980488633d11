"""Tests of the forwarding table: who receives what, and which answers stand."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, FirstByte
from packhorse.wire.header import decode_header, encode_destination
from packhorse_relay.core import forwarding
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.forwarding import Endpoint, ForwardingTable, Group, Receiver, Route
from tests.support.relay_harness import address

DATA, FRAME = FirstByte.DATA, FirstByte.FRAME


def table_of(size: int, *, is_star: bool = False) -> tuple[ForwardingTable, Group]:
    """Return a table with one room; peer n has address n and tag n + 100."""
    table, group = ForwardingTable(), Group(is_star)
    for peer in range(1, size + 1):
        table.attach(Endpoint(group, peer, peer + 100, address(peer)))
    return table, group


def datagram(sender: int, destination: int, first_byte: FirstByte = DATA) -> bytes:
    return encode_destination(first_byte, sender + 100, destination) + b"payload"


def resolve(
    table: ForwardingTable, data: bytes, source: TransportAddress
) -> list[tuple[int, int, bool]]:
    """Return tag, source and fan-out bit of each copy."""
    headers = [
        decode_header(receiver.prefix + b"x")
        for receiver in table.resolve(data, decode_header(data), source).receivers
    ]
    return [(header.tag, header.source, header.is_fanout) for header in headers]


def receivers(table: ForwardingTable, sender: int, destination: int) -> list[int]:
    """Return the peers that receive what `sender` sends."""
    copies = resolve(table, datagram(sender, destination), address(sender))
    return [tag - 100 for tag, _, _ in copies]


def drop(table: ForwardingTable, data: bytes, source: TransportAddress) -> DropReason:
    with pytest.raises(DatagramDropped) as dropped:
        table.resolve(data, decode_header(data), source)
    return dropped.value.reason


def cached(table: ForwardingTable, sender: int, data: bytes) -> Route | None:
    at = address(sender)
    return table.routes.get(0, {}).get((at.host, at.port), {}).get(data[:6])


def copies(route: Route) -> int:
    return len(route.receivers)


@pytest.mark.parametrize(
    ("destination", "peers"),
    [
        (1, [1]),
        (3, [3]),
        (0, [1, 3, 4]),
        (-1, [3, 4]),
        (-2, [1, 3, 4]),
        (-4, [1, 3]),
        (-5, [1, 3, 4]),
        (-(2**31), [1, 3, 4]),
    ],
)
def test_destination_names_its_receivers(destination: int, peers: list[int]) -> None:
    table, _ = table_of(4)

    assert receivers(table, 2, destination) == peers


@pytest.mark.parametrize(
    ("destination", "is_fanout"), [(3, False), (0, True), (-3, True), (-1, True)]
)
def test_fanout_bit_marks_copies_of_what_named_several(destination: int, is_fanout: bool) -> None:  # noqa: FBT001
    """HDR-3: also where only one receiver is left."""
    table, _ = table_of(3)

    copies = resolve(table, datagram(2, destination), address(2))

    assert {bit for _, _, bit in copies} == {is_fanout}


def test_copy_has_the_senders_id_and_the_receivers_tag() -> None:
    """HDR-2, HDR-4."""
    table, _ = table_of(3)

    assert resolve(table, datagram(2, 0), address(2)) == [(101, 2, True), (103, 2, True)]


@pytest.mark.parametrize("first_byte", [DATA, FRAME])
def test_copy_is_of_the_same_kind(first_byte: FirstByte) -> None:
    table, _ = table_of(2)
    data = datagram(1, 2, first_byte)

    (receiver,) = table.resolve(data, decode_header(data), address(1)).receivers

    assert receiver == Receiver(
        bytes([first_byte, 102, 0, 0, 0, 1]), 0, (address(2).host, address(2).port)
    )


def test_copy_goes_out_by_the_receivers_listener() -> None:
    table, group = table_of(1)
    table.attach(Endpoint(group, 2, 102, address(2, listener=7)))
    data = datagram(1, 2)

    (receiver,) = table.resolve(data, decode_header(data), address(1)).receivers

    assert receiver.listener == 7


@pytest.mark.parametrize("destination", [2, 9, 2**31 - 1])
def test_self_and_absent_peers_are_unknown_destinations(destination: int) -> None:
    table, _ = table_of(3)

    assert drop(table, datagram(2, destination), address(2)) is DropReason.UNKNOWN_DESTINATION


@pytest.mark.parametrize(("size", "destination"), [(1, 0), (1, -7), (2, -2)])
def test_fanout_to_nobody_is_an_unknown_destination(size: int, destination: int) -> None:
    table, _ = table_of(size)

    assert drop(table, datagram(1, destination), address(1)) is DropReason.UNKNOWN_DESTINATION


@pytest.mark.parametrize("source", [address(2), address(1, 40001), address(1, listener=1)])
def test_tag_at_another_address_is_an_unknown_source(source: TransportAddress) -> None:
    table, _ = table_of(2)

    assert drop(table, datagram(1, 0), source) is DropReason.UNKNOWN_SOURCE


@pytest.mark.parametrize("destination", [0, 2, 3, -1, -2, -(2**31)])
def test_client_of_a_star_room_reaches_nobody_but_the_host(destination: int) -> None:
    """ROOM-4."""
    table, _ = table_of(3, is_star=True)

    assert drop(table, datagram(2, destination), address(2)) is DropReason.NOT_ALLOWED


@pytest.mark.parametrize(
    ("sender", "destination", "peers"), [(2, 1, [1]), (1, 0, [2, 3]), (1, 3, [3]), (1, -2, [3])]
)
def test_star_room_connects_clients_with_the_host(
    sender: int, destination: int, peers: list[int]
) -> None:
    """ROOM-4: what it allows."""
    table, _ = table_of(3, is_star=True)

    assert receivers(table, sender, destination) == peers


def test_datagram_stays_in_the_room_of_its_sender() -> None:
    """ROOM-3: two rooms with the same peer ids, even at the same addresses."""
    table, _ = table_of(2)
    other = Group(is_star=False)
    for peer in (1, 2, 3):
        table.attach(Endpoint(other, peer, peer + 200, address(peer)))

    assert receivers(table, 1, 0) == [2]
    assert drop(table, datagram(1, 3), address(1)) is DropReason.UNKNOWN_DESTINATION


def test_answer_stands_until_it_is_stale() -> None:
    table, _ = table_of(3)
    data = datagram(1, 0)
    route = table.resolve(data, decode_header(data), address(1))

    assert cached(table, 1, data) is route


def test_failure_leaves_no_answer() -> None:
    table, _ = table_of(2)
    drop(table, datagram(1, 9), address(1))

    assert table.routes == {}


def test_answers_are_forgotten_when_somebody_joins() -> None:
    table, group = table_of(3)
    receivers(table, 1, 0)
    table.attach(Endpoint(group, 4, 104, address(4)))

    assert cached(table, 1, datagram(1, 0)) is None
    assert receivers(table, 1, 0) == [2, 3, 4]


@pytest.mark.parametrize("destination", [0, 3, -2])
def test_answers_are_forgotten_when_somebody_leaves(destination: int) -> None:
    table, group = table_of(4)
    receivers(table, 1, destination)
    table.detach(group.endpoints[3])

    assert cached(table, 1, datagram(1, destination)) is None


def test_answers_for_who_has_left_are_forgotten() -> None:
    table, group = table_of(2)
    receivers(table, 2, 1)
    table.detach(group.endpoints[2])

    assert table.routes == {0: {}}
    assert drop(table, datagram(2, 1), address(2)) is DropReason.UNKNOWN_SOURCE


def test_move_takes_effect_for_what_is_sent_and_received() -> None:
    """PATH-1: no answer of before the move stands."""
    table, group = table_of(2)
    receivers(table, 1, 2)
    receivers(table, 2, 1)
    table.move(group.endpoints[2], address(9))
    data = datagram(1, 2)

    assert (
        table.resolve(data, decode_header(data), address(1)).receivers[0].address[0]
        == address(9).host
    )
    assert resolve(table, datagram(2, 1), address(9)) == [(101, 2, False)]
    assert drop(table, datagram(2, 1), address(2)) is DropReason.UNKNOWN_SOURCE


@pytest.mark.parametrize(("tag", "is_free"), [(101, False), (102, True)])
def test_tag_is_free_where_no_session_of_the_address_has_it(tag: int, is_free: bool) -> None:  # noqa: FBT001
    table, _ = table_of(2)

    assert table.is_free(address(1), tag) is is_free


def test_table_counts_its_endpoints() -> None:
    table, group = table_of(3)
    table.detach(group.endpoints[2])

    assert len(table) == 2


def test_all_but_somebody_absent_leaves_no_answer() -> None:
    """LIM-1: a member could name 2^31 peers that are not there."""
    table, _ = table_of(3)
    for absent in range(4, 1000):
        receivers(table, 1, -absent)

    assert table.routes == {}


def test_answers_have_a_largest_number_and_those_of_who_sent_first_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """LIM-1: counted in receivers, since these take the memory."""
    monkeypatch.setattr(forwarding, "_MAX_CACHED", 5)
    table, _ = table_of(3)
    stale: list[tuple[int, tuple[str, int]]] = []
    table.on_stale = lambda listener, at: stale.append((listener, at))
    listener = table.routes.setdefault(0, {})
    for sender, destination in [(1, 0), (2, 0), (3, 1), (3, 2)]:
        receivers(table, sender, destination)

    assert stale == [(0, (address(1).host, address(1).port))]
    assert table.routes == {0: listener}
    assert [sum(map(copies, routes.values())) for routes in listener.values()] == [2, 2]
    assert cached(table, 3, datagram(3, 2)) is not None


def test_rejoining_makes_no_other_room_forget_its_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """LIM-1: what is forgotten does not count as kept."""
    monkeypatch.setattr(forwarding, "_MAX_CACHED", 5)
    table, _ = table_of(2)
    receivers(table, 1, 2)
    kept = cached(table, 1, datagram(1, 2))
    restless = Group(is_star=False)
    for peer in (3, 4):
        table.attach(Endpoint(restless, peer, peer + 100, address(peer)))
    for _ in range(10):
        receivers(table, 3, 4)
        table.move(restless.endpoints[4], address(4))

    assert kept is not None
    assert cached(table, 1, datagram(1, 2)) is kept


def test_address_is_in_use_as_long_as_one_of_its_endpoints_is_there() -> None:
    table, group = table_of(1)
    endpoint = group.endpoints[1]
    second = Endpoint(Group(is_star=False), 1, 7, address(1))
    table.attach(second)

    table.move(endpoint, address(2))
    assert table.has_endpoint_at(address(1))
    assert table.has_endpoint_at(address(2))

    table.detach(second)
    assert not table.has_endpoint_at(address(1))
