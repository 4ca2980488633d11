"""Tests of a session from GRANT to its end, without the handshake around it."""

from dataclasses import replace

import pytest

from packhorse.core.events import (
    Closed,
    Joined,
    Message,
    PeerId,
    PeerJoined,
    PeerLeft,
    RequestEnded,
    SessionLost,
    SessionResumed,
)
from packhorse.core.stages import Stage
from packhorse.wire.constants import DropReason, ErrorCode, RoomEventKind
from packhorse.wire.errors import ParseError, TransactionTimeoutError
from packhorse.wire.messages import (
    Kick,
    Leave,
    PathChallenge,
    PathResponse,
    Ping,
    Sync,
)
from tests.support.membership_side import MembershipSide as Side
from tests.support.scripted_relay import GRANT, PRESENT_2, of_type

JOINED, LEFT = RoomEventKind.PEER_JOINED, RoomEventKind.PEER_LEFT
HOST = PeerId(1)


def joined(peer: int) -> PeerJoined:
    return PeerJoined(PeerId(peer))


def message(payload: bytes, source: int) -> Message:
    return Message(payload, PeerId(source))


def test_member_pings_at_once_with_a_pad_that_pays_for_a_challenge() -> None:
    side = Side(with_roster=False)

    assert side.said(0.0) == [Ping(seq=1, pad=bytes(16))]


def test_joined_is_told_when_the_roster_is_complete() -> None:
    side = Side(with_roster=False)

    side.receive(side.relay.roster())

    assert side.membership.is_complete
    assert side.events == [joined(1), Joined()]


def test_roster_that_does_not_come_is_asked_for_and_then_given_up() -> None:
    """ROOM-1: GRANT names a revision that the member does not have."""
    side = Side(with_roster=False)
    times = [step / 4 for step in range(23) if of_type(side.said(step / 4), Sync)]
    assert (times, side.membership.next_timeout()) == ([0.25, 0.5, 1.0, 2.0, 4.0], 5.75)

    side.said(5.75)

    assert side.membership.closed is not None
    error = side.membership.closed.error
    assert isinstance(error, TransactionTimeoutError)
    assert (error.stage, error.sends) == (Stage.READING_ROSTER.value, 5)
    assert side.membership.next_timeout() is None


def test_first_sync_asks_for_the_whole_roster() -> None:
    side = Side(with_roster=False)
    side.said(0.0)

    assert side.membership.next_timeout() == 0.25
    assert side.said(0.25) == [Sync(seq=2, since=0)]


def test_next_timeout_is_that_of_the_first_of_all_timers() -> None:
    side = Side()
    assert side.membership.next_timeout() == pytest.approx(1.0, abs=0.001)

    side.membership.kick(PeerId(3), ban=False, now=0.5)

    assert side.membership.next_timeout() == 0.5


def test_pong_measures_and_tells_the_mapped_address() -> None:
    side = Side()
    assert str(side.membership.mapped) == "198.51.100.7:40000"

    side.receive(side.pong(1, mapped=bytes([198, 51, 100, 7, 0, 9])), now=0.08)

    assert side.membership.pings.rtt.latest == pytest.approx(0.08)
    assert str(side.membership.mapped) == "198.51.100.7:9"


def test_pong_with_a_newer_revision_makes_the_member_ask() -> None:
    """ROOM-1: behind the revision in PONG."""
    side = Side()

    side.receive(side.pong(1, rev=4), now=0.1)

    assert side.said(0.1) == [Sync(seq=2, since=2)]


def test_events_behind_a_gap_make_the_member_ask() -> None:
    """ROOM-1: behind the revision in EVENTS."""
    side = Side()

    side.receive(side.relay.events((4, JOINED, 4, 0)), now=0.1)

    assert side.events == []
    assert side.said(0.1) == [Sync(seq=2, since=2)]
    side.receive(side.relay.events((3, JOINED, 3, 0), (4, JOINED, 4, 0)), now=0.2)
    assert side.events == [joined(3), joined(4)]
    assert of_type(side.said(9.0), Sync) == []


def test_events_about_this_member_are_not_reported() -> None:
    side = Side()

    side.receive(side.relay.events((3, RoomEventKind.PEER_LOST, 2, 0)))

    assert side.events == []


def test_message_of_a_known_peer_is_handed_on() -> None:
    side = Side()

    side.receive_data(b"hi", 1)

    assert side.events == [message(b"hi", 1)]


def test_fan_out_bit_is_no_part_of_the_source() -> None:
    side = Side()

    side.receive_data(b"hi", 0x80000001)

    assert side.events == [message(b"hi", 1)]


def test_data_before_the_roster_is_held_back_until_its_sender_is_announced() -> None:
    """ROOM-2: first the peer, then its data."""
    side = Side(with_roster=False)
    side.receive_data(b"a", 1)
    side.receive_data(b"b", 1)
    assert side.events == []

    side.receive(side.relay.roster())

    assert side.events == [joined(1), message(b"a", 1), message(b"b", 1), Joined()]


def test_data_of_a_peer_to_come_is_held_back_and_asked_about() -> None:
    """ROOM-2, and SYNC goes out although no newer revision was heard of."""
    side = Side()

    side.receive_data(b"a", 3)

    assert side.events == []
    assert side.said(0.1) == [Sync(seq=2, since=2)]
    side.receive(side.relay.events((3, JOINED, 3, 0)), now=0.2)
    assert side.events == [joined(3), message(b"a", 3)]


def test_65th_datagram_before_its_sender_is_dropped() -> None:
    """LIM-1: what is held back is bounded."""
    side = Side()
    for number in range(64):
        side.receive_data(bytes([number]), 3 + number % 2)

    assert side.refused_data(b"x", 3) is DropReason.BUFFER_FULL

    side.receive(side.relay.events((3, JOINED, 3, 0), (4, JOINED, 4, 0)))
    assert len([event for event in side.events if isinstance(event, Message)]) == 64


def test_data_of_peers_that_came_and_left_unseen_makes_place_again() -> None:
    side = Side()
    for number in range(64):
        side.receive_data(bytes([number]), 3)

    side.receive(side.relay.roster(40, ((1, 0), (2, 0), (5, 0))))

    assert side.drops == {DropReason.UNKNOWN_PEER: 64}
    side.receive_data(b"x", 6)


@pytest.mark.parametrize("source", [0, 2, 3, 0x80000000])
def test_data_of_nobody_oneself_or_a_peer_that_left_is_dropped(source: int) -> None:
    side = Side()
    side.receive(side.relay.events((3, JOINED, 3, 0), (4, LEFT, 3, 0)))

    assert side.refused_data(b"x", source) is DropReason.UNKNOWN_PEER


def test_kick_is_repeated_with_the_same_bytes_until_it_is_acknowledged() -> None:
    """SEAL-2: the relay can tell a retransmission by its bytes."""
    side = Side()
    request = side.membership.kick(PeerId(3), ban=True, now=0.5)
    sent = []
    for now in (0.5, 0.75):
        side.membership.handle_timeout(now=now)
        sent += side.membership.datagrams_to_send()

    assert sent[0] == sent[1]
    side.receive(side.ack(request), now=0.8)
    assert side.events == [RequestEnded(request, 0)]
    assert of_type(side.said(9.0), Kick) == []


def test_kick_bans_only_when_asked_to() -> None:
    side = Side()

    side.membership.kick(PeerId(3), ban=False, now=0.5)
    side.membership.kick(PeerId(4), ban=True, now=0.5)

    kicks = of_type(side.said(0.5), Kick)
    assert kicks == [Kick(seq=2, peer=3), Kick(seq=3, peer=4, ban=True)]


def test_refused_kick_tells_the_code() -> None:
    side = Side()
    request = side.membership.kick(PeerId(3), ban=False, now=0.5)

    side.receive(side.ack(request, ErrorCode.NOT_ALLOWED), now=0.6)

    assert side.events == [RequestEnded(request, ErrorCode.NOT_ALLOWED)]


def test_unanswered_kick_ends_without_a_code() -> None:
    side = Side()
    request = side.membership.kick(PeerId(3), ban=False, now=0.0)
    sends = [step / 4 for step in range(23) if of_type(side.said(step / 4), Kick)]
    assert sends == [0.0, 0.25, 0.75, 1.75, 3.75]

    side.said(5.75)

    assert side.events == [RequestEnded(request, None)]


def test_ack_of_nothing_is_dropped() -> None:
    side = Side()

    with pytest.raises(ParseError) as caught:
        side.receive(side.ack(77))

    assert caught.value.reason is DropReason.UNKNOWN_TRANSACTION


@pytest.mark.parametrize("answer", ["ack", "closed", "kicked", "denied", "silence"])
def test_leave_ends_without_an_error_whatever_the_answer(answer: str) -> None:
    side = Side()
    side.membership.leave(now=0.5)
    (leave,) = of_type(side.said(0.5), Leave)

    if answer == "ack":
        side.receive(side.ack(leave.seq), now=0.6)
    elif answer in {"closed", "kicked"}:
        side.receive(side.close(ErrorCode.KICKED if answer == "kicked" else 0), now=0.6)
    for now in (1.0, 2.0, 3.0) if answer == "denied" else ():
        side.said(now)
        side.membership.receive_denial(now=now)
    for now in (0.75, 1.25, 2.25, 4.25, 6.25) if answer == "silence" else ():
        side.said(now)

    assert side.membership.closed == Closed(None)


def test_leaving_member_delivers_no_more_data() -> None:
    side = Side()
    side.receive_data(b"held", 3)
    side.membership.leave(now=0.5)

    assert side.refused_data(b"x", 1) is DropReason.UNEXPECTED_MESSAGE

    side.receive(side.relay.events((3, JOINED, 3, 0)))
    assert side.events == [joined(3)]


@pytest.mark.parametrize("code", [ErrorCode.KICKED, ErrorCode.ROOM_CLOSED, ErrorCode.HOST_LOST])
def test_relay_ends_the_session_with_a_reason(code: ErrorCode) -> None:
    side = Side()

    side.receive(side.close(code))

    assert side.closed_code() == code
    assert (side.membership.next_timeout(), side.said(99.0)) == (None, [])


def test_first_end_counts() -> None:
    side = Side()

    side.receive(side.close(ErrorCode.KICKED), side.close(ErrorCode.HOST_LOST))

    assert side.closed_code() == ErrorCode.KICKED


def test_silent_relay_is_lost_resumed_and_at_last_given_up() -> None:
    side = Side()
    side.said(15.0)
    side.receive(side.pong(1), now=16.0)
    assert side.events == [SessionLost(), SessionResumed()]

    side.said(31.0)
    side.said(76.0)

    assert side.events[2:] == [SessionLost()]
    assert side.closed_code() == ErrorCode.LEASE_EXPIRED


def test_path_challenge_is_answered_at_once_and_spoils_the_rtt_sample() -> None:
    """PATH-1: the proof is the member's own."""
    side = Side()
    challenge = PathChallenge(seq=side.relay.take_seq(), challenge=b"8 bytes!")

    side.receive(side.relay.seal(challenge), side.pong(1))

    assert side.membership.pings.rtt.latest is None
    (datagram,) = side.membership.datagrams_to_send()
    assert side.relay.open(datagram) == PathResponse(seq=2, challenge=b"8 bytes!")


def test_advice_leads_to_a_ping_and_nothing_else() -> None:
    """PATH-3: NUDGE moves nothing and ends nothing."""
    side = Side(replace(GRANT, ping_interval_ms=60_000))

    side.membership.receive_advice(now=0.5)
    assert of_type(side.said(0.5), Ping) == [Ping(seq=2, pad=bytes(16))]
    side.membership.receive_advice(now=0.6)

    assert side.said(1.4) == []
    assert of_type(side.said(1.5), Ping) == [Ping(seq=3, pad=bytes(16))]
    assert side.events == []


def test_session_that_the_relay_denies_three_times_is_closed() -> None:
    side = Side()

    for now in (1.1, 2.2, 3.3):
        side.said(now)
        assert side.membership.closed is None
        side.membership.receive_denial(now=now)

    assert side.closed_code() == ErrorCode.SESSION_UNKNOWN


def test_denial_is_advice_to_ping() -> None:
    side = Side(replace(GRANT, ping_interval_ms=60_000))
    for now in (1.1, 2.2, 3.3, 4.4):
        side.said(now)

    side.membership.receive_denial(now=9.0)

    assert side.said(9.0) == [Ping(seq=6, pad=bytes(16))]


def test_denials_count_once_for_each_ping() -> None:
    side = Side()

    for _ in range(99):
        side.membership.receive_denial(now=0.5)

    assert side.membership.closed is None


def test_valid_answer_between_denials_starts_their_count_again() -> None:
    side = Side()

    for now in (1.1, 2.2, 3.3, 4.4):
        side.said(now)
        side.membership.receive_denial(now=now)
        if now == 2.2:
            side.receive(side.pong(1), now=now)

    assert side.membership.closed is None


def test_peer_that_leaves_is_reported_with_the_reason() -> None:
    side = Side()

    side.receive(side.relay.events((3, LEFT, 1, ErrorCode.LEASE_EXPIRED)))

    assert side.events == [PeerLeft(HOST, ErrorCode.LEASE_EXPIRED)]
    assert list(side.membership.roster.peers) == [2]


def test_roster_of_two_pages_is_complete_with_the_second() -> None:
    side = Side(with_roster=False)

    side.receive(side.relay.roster(9, ((70, 0),), page=1, pages=2))
    assert not side.membership.is_complete
    side.receive(side.relay.roster(9, PRESENT_2, page=0, pages=2))

    assert side.events == [joined(1), joined(70), Joined()]
