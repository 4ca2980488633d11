"""Tests of what a host asks, and says again."""

from collections.abc import Callable
from random import Random

from packhorse.core.events import PeerId
from packhorse.core.host_requests import HostRequests
from packhorse.core.requests import Requests
from packhorse.core.room_change import RoomChange
from packhorse.core.seal_channel import SealChannel
from packhorse.wire.messages import Admit, Kick, MemberSeal, SetRoom
from packhorse.wire.proofs import mask_password_key
from tests.support.scripted_relay import GRANT, SealedSide

OLD, NEW = bytes(range(32)), bytes(range(100, 132))


class Program:
    """A host's program that has just been started, and what it sends."""

    def __init__(self, random_bytes: Callable[[int], bytes] = bytes) -> None:
        self.requests = Requests()
        channel = SealChannel(GRANT)
        self.host = HostRequests(channel, self.requests, GRANT.key, random_bytes, is_locked=True)

    def sent(self) -> list[MemberSeal]:
        relay = SealedSide()
        return [relay.open(data) for data in self.requests.datagrams_to_send(now=0.0)]

    def password(self, key: bytes) -> SetRoom:
        """Set a password and return what is sent."""
        self.host.set_room(RoomChange(password_key=key), now=0.0)
        (message,) = self.sent()
        assert isinstance(message, SetRoom)
        return message


def test_requests_are_numbered_and_sent() -> None:
    program = Program()
    host = program.host

    assert host.kick(PeerId(3), ban=True, now=0.0) == 1
    assert host.decide(7, admit=True, now=0.0) == 2
    assert host.set_room(RoomChange(locked=False), now=0.0) == 3
    assert program.sent() == [
        Kick(seq=1, peer=3, ban=True),
        Admit(seq=2, request=7, admit=True),
        SetRoom(seq=3, locked=False),
    ]


def test_attack_password_of_before_a_crash_does_not_uncover_the_one_after_it() -> None:
    """ADM-12: whoever knows the old password has its mask, and counts the requests as we do."""
    random = Random(1)  # noqa: S311 - repeatable by design
    before, after = (Program(random.randbytes).password(key) for key in (OLD, NEW))
    assert (before.seq, before.password is None, after.seq, after.password is None) == (1, 0, 1, 0)

    mask = xor(before.password or b"", OLD)

    assert xor(after.password or b"", mask) != NEW
    assert mask_password_key(after.password or b"", GRANT.key, after.nonce or b"") == NEW


def test_nothing_is_drawn_where_no_password_is_set() -> None:
    program = Program(random_bytes=lambda count: [b""][count])  # fails when it is called

    program.host.set_room(RoomChange(password_key=b""), now=0.0)

    assert program.sent() == [SetRoom(seq=1, no_password=True)]


def test_relay_that_has_forgotten_is_told_once_and_under_another_nonce() -> None:
    program = Program(Random(2).randbytes)  # noqa: S311 - repeatable by design
    first = program.password(NEW)
    program.host.kick(PeerId(3), ban=False, now=0.0)
    assert not program.host.end(1, 0)
    assert not program.host.end(2, 0)
    program.sent()

    program.host.tell_again(now=0.0)
    assert program.sent() == []
    program.host.begin_epoch()
    program.host.tell_again(now=0.0)
    program.host.tell_again(now=0.0)

    kick, doors = program.sent()
    assert kick == Kick(seq=3, peer=3)
    assert isinstance(doors, SetRoom)
    assert (doors.locked, doors.nonce == first.nonce) == (True, False)
    assert program.host.end(3, 0)
    assert program.host.end(4, 0)


def test_requests_to_join_are_new_again_to_a_relay_that_counts_from_1_again() -> None:
    host = Program().host
    assert [host.is_new(1), host.is_new(1)] == [True, False]

    host.tell_again(now=0.0)
    assert not host.is_new(1)
    host.begin_epoch()
    host.tell_again(now=0.0)

    assert host.is_new(1)


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
