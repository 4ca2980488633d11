"""SEAL datagrams and the replay window; the vectors hold the bytes and the forgeries."""

from dataclasses import replace

import pytest

from packhorse.wire.constants import DropReason
from packhorse.wire.errors import LocalProtocolError, ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Closed, Events, Ping, Roster
from packhorse.wire.seal import ReplayWindow, SharedSeal, decode_seal, derive_keys, encode_seal

KEYS = derive_keys(bytes(range(32)))
LARGEST = 2**32 - 1


def seen_window(*numbers: int) -> ReplayWindow:
    """Return a window that saw these."""
    window = ReplayWindow()
    for number in numbers:
        window.mark(number)
    return window


def test_keys_of_the_directions_differ() -> None:
    assert KEYS.member_to_relay != KEYS.relay_to_member
    assert len(KEYS.member_to_relay) == len(KEYS.relay_to_member) == 32


def test_message_survives_the_way() -> None:
    datagram = encode_seal(Ping(seq=5), 7, 9, KEYS.member_to_relay)

    assert decode_seal(datagram, KEYS.member_to_relay, Sender.MEMBER) == Ping(seq=5)


@pytest.mark.parametrize("seq", [1, 127, 128, 65_536, LARGEST])
@pytest.mark.parametrize(
    "message",
    [
        Events(seq=9, events=((1, 1, 1, 0), (2, 3, 70_000, 403))),
        Roster(seq=1, rev=7, page=0, pages=1, peers=((1, 0), (2, 1))),
        Closed(seq=300, code=402),
    ],
)
def test_message_for_several_is_the_same_as_one_for_each(
    message: Events | Roster | Closed, seq: int
) -> None:
    key = KEYS.relay_to_member
    one = encode_seal(replace(message, seq=seq), 7, 9, key)

    assert SharedSeal.of(message).encode(seq, 7, 9, key) == one


def test_padded_ping_pays_for_a_path_challenge() -> None:
    """A PATH_CHALLENGE has 42 bytes at most."""
    assert len(encode_seal(Ping(seq=1, pad=bytes(16)), 7, 9, KEYS.member_to_relay)) >= 42


def test_message_that_does_not_fit_is_not_sealed() -> None:
    with pytest.raises(LocalProtocolError):
        encode_seal(Ping(seq=0), 7, 9, KEYS.member_to_relay)


def test_mac_is_checked_before_the_body() -> None:
    """SEAL-1."""
    datagram = bytes.fromhex("a6 00 00000000 c1") + bytes(16)

    with pytest.raises(ParseError) as caught:
        decode_seal(datagram, KEYS.member_to_relay, Sender.MEMBER)

    assert (caught.value.reason, caught.value.offset) == (DropReason.BAD_MAC, 7)


def test_datagram_without_a_body_is_too_short() -> None:
    with pytest.raises(ParseError) as caught:
        decode_seal(bytes(22), KEYS.member_to_relay, Sender.MEMBER)

    assert (caught.value.reason, caught.value.offset) == (DropReason.TOO_SHORT, 22)


def test_message_reflected_to_its_sender_is_refused() -> None:
    datagram = encode_seal(Closed(seq=1, code=0), 7, 9, KEYS.relay_to_member)

    with pytest.raises(ParseError) as caught:
        decode_seal(datagram, KEYS.member_to_relay, Sender.MEMBER)

    assert caught.value.reason is DropReason.BAD_MAC


def test_new_window_accepts_every_number() -> None:
    window = ReplayWindow()

    assert window.accepts(1)
    assert window.accepts(LARGEST)


def test_asking_does_not_mark() -> None:
    window = ReplayWindow()

    window.accepts(5)

    assert window.accepts(5)


def test_marked_number_is_refused() -> None:
    assert not seen_window(5).accepts(5)


def test_late_number_is_accepted_once() -> None:
    window = seen_window(5)

    accepted_before = window.accepts(3)
    window.mark(3)

    assert accepted_before
    assert not window.accepts(3)
    assert window.accepts(4)


def test_window_is_64_numbers_wide() -> None:
    window = seen_window(100)

    assert window.accepts(100 - 63)
    assert not window.accepts(100 - 64)


def test_number_of_more_than_a_window_ahead_forgets_all_others() -> None:
    window = seen_window(1, 2, 3, 1000)

    assert all(window.accepts(number) for number in range(1000 - 63, 1000))
    assert not window.accepts(1000)


def test_numbers_seen_move_with_the_window() -> None:
    window = seen_window(10, 12, 60)

    refused = [number for number in range(1, 61) if not window.accepts(number)]

    assert refused == [10, 12, 60]


def test_window_ends_with_the_largest_number() -> None:
    window = seen_window(LARGEST)

    assert not window.accepts(LARGEST)
    assert not window.accepts(1)
    assert window.accepts(LARGEST - 1)


def test_window_does_not_grow_with_its_age() -> None:
    window = seen_window(*range(1, 1000))

    assert window._seen == 2**64 - 1
