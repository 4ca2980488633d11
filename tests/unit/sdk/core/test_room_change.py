"""Tests of changes of a room as messages."""

from packhorse.core.room_change import RoomChange
from packhorse.wire.constants import Topology
from packhorse.wire.messages import SetRoom
from packhorse.wire.proofs import mask_password_key

SESSION_KEY = bytes(range(32))
KEY = bytes(range(32, 64))
NONCE = bytes(range(16))


def test_nothing_is_named_that_does_not_change() -> None:
    assert RoomChange().message(7, SESSION_KEY, NONCE) == SetRoom(seq=7)


def test_every_value_is_named() -> None:
    change = RoomChange(topology=Topology.STAR, max_peers=9, locked=False)

    expected = SetRoom(seq=7, topology=Topology.STAR, max_peers=9, locked=False)
    assert change.message(7, SESSION_KEY, NONCE) == expected


def test_key_of_the_password_is_never_sent_as_it_is() -> None:
    """ADM-4, ADM-12: masked, and differently with each nonce, whatever the number."""
    nonces = [NONCE, bytes(16)]
    messages = [RoomChange(password_key=KEY).message(1, SESSION_KEY, nonce) for nonce in nonces]
    sent = [message.password or b"" for message in messages]

    assert [message.nonce for message in messages] == nonces
    assert KEY not in sent
    assert sent[0] != sent[1]
    assert [mask_password_key(s, SESSION_KEY, n) for s, n in zip(sent, nonces, strict=True)] == [
        KEY
    ] * 2


def test_empty_key_removes_the_password() -> None:
    change = RoomChange(password_key=b"")

    assert change.message(1, SESSION_KEY, NONCE) == SetRoom(seq=1, no_password=True)


def test_later_change_wins_where_it_says_something() -> None:
    earlier = RoomChange(max_peers=9, locked=True, password_key=KEY)
    later = RoomChange(locked=False, password_key=b"")

    assert earlier.then(later) == RoomChange(max_peers=9, locked=False, password_key=b"")
    assert later.then(RoomChange()) == later
