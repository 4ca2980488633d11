"""Tests of the relay as a whole: what becomes of a datagram by its first bytes."""

import pytest

from packhorse.wire.constants import (
    HEADER_SIZE,
    MAX_DATAGRAM,
    DropReason,
    ErrorCode,
    FirstByte,
    Topology,
)
from packhorse.wire.ctrl import encode_ctrl
from packhorse.wire.legacy import encode_legacy
from packhorse.wire.messages import Challenge, Error, Hello, Nudge
from packhorse_relay.core.relay_legacy import LegacyRoom
from tests.support.applicant import TRANSACTION, Applicant, nonce
from tests.support.deliveries import deliveries
from tests.support.relay_harness import START, Rig, address

STRANGER = address(70)
CTRL = b"\xa5\x00\x00\x00\x00\x01"


def drop(data: bytes) -> DropReason | None:
    """Return what becomes of a stranger's datagram; it must not be answered."""
    outcome = Rig().send(data, STRANGER)
    assert outcome.sent == []
    return outcome.drop


@pytest.mark.parametrize("first", [0x00, 0xA4, 0xA5, 0xA6, 0xA7, 0xFF])
@pytest.mark.parametrize("size", range(6))
def test_datagram_without_a_whole_header_is_too_short(first: int, size: int) -> None:
    assert drop(bytes([first] * size)) is DropReason.TOO_SHORT


@pytest.mark.parametrize("first", [0x00, 0xA4, 0xA5, 0xA6, 0xA7, 0xFF])
@pytest.mark.parametrize("size", [1407, 2048, 8192, 65_507])
def test_datagram_over_1406_bytes_is_too_large(first: int, size: int) -> None:
    assert drop(bytes([first]) + bytes(size - 1)) is DropReason.TOO_LARGE


@pytest.mark.parametrize("first", range(256))
def test_first_byte_alone_decides_what_a_datagram_is(first: int) -> None:
    """HDR-1: the bytes after it are the same for all."""
    expected = {
        0x00: DropReason.LEGACY_DISABLED,
        0xA4: DropReason.UNKNOWN_SOURCE,
        0xA5: DropReason.NONZERO_TAG,
        0xA6: DropReason.UNKNOWN_SESSION,
        0xA7: DropReason.UNKNOWN_SOURCE,
    }
    foreign = DropReason.UNSUPPORTED_VERSION if 0xA0 <= first <= 0xAF else DropReason.UNKNOWN_PREFIX

    outcome = Rig().send(bytes([first, 0xAA]) + bytes(40), STRANGER)

    assert outcome.drop is expected.get(first, foreign)


@pytest.mark.parametrize("first_byte", [FirstByte.DATA, FirstByte.FRAME])
def test_data_without_a_payload_is_never_forwarded(first_byte: FirstByte) -> None:
    """HDR-5."""
    host, _ = Rig().room(2)

    assert host.send(host.data(0, b"", first_byte)) == (DropReason.EMPTY_PAYLOAD, [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", DropReason.NOT_A_MESSAGE),
        (b"\x01", DropReason.NOT_A_MESSAGE),
        (b"\x91" * 5 + b"\x90", DropReason.NOT_A_MESSAGE),
        (b"\x81\x00\x7f", DropReason.UNKNOWN_TYPE),
        (b"\x82\x00\x10\x01\x01", DropReason.WRONG_CARRIER),
        (b"\x81\x00\x07", DropReason.WRONG_DIRECTION),
        (b"\x81\x00\x01", DropReason.NOT_ENOUGH_PADDING),
        (b"\x81\x00\x03", DropReason.BAD_FIELD),
    ],
)
def test_ctrl_that_begins_wrongly_is_dropped_by_its_reason(body: bytes, reason: DropReason) -> None:
    """MSG-1, MSG-2: before the rest is decoded, and never answered."""
    assert drop(CTRL + body) is reason


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"", DropReason.TRUNCATED),
        (b"\x00\x00", DropReason.TRAILING_BYTES),
        (b"\xca\x00\x00\x00\x00", DropReason.FORBIDDEN_TYPE),
        (b"\xcc\x01", DropReason.NOT_SHORTEST),
        (b"\xcf" + b"\xff" * 8, DropReason.OUT_OF_RANGE),
        (b"\xda\x01\x01" + b"x" * 257, DropReason.TOO_LONG),
        (b"\xa1\xff", DropReason.BAD_UTF8),
        (b"\x81\xa1x\x01", DropReason.BAD_KEY),
        (b"\x82\x00\x01\x00\x01", DropReason.KEY_ORDER),
        (b"\x91" * 5 + b"\x90", DropReason.TOO_DEEP),
        (b"\xdc\x00\x41" + bytes(65), DropReason.TOO_MANY_ITEMS),
        (b"\xdc\x00\x40" + bytes(64), DropReason.TOO_MANY_NODES),
        (b"\x00", DropReason.MISSING_FIELD),
    ],
)
def test_hello_that_cannot_be_read_is_dropped_by_its_reason(
    rest: bytes, reason: DropReason
) -> None:
    """MSG-1: key 10 pays with 256 bytes, what is wrong follows under key 112."""
    start = b"\x83\x00\x01\x0a\xc5\x01\x00" + bytes(256) + b"\x70"
    assert drop(CTRL + start + rest) is reason


@pytest.mark.parametrize(
    "message",
    [
        Challenge(version=1, features=0, cookie=bytes(20)),
        Error(code=ErrorCode.SESSION_UNKNOWN),
        Nudge(),
    ],
)
def test_messages_that_only_relays_send_are_not_answered(
    message: Challenge | Error | Nudge,
) -> None:
    """MSG-4: two relays never keep each other busy."""
    assert drop(encode_ctrl(message, TRANSACTION)) is DropReason.WRONG_DIRECTION


def test_unknown_keys_are_skipped() -> None:
    """MSG-2: GREASE, and fields of later revisions."""
    hello = Hello(version_min=1, version_max=1, features=0, nonce=nonce(1), pad=bytes(256))
    data = encode_ctrl(hello, TRANSACTION, {111: 1, 112: None, 127: "later"})

    assert isinstance(Rig().send(data, STRANGER).answer, Challenge)


@pytest.mark.parametrize("payload_size", [1, 594, 1194, MAX_DATAGRAM - HEADER_SIZE])
@pytest.mark.parametrize("first_byte", [FirstByte.DATA, FirstByte.FRAME])
def test_payload_arrives_unchanged_and_in_one_piece(
    payload_size: int, first_byte: FirstByte
) -> None:
    """HDR-5."""
    rig = Rig()
    host, client = rig.room(2)
    payload = bytes(number % 251 for number in range(payload_size))
    (sent,) = host.send(host.data(2, payload, first_byte)).sent

    assert sent.address == client.address
    assert sent.data == bytes([first_byte, client.grant.tag, 0, 0, 0, 1]) + payload


def test_fanout_reaches_everybody_else_with_their_own_tags() -> None:
    """HDR-2, HDR-3, HDR-4."""
    rig = Rig()
    host, client, other = rig.room(3)
    copies = deliveries(client.send(client.data(0, b"all")).sent)

    assert copies == [
        (member.grant.tag, client.peer, True, b"all", member.address) for member in (host, other)
    ]


def test_client_of_a_star_room_is_not_allowed_to_reach_others() -> None:
    """ROOM-4."""
    rig = Rig()
    host, client, _ = rig.room(3, topology=Topology.STAR)

    drops = [client.send(client.data(destination)).drop for destination in (0, 3, -1)]
    assert drops == [DropReason.NOT_ALLOWED] * 3
    assert [to for _, to in client.send(client.data(1)).sent] == [host.address]


def test_data_to_nobody_is_dropped_and_not_answered() -> None:
    host, _ = Rig().room(2)

    assert host.send(host.data(9)) == (DropReason.UNKNOWN_DESTINATION, [])


@pytest.mark.parametrize(("size", "answers"), [(7, 0), (8, 0), (9, 1), (1406, 1)])
@pytest.mark.parametrize("first", [0xA4, 0xA7])
def test_data_from_nowhere_is_answered_with_a_nudge_where_it_pays_for_it(
    first: int, size: int, answers: int
) -> None:
    """JOIN-2: NUDGE has 9 bytes."""
    outcome = Rig().send(bytes([first]) + bytes(size - 1), STRANGER)

    assert outcome.drop is DropReason.UNKNOWN_SOURCE
    assert outcome.to(STRANGER) == [bytes.fromhex("a500000000008100 07")] * answers


def test_nudges_end_with_the_reply_budget_and_the_reason_stays() -> None:
    """JOIN-2: 10 a second and source."""
    rig = Rig()
    outcomes = [rig.send(b"\xa4" + bytes(20), STRANGER) for _ in range(12)]

    assert {outcome.drop for outcome in outcomes} == {DropReason.UNKNOWN_SOURCE}
    assert sum(len(outcome.sent) for outcome in outcomes) == 10


def test_each_dropped_datagram_counts_once() -> None:
    rig = Rig()
    for data in (b"", b"?" * 20, b"\xa4" + bytes(20), b""):
        rig.send(data, STRANGER)

    assert dict(rig.core.drops) == {
        DropReason.TOO_SHORT: 2,
        DropReason.UNKNOWN_PREFIX: 1,
        DropReason.UNKNOWN_SOURCE: 1,
    }


@pytest.mark.parametrize("data", [encode_legacy(1), encode_legacy(2, b"x"), b"\x00\xbb" + bytes(9)])
def test_legacy_is_not_spoken_unless_asked_for(data: bytes) -> None:
    """LEG-1."""
    assert drop(data) is DropReason.LEGACY_DISABLED


def test_relay_with_legacy_speaks_both() -> None:
    """LEG-1: and keeps them apart."""
    rig = Rig(legacy=LegacyRoom())
    legacy = rig.send(encode_legacy(1), STRANGER)
    rig.create(address(1))

    assert legacy == (None, [(encode_legacy(1), STRANGER)])
    assert (rig.core.room_count, rig.core.session_count) == (1, 1)


def test_legacy_drop_counts_like_any_other() -> None:
    rig = Rig(legacy=LegacyRoom())

    assert rig.send(encode_legacy(2), STRANGER) == (DropReason.LEGACY_NO_HOST, [])
    assert rig.send(b"\x00\xbb" + bytes(9), STRANGER) == (DropReason.UNKNOWN_PREFIX, [])


def test_timeouts_of_both_protocols_are_kept() -> None:
    rig = Rig(legacy=LegacyRoom())
    idle = rig.core.next_timeout()
    rig.create(address(1))
    member = rig.core.next_timeout()
    rig.send(encode_legacy(1), STRANGER)
    both = rig.core.next_timeout()
    sent = rig.advance(1)

    assert (idle, member, both) == (None, START + 15, START + 1)
    assert sent == [(encode_legacy(1), STRANGER)]


def test_what_legacy_has_to_send_goes_out_although_its_room_has_emptied() -> None:
    rig = Rig(legacy=LegacyRoom())
    rig.core.receive_datagram(encode_legacy(1), STRANGER, now=rig.now)
    rig.core.handle_timeout(now=rig.now + 120)

    assert rig.drain() == [(encode_legacy(1), STRANGER)]


def test_nothing_is_left_when_everybody_has_gone() -> None:
    rig = Rig(legacy=LegacyRoom())
    rig.room(3)
    rig.send(encode_legacy(1), STRANGER)
    rig.advance(300)

    assert rig.core.next_timeout() is None
    assert len(rig.core.table) == 0
    assert (rig.core.room_count, rig.core.session_count) == (0, 0)


def test_relay_reads_no_applicant_without_a_session() -> None:
    """SEAL-1: a SEAL datagram under a guessed session id changes nothing."""
    rig = Rig()
    applicant = Applicant(address=STRANGER)
    rig.cookie(applicant)

    assert rig.send(b"\xa6" + bytes(60), STRANGER).drop is DropReason.UNKNOWN_SESSION
    assert rig.core.session_count == 0
