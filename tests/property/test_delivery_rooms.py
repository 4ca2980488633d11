"""Messages of the delivery layer between members of a room, through a relay, on bad networks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from packhorse.core.events import HOST
from packhorse.core.mail import Mail
from packhorse.testing.link import PERFECT, Conditions
from packhorse.wire.constants import ErrorCode, Mode, Topology
from packhorse.wire.errors import LocalProtocolError, SessionClosedByError
from tests.support.delivery_traffic import content
from tests.support.network import Member, Network

BAD: Final = Conditions(loss=0.1, latency=0.02, jitter=0.01, reorder=0.05, duplicate=0.05)
LONG: Final = 60.0  # seconds of virtual time; what is waited for takes less


def room_of(
    network: Network, count: int, conditions: Conditions, topology: Topology = Topology.MESH
) -> list[Member]:
    """Return members that know each other, whose links are then as `conditions` say."""
    host = network.create_room(topology=topology)
    network.run(0.5)
    members = [host, *(network.join(host.session.code) for _ in range(count - 1))]
    network.run(0.5)
    network.conditions = conditions
    for member in members:
        assert len(member.session.roster) == count
        member.conditions = conditions
        member.events.clear()
    return members


def mail_of(member: Member) -> Mail:
    return member.session._joined().mail


def received(member: Member, source: Member, mode: Mode = Mode.RELIABLE) -> list[bytes]:
    peer = source.session.peer_id
    return [m.data for m in member.messages if m.source == peer and m.mode is mode]


def all_idle(members: list[Member]) -> Callable[[], bool]:
    return lambda: all(member.session.is_idle for member in members)


def post(network: Network, member: Member, data: bytes, to: int, mode: Mode) -> None:
    """Send a message, if need be after waiting for room in the send buffer."""
    assert network.run_until(lambda: member.try_post(data, to, mode), within=LONG)


@pytest.mark.parametrize("seed", range(5))
def test_every_member_gets_everything_of_every_other(seed: int) -> None:
    network = Network(seed=seed)
    members = room_of(network, 3, BAD)
    sent = {member.session.peer_id: list[bytes]() for member in members}
    for number in range(60):
        member = members[number % 3]
        data = content(number, (10, 1500, 12_000)[number // 3 % 3])
        sent[member.session.peer_id].append(data)
        for to in {1, 2, 3} - {member.session.peer_id}:
            post(network, member, data, to, Mode.RELIABLE)
        network.run(0.01)

    assert network.run_until(all_idle(members), within=LONG)

    for member in members:
        for source in set(members) - {member}:
            assert received(member, source) == sent[source.session.peer_id]


@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.RELIABLE_UNORDERED])
def test_reliable_broadcast_of_the_host_reaches_all_others_once(mode: Mode) -> None:
    network = Network(seed=1)
    members = room_of(network, 5, BAD)
    host, *guests = members
    messages = [content(number, number * 37) for number in range(100)]
    for data in messages:
        post(network, host, data, 0, mode)

    assert network.run_until(all_idle(members), within=LONG)

    for guest in guests:
        got = received(guest, host, mode)
        assert (got if mode is Mode.RELIABLE else sorted(got)) == (
            messages if mode is Mode.RELIABLE else sorted(messages)
        )
    assert host.messages == []


def test_reliable_message_to_all_but_one_leaves_that_one_out() -> None:
    network = Network(seed=2)
    members = room_of(network, 4, BAD)
    host, two, three, four = members
    post(network, host, b"not for three", -three.session.peer_id, Mode.RELIABLE)

    assert network.run_until(all_idle(members), within=LONG)

    assert received(two, host) == received(four, host) == [b"not for three"]
    assert received(three, host) == []


@pytest.mark.parametrize("seed", range(5))
def test_change_of_address_in_the_middle_loses_and_doubles_nothing(seed: int) -> None:
    network = Network(seed=seed)
    members = room_of(network, 2, BAD)
    host, guest = members
    messages = [content(number, 700) for number in range(300)]
    for number, data in enumerate(messages):
        if number in {100, 200}:
            network.rebind(guest)
        post(network, host, data, guest.session.peer_id, Mode.RELIABLE)
        post(network, guest, data, 1, Mode.RELIABLE)
        network.run(1 / 60)

    assert network.run_until(all_idle(members), within=LONG)

    assert received(guest, host) == messages
    assert received(host, guest) == messages


def test_bulk_goes_on_after_a_change_of_address() -> None:
    network = Network(seed=3)
    members = room_of(network, 2, Conditions(latency=0.02, loss=0.01))
    host, guest = members
    data = content(1, 2_000_000)
    post(network, guest, data, 1, Mode.RELIABLE)
    network.run(0.3)
    assert not guest.session.is_idle
    network.rebind(guest)

    assert network.run_until(all_idle(members), within=LONG)

    assert received(host, guest) == [data]


def test_message_survives_a_network_that_is_away_for_a_while() -> None:
    network = Network(seed=4)
    members = room_of(network, 2, PERFECT)
    host, guest = members
    guest.conditions = Conditions(loss=1.0)
    post(network, host, b"are you there?", guest.session.peer_id, Mode.RELIABLE)
    network.run(12.0)
    assert received(guest, host) == []
    guest.conditions = PERFECT

    assert network.run_until(all_idle(members), within=10.0)

    assert received(guest, host) == [b"are you there?"]


@pytest.mark.parametrize("is_lost", [False, True], ids=["leaves", "vanishes"])
def test_peer_that_goes_in_the_middle_frees_its_state(*, is_lost: bool) -> None:
    network = Network(seed=5)
    members = room_of(network, 3, BAD)
    host, gone, stays = members
    for member, to in ((host, gone), (gone, host), (stays, gone), (gone, stays)):
        post(network, member, content(9, 300_000), to.session.peer_id, Mode.RELIABLE)
    network.run(0.1)
    assert not host.session.is_idle
    if is_lost:
        gone.conditions = Conditions(loss=1.0)
    else:
        gone.leave()
    peer = gone.session.peer_id

    assert network.run_until(lambda: peer not in host.session.roster, within=120.0)
    assert network.run_until(all_idle([host, stays]), within=LONG)

    for member in (host, stays):
        assert peer not in mail_of(member)._delivery._peers
        assert mail_of(member)._delivery._budget.used == 0
        assert member.session.peer_statistics(peer).queued_bytes == 0


def test_late_datagrams_of_a_peer_that_left_bring_back_no_state() -> None:
    network = Network(seed=6)
    host, guest = room_of(network, 2, Conditions(latency=0.05, reorder=0.5, duplicate=0.3))
    for number in range(50):
        post(network, guest, content(number, 3000), 1, Mode.RELIABLE)
    guest.leave()
    network.run(5.0)

    assert mail_of(host)._delivery._peers == {}
    assert mail_of(host)._delivery._fanout_receivers == {}
    with pytest.raises(LocalProtocolError):
        host.try_post(b"too late", guest.session.peer_id, Mode.RELIABLE)


def test_guests_of_a_star_reach_the_host_and_it_reaches_them() -> None:
    network = Network(seed=7)
    members = room_of(network, 4, BAD, Topology.STAR)
    host, *guests = members
    post(network, host, content(1, 5000), 0, Mode.RELIABLE)
    for guest in guests:
        post(network, guest, content(guest.session.peer_id, 5000), HOST, Mode.RELIABLE)
        with pytest.raises(LocalProtocolError):
            guest.try_post(b"x", 2 if guest is not guests[0] else 3, Mode.RELIABLE)

    assert network.run_until(all_idle(members), within=LONG)

    for guest in guests:
        assert received(guest, host) == [content(1, 5000)]
        assert received(host, guest) == [content(guest.session.peer_id, 5000)]


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE, Mode.UNRELIABLE_ORDERED])
def test_large_unreliable_messages_to_all_arrive_whole_on_a_good_network(mode: Mode) -> None:
    network = Network(seed=8)
    host, *guests = room_of(network, 4, Conditions(latency=0.02, reorder=0.0, duplicate=0.2))
    messages = [content(number, 20_000) for number in range(20)]
    for data in messages:
        post(network, host, data, 0, mode)
        network.run(1 / 30)
    network.run(1.0)

    for guest in guests:
        assert received(guest, host, mode) == messages


def test_large_ordered_messages_to_all_never_go_back_nor_mix_on_a_bad_network() -> None:
    network = Network(seed=9)
    host, *guests = room_of(network, 4, replace(BAD, loss=0.02))
    messages = [content(number, 20_000) for number in range(100)]
    for data in messages:
        post(network, host, data, 0, Mode.UNRELIABLE_ORDERED)
        network.run(1 / 30)
    network.run(1.0)

    for guest in guests:
        numbers = [messages.index(data) for data in received(guest, host, Mode.UNRELIABLE_ORDERED)]
        assert len(numbers) > 20
        assert numbers == sorted(set(numbers))


def test_kicked_peer_takes_its_messages_with_it() -> None:
    network = Network(seed=10)
    members = room_of(network, 3, BAD)
    host, kicked, _ = members
    post(network, host, content(1, 100_000), kicked.session.peer_id, Mode.RELIABLE)
    host.kick(kicked)
    network.run(5.0)

    assert host.session.is_idle
    assert kicked.closed is not None
    error = kicked.closed.error
    assert isinstance(error, SessionClosedByError)
    assert error.code is ErrorCode.KICKED
    assert kicked.session.peer_id not in mail_of(host)._delivery._peers
