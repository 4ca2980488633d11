"""Tests of SIGNAL at the relay."""

import pytest

from packhorse.wire.address import encode_address
from packhorse.wire.constants import SEAL_RATE, SIGNAL_RATE, DropReason, Topology
from packhorse.wire.messages import Signal, Signaled
from tests.support.relay_harness import RawMember, Rig, address


def signal(member: RawMember, peer: int) -> bytes:
    """Return the next SEAL datagram of a member: SIGNAL."""
    return member.seal(Signal(seq=member._take_seq(), peer=peer, data=b"anything"))


def signaled(member: RawMember, data: bytes, sender: RawMember) -> list[Signaled]:
    """Send a datagram and return the signals that a member gets by it."""
    heard = member.heard(sender.send(data).sent)
    return [message for message in heard if isinstance(message, Signaled)]


def test_signal_reaches_the_peer_it_names_and_nobody_else() -> None:
    """DIR-1."""
    rig = Rig()
    host = rig.create(address(1))
    second, third = (rig.join(host.code, address(n)) for n in (2, 3))
    outcome = second.send(signal(second, 3))
    (heard,) = third.heard(outcome.sent)
    assert isinstance(heard, Signaled)
    assert (heard.peer, heard.data) == (2, b"anything")
    assert [to for _, to in outcome.sent] == [third.address]


def test_signal_does_not_leave_the_room() -> None:
    """DIR-1."""
    rig = Rig()
    host = rig.create(address(1))
    other = rig.create(address(2), number=1)
    stranger = rig.join(other.code, address(3), number=1)
    outcome = host.send(signal(host, 2))
    assert (outcome.sent, outcome.drop) == ([], DropReason.UNKNOWN_DESTINATION)
    assert signaled(stranger, signal(other, 2), other)


@pytest.mark.parametrize("peer", [1, 7])
def test_signal_to_oneself_or_to_nobody_is_dropped(peer: int) -> None:
    rig = Rig()
    host = rig.create(address(1))
    assert host.send(signal(host, peer)).drop is DropReason.UNKNOWN_DESTINATION


def test_star_room_carries_signals_from_and_to_the_host_only() -> None:
    """DIR-1."""
    rig = Rig()
    host = rig.create(address(1), topology=Topology.STAR)
    second, third = (rig.join(host.code, address(n)) for n in (2, 3))
    assert signaled(host, signal(second, 1), second)
    assert signaled(third, signal(host, 3), host)
    assert second.send(signal(second, 3)).drop is DropReason.NOT_ALLOWED


def test_signals_are_limited_apart_from_the_rest_of_seal() -> None:
    """DIR-1."""
    rig = Rig()
    host = rig.create(address(1))
    second = rig.join(host.code, address(2))
    drops = [host.send(signal(host, 2)).drop for _ in range(4 * SIGNAL_RATE + 1)]
    assert drops == [None] * 4 * SIGNAL_RATE + [DropReason.RATE_LIMITED]
    assert [host.send(host.ping()).drop for _ in range(SEAL_RATE)] == [None] * SEAL_RATE
    rig.now += 1
    assert len(signaled(second, signal(host, 2), host)) == 1


def test_signal_in_an_unproven_address_is_dropped() -> None:
    rig = Rig()
    host = rig.create(address(1))
    rig.join(host.code, address(2))
    assert host.send(signal(host, 2), address(99)).drop is DropReason.PATH_UNPROVEN


@pytest.mark.parametrize("show", [True, None])
def test_receiver_is_told_where_the_sender_is_only_when_that_asks_for_it(
    show: bool | None,  # noqa: FBT001 - a parameter of the test
) -> None:
    """DIR-10."""
    rig = Rig()
    host = rig.create(address(1))
    second = rig.join(host.code, address(2))
    shown = Signal(seq=second._take_seq(), peer=1, data=b"here", show=show)
    (heard,) = signaled(host, second.seal(shown), second)
    assert heard.mapped == (encode_address(second.address) if show else None)


def test_attack_address_of_a_proxy_is_not_shown_as_the_members() -> None:
    """DIR-10: what comes by WebSocket comes from whoever holds the connection."""
    rig = Rig(stream_listener=3)
    host = rig.create(address(1))
    second = rig.join(host.code, address(2)._replace(listener=3))
    shown = Signal(seq=second._take_seq(), peer=1, data=b"here", show=True)
    (heard,) = signaled(host, second.seal(shown), second)
    assert heard.mapped is None
