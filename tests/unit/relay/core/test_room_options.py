"""Tests of SET_ROOM at the relay."""

import pytest

from packhorse.wire.constants import ErrorCode, Topology
from packhorse.wire.messages import Ack, Error, Grant
from packhorse_relay.core.settings import Settings
from tests.support.applicant import Applicant, nonce
from tests.support.deliveries import deliveries
from tests.support.relay_harness import RawMember, Rig, address

KEY = bytes(range(32))


def acked(member: RawMember, data: bytes) -> int:
    """Send a request and return the code that it was answered with."""
    (ack,) = member.heard(member.send(data).sent)
    assert isinstance(ack, Ack)
    return ack.code


def answer(rig: Rig, code: str, number: int = 50, key: bytes | None = None) -> Grant | int:
    outcome = rig.ask_to_join(Applicant(address=address(number), nonce=nonce(number)), code, key)
    found = outcome.answer
    if isinstance(found, Error):
        return found.code
    assert isinstance(found, Grant)
    return found


def test_locked_room_admits_nobody_until_it_is_unlocked() -> None:
    """ADM-5."""
    rig = Rig()
    host = rig.create(address(1))
    assert acked(host, host.set_room(locked=True)) == 0
    assert answer(rig, host.code) == ErrorCode.JOIN_DENIED
    assert acked(host, host.set_room(locked=False)) == 0
    assert isinstance(answer(rig, host.code), Grant)


def test_room_can_be_created_locked() -> None:
    rig = Rig()
    applicant = Applicant(address=address(1))
    outcome = rig.send(applicant.create(rig.cookie(applicant), locked=True), address(1))
    host = RawMember.granted(rig, outcome, address(1))

    assert answer(rig, host.code) == ErrorCode.JOIN_DENIED


def test_password_is_asked_for_changed_and_removed() -> None:
    """ADM-5, ADM-7."""
    rig = Rig()
    host = rig.create(address(1))
    assert acked(host, host.set_room(password_key=KEY)) == 0
    assert answer(rig, host.code, 50) == ErrorCode.JOIN_DENIED
    assert isinstance(answer(rig, host.code, 51, KEY), Grant)
    assert acked(host, host.set_room(password_key=bytes(32))) == 0
    assert answer(rig, host.code, 52, KEY) == ErrorCode.JOIN_DENIED
    assert acked(host, host.set_room(password_key=b"")) == 0
    assert isinstance(answer(rig, host.code, 53), Grant)


def test_full_room_says_so_only_to_who_knows_the_password() -> None:
    """ADM-6."""
    rig = Rig()
    host = rig.create(address(1))
    host.send(host.set_room(password_key=KEY, max_peers=2))
    assert isinstance(answer(rig, host.code, 50, KEY), Grant)

    assert answer(rig, host.code, 51, KEY) == ErrorCode.ROOM_FULL
    assert answer(rig, host.code, 52, bytes(32)) == ErrorCode.JOIN_DENIED
    assert answer(rig, host.code, 53) == ErrorCode.JOIN_DENIED


def test_room_grows_as_far_as_the_relay_allows_and_shrinks_without_removing_anybody() -> None:
    rig = Rig(Settings(max_peers=5))
    host = rig.create(address(1), max_peers=2)
    rig.join(host.code, address(2))
    assert answer(rig, host.code, 50) == ErrorCode.ROOM_FULL
    assert acked(host, host.set_room(max_peers=1024)) == 0
    grant = answer(rig, host.code, 51)
    assert isinstance(grant, Grant)
    assert grant.max_peers == 5
    assert acked(host, host.set_room(max_peers=2)) == 0
    assert answer(rig, host.code, 52) == ErrorCode.ROOM_FULL
    assert rig.core.session_count == 3


def test_topology_changes_only_while_the_host_is_alone() -> None:
    """ADM-7, ROOM-4."""
    rig = Rig()
    host = rig.create(address(1))
    assert acked(host, host.set_room(topology=Topology.STAR)) == 0
    clients = [rig.join(host.code, address(n)) for n in (2, 3)]
    assert clients[0].grant.topology == Topology.STAR
    assert deliveries(clients[0].send(clients[0].data(3)).sent) == []
    assert acked(host, host.set_room(topology=Topology.STAR)) == 0


def test_change_that_is_refused_in_part_changes_nothing() -> None:
    """ADM-7: all of it or nothing."""
    rig = Rig()
    host, client = rig.room(2)
    change = host.set_room(topology=Topology.STAR, locked=True, max_peers=2, password_key=KEY)
    assert acked(host, change) == ErrorCode.UNEXPECTED

    assert isinstance(answer(rig, host.code), Grant)
    assert deliveries(client.send(client.data(0)).sent)


def test_repeated_change_is_answered_alike_and_not_done_twice() -> None:
    """SEAL-2."""
    rig = Rig()
    host = rig.create(address(1))
    locking = host.set_room(locked=True)
    first = host.send(locking).sent
    host.send(host.set_room(locked=False))

    assert host.send(locking).sent == first
    assert isinstance(answer(rig, host.code), Grant)


@pytest.mark.parametrize("change", [{"locked": True}, {"max_peers": 3}, {"password_key": KEY}])
def test_client_cannot_change_the_room(change: dict[str, object]) -> None:
    """ADM-7."""
    rig = Rig()
    host, client = rig.room(2)

    assert acked(client, client.set_room(**change)) == ErrorCode.NOT_ALLOWED
    assert isinstance(answer(rig, host.code), Grant)
