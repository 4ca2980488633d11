"""Tests of the whole session: what it drops, tells, sends, and when it ends."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from packhorse.core.events import (
    Closed,
    Joined,
    Message,
    PeerId,
    PeerJoined,
    RequestEnded,
    SessionLost,
    SessionResumed,
    StageChanged,
)
from packhorse.core.joining import JoinRoom
from packhorse.core.stages import Stage
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode, MemberState, PeerState, Topology
from packhorse.wire.ctrl import encode_ctrl
from packhorse.wire.errors import (
    JoinDeniedError,
    LocalProtocolError,
    SessionClosedByError,
    TransactionTimeoutError,
)
from packhorse.wire.messages import Ack, Challenge, Error, Kick, Leave, Nudge, Ping, Pong
from packhorse.wire.messages import Closed as ClosedMessage
from packhorse.wire.room_code import RoomCode
from tests.support.scripted_relay import COOKIE, GRANT, ScriptedRelay, of_type

NUDGE = encode_ctrl(Nudge(), 0)
DENIAL = encode_ctrl(Error(code=ErrorCode.SESSION_UNKNOWN), GRANT.session)
Case = tuple[Callable[[ScriptedRelay], bytes], DropReason]


def joined_session() -> ScriptedRelay:
    relay = ScriptedRelay()
    relay.join()
    return relay


def pong(relay: ScriptedRelay, ping: int = 1) -> bytes:
    seq = relay.sealed.take_seq()
    return relay.sealed.seal(Pong(seq=seq, ping=ping, rev=2, mapped=GRANT.mapped))


def ack(relay: ScriptedRelay, request: int) -> bytes:
    return relay.sealed.seal(Ack(seq=relay.sealed.take_seq(), request=request, code=0))


def closed_by(relay: ScriptedRelay, code: int) -> bytes:
    return relay.sealed.seal(ClosedMessage(seq=relay.sealed.take_seq(), code=code))


def wrong_tag(datagram: bytes) -> bytes:
    return datagram[:1] + bytes([datagram[1] ^ 1]) + datagram[2:]


DROPS_BEFORE_GRANT: list[Case] = [
    (lambda _: bytes(5), DropReason.TOO_SHORT),
    (lambda _: NUDGE[:6] + bytes(1401), DropReason.TOO_LARGE),
    (lambda _: b"\x00\xaa\x00\x00\x00\x01", DropReason.UNKNOWN_PREFIX),
    (lambda _: b"\xa8" + NUDGE[1:], DropReason.UNSUPPORTED_VERSION),
    (lambda _: b"\xa5\x01" + NUDGE[2:], DropReason.NONZERO_TAG),
    (lambda _: NUDGE[:-1], DropReason.TRUNCATED),
    (lambda _: NUDGE[:6] + b"\x90", DropReason.NOT_A_MESSAGE),
    (lambda _: NUDGE[:6] + b"\x81\x00\x7f", DropReason.UNKNOWN_TYPE),
    (lambda _: NUDGE[:6] + b"\x81\x00\x11", DropReason.WRONG_CARRIER),
    (lambda _: NUDGE[:6] + b"\x81\x00\x01", DropReason.WRONG_DIRECTION),
    (lambda _: NUDGE, DropReason.UNKNOWN_TRANSACTION),
    (lambda relay: relay.sealed.data(b"x", 1), DropReason.WRONG_TAG),
    (lambda relay: relay.sealed.roster(), DropReason.WRONG_TAG),
]
DROPS_AFTER_GRANT: list[Case] = [
    (lambda relay: relay.sealed.data(b"", 1), DropReason.EMPTY_PAYLOAD),
    (lambda relay: relay.sealed.data(b"x", 1, tag=0), DropReason.WRONG_TAG),
    (lambda relay: wrong_tag(pong(relay)), DropReason.WRONG_TAG),
    (lambda relay: b"\xa7" + wrong_tag(relay.sealed.data(b"x", 1))[1:], DropReason.WRONG_TAG),
    (lambda relay: b"\xa7" + relay.sealed.data(b"x", 1)[1:], DropReason.BAD_FRAME),
    (lambda relay: pong(relay)[:22], DropReason.TOO_SHORT),
    (lambda _: b"\xa6\x00" + bytes(20), DropReason.TOO_SHORT),
    (lambda relay: pong(relay)[:-1] + b"!", DropReason.BAD_MAC),
    (lambda relay: b"\xa6\x5c" + bytes(4) + pong(relay)[6:], DropReason.UNKNOWN_SESSION),
    (lambda relay: ack(relay, 77), DropReason.UNKNOWN_TRANSACTION),
    (lambda relay: encode_ctrl(GRANT, relay.transaction), DropReason.UNKNOWN_TRANSACTION),
    (lambda _: DENIAL[:5] + b"\xff" + DENIAL[6:], DropReason.UNKNOWN_TRANSACTION),
    (lambda relay: relay.sealed.data(b"x", 0), DropReason.UNKNOWN_PEER),
    (lambda relay: relay.sealed.data(b"x", 2), DropReason.UNKNOWN_PEER),
]


@pytest.mark.parametrize(("make", "reason"), DROPS_BEFORE_GRANT)
def test_datagram_is_dropped_before_grant(
    make: Callable[[ScriptedRelay], bytes], reason: DropReason
) -> None:
    """HDR-1: the first byte decides; MSG-2 and MSG-4: what is refused."""
    relay = ScriptedRelay()
    relay.sent()

    relay.give(make(relay))

    assert relay.session.drops == {reason: 1}
    assert relay.session.state is MemberState.GREETING


@pytest.mark.parametrize(("make", "reason"), DROPS_AFTER_GRANT)
def test_datagram_is_dropped_after_grant(
    make: Callable[[ScriptedRelay], bytes], reason: DropReason
) -> None:
    """HDR-4: a wrong tag is dropped in DATA, SEAL and FRAME alike."""
    relay = joined_session()

    relay.give(make(relay))

    assert relay.session.drops == {reason: 1}
    assert relay.events() == []
    assert relay.sent() == []


def test_replayed_datagram_is_dropped() -> None:
    relay = joined_session()
    datagram = pong(relay)

    relay.give(datagram, datagram)

    assert relay.session.drops == {DropReason.REPLAYED: 1}


def test_datagram_from_another_source_is_dropped() -> None:
    relay = joined_session()
    data = relay.sealed.data(b"x", 1)

    relay.session.receive_datagram(data, TransportAddress("192.0.2.1", 7000), now=relay.now)
    relay.session.receive_datagram(data, TransportAddress("192.0.2.2", 6969), now=relay.now)

    assert relay.session.drops == {DropReason.UNEXPECTED_SOURCE: 2}


def test_data_that_finds_no_place_is_dropped() -> None:
    relay = joined_session()

    relay.give(*[relay.sealed.data(b"x", 3)] * 65)

    assert relay.session.drops == {DropReason.BUFFER_FULL: 1}


def test_session_tells_each_stage_and_then_that_it_has_joined() -> None:
    relay = ScriptedRelay()
    relay.challenge()
    relay.sent()
    relay.answer(GRANT)
    stages = [relay.session.stage]
    relay.give(relay.sealed.roster())
    stages.append(relay.session.stage)

    assert stages == [Stage.READING_ROSTER, Stage.CONNECTED]
    events = relay.events()
    assert [event.stage for event in events if isinstance(event, StageChanged)] == [
        Stage.JOINING,
        *stages,
    ]
    assert [event for event in events if not isinstance(event, StageChanged)] == [
        PeerJoined(PeerId(1)),
        Joined(),
    ]


def test_session_knows_what_grant_said() -> None:
    relay = ScriptedRelay(grant=replace(GRANT, topology=1, max_datagram=576))
    relay.join()

    session = relay.session
    assert (session.peer_id, session.code, session.topology) == (2, "K7QM2XPA", Topology.STAR)
    assert (session.max_payload, str(session.mapped_address)) == (570, "198.51.100.7:40000")
    assert dict(session.roster) == {1: PeerState.PRESENT, 2: PeerState.PRESENT}
    assert session.rtt.latest is None


def test_session_knows_nothing_before_grant() -> None:
    session = ScriptedRelay().session

    with pytest.raises(LocalProtocolError, match="no session yet while greeting"):
        _ = session.peer_id


@pytest.mark.parametrize(
    ("to", "header"),
    [(1, "a45c00000001"), (0, "a45c00000000"), (-3, "a45cfffffffd"), (2**31 - 1, "a45c7fffffff")],
)
def test_data_carries_its_destination_as_int32(to: int, header: str) -> None:
    relay = joined_session()
    relay.give(relay.sealed.events((3, 1, 2**31 - 1, 0)))
    assert relay.session.next_event() == PeerJoined(PeerId(2**31 - 1))

    assert relay.session.encode_data(b"hi", to).hex() == header + "6869"


def test_data_to_a_peer_that_the_application_has_not_been_told_of_is_refused() -> None:
    """Source: SPEC.md ROOM-5."""
    relay = joined_session()
    relay.give(relay.sealed.events((3, 1, 9, 0)))

    with pytest.raises(LocalProtocolError, match="peer 9 has not been told of"):
        relay.session.encode_data(b"hi", 9)


@pytest.mark.parametrize("to", [2, 2**31, -(2**31), 2**32])
def test_data_to_oneself_or_beyond_int32_is_illegal(to: int) -> None:
    relay = joined_session()

    with pytest.raises(LocalProtocolError, match=f"peer {to} cannot be addressed"):
        relay.session.encode_data(b"hi", to)


@pytest.mark.parametrize("size", [0, 1195])
def test_data_of_illegal_size_is_refused(size: int) -> None:
    """HDR-5: nothing is sent that the relay would have to refuse or split."""
    relay = joined_session()

    with pytest.raises(LocalProtocolError, match=rf"payload of {size} bytes, must be 1\.\.1194"):
        relay.session.encode_data(bytes(size), 1)


def test_largest_data_fills_the_agreed_datagram() -> None:
    assert len(joined_session().session.encode_data(bytes(1194), 1)) == 1200


def test_commands_are_illegal_before_grant_and_after_leaving() -> None:
    left = joined_session()
    left.session.leave(now=left.now)

    for session in (ScriptedRelay().session, left.session):
        with pytest.raises(LocalProtocolError, match="sending is illegal while"):
            session.encode_data(b"hi", 1)
        with pytest.raises(LocalProtocolError, match="kicking peer 3 is illegal while"):
            session.kick(PeerId(3), now=left.now)


@pytest.mark.parametrize("peer", [0, 1, -2])
def test_host_and_nobody_cannot_be_kicked(peer: int) -> None:
    relay = joined_session()

    with pytest.raises(LocalProtocolError, match=f"kicking peer {peer} is illegal"):
        relay.session.kick(PeerId(peer), now=relay.now)


def test_kick_tells_its_outcome() -> None:
    relay = joined_session()

    request = relay.session.kick(PeerId(3), ban=True, now=relay.now)

    assert relay.said() == [Kick(seq=request, peer=3, ban=True)]
    relay.give(ack(relay, request))
    assert relay.events() == [RequestEnded(request, 0)]


def test_leave_is_acknowledged_and_closes_once() -> None:
    relay = joined_session()
    relay.session.leave(now=relay.now)
    relay.session.leave(now=relay.now)
    (leave,) = relay.said()
    states = [relay.session.state]

    relay.give(ack(relay, leave.seq))
    relay.session.leave(now=relay.now)
    states.append(relay.session.state)

    assert isinstance(leave, Leave)
    assert relay.events() == [Closed(None)]
    assert states == [MemberState.LEAVING, MemberState.CLOSED]


def test_leaving_before_grant_just_stops() -> None:
    relay = ScriptedRelay()
    relay.sent()

    relay.session.leave(now=relay.now)
    relay.answer(Challenge(version=1, features=0, cookie=COOKIE))
    relay.wait(1.0)

    assert relay.events() == [Closed(None)]
    assert relay.sent() == []
    assert relay.session.next_timeout() is None
    assert relay.session.drops == {DropReason.UNEXPECTED_MESSAGE: 1}


def test_refusal_closes_with_an_error_that_has_advice() -> None:
    relay = ScriptedRelay(JoinRoom(RoomCode("K7QM2XPA")))
    relay.challenge()
    relay.sent()

    relay.answer(Error(code=ErrorCode.JOIN_DENIED))

    (*_, closed) = relay.events()
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, JoinDeniedError)
    assert closed.error.stage == "joining the room"
    assert closed.error.advice.startswith("compare code")


def test_unreachable_relay_closes_after_five_hellos() -> None:
    relay = ScriptedRelay()
    sizes = []

    while (deadline := relay.session.next_timeout()) is not None:
        relay.now = deadline
        sizes += [len(datagram) for datagram in relay.sent()]

    assert (sizes, relay.now) == ([1200, 1200, 576, 576, 576], 105.75)
    (closed,) = relay.events()
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, TransactionTimeoutError)


def test_nothing_follows_closed() -> None:
    relay = joined_session()
    relay.session.kick(PeerId(3), now=relay.now)
    relay.give(closed_by(relay, ErrorCode.KICKED))
    (closed,) = relay.events()

    relay.give(relay.sealed.data(b"x", 1), relay.sealed.events((3, 1, 3, 0)), NUDGE, DENIAL)
    relay.give(pong(relay), closed_by(relay, ErrorCode.HOST_LOST))
    relay.wait(100.0)

    assert isinstance(closed, Closed)
    assert isinstance(closed.error, SessionClosedByError)
    assert (relay.sent(), relay.events(), relay.session.next_timeout()) == ([], [], None)
    assert relay.session.drops == {DropReason.UNEXPECTED_MESSAGE: 6}


def test_message_after_joining_is_handed_on() -> None:
    relay = joined_session()

    relay.give(relay.sealed.data(b"hi", 1))

    assert relay.events() == [Message(b"hi", PeerId(1))]


def test_silence_is_told_and_ended_by_the_next_valid_datagram() -> None:
    """SEAL-3: data does not show that the relay is there."""
    relay = joined_session()
    relay.wait(15.0)
    relay.sent()
    relay.give(relay.sealed.data(b"hi", 1), NUDGE)
    assert relay.events() == [SessionLost(), Message(b"hi", PeerId(1))]

    relay.give(pong(relay))

    assert relay.events() == [SessionResumed()]


def test_hint_leads_to_a_ping_at_most_once_a_second() -> None:
    """PATH-3: NUDGE is advice to ping and nothing else."""
    relay = joined_session()

    times = []
    for step in range(10):
        relay.give(NUDGE)
        times += [step / 4 for _ in of_type(relay.said(), Ping)]
        relay.wait(0.25)

    assert times == [0.0, 1.0, 2.0]
    assert relay.events() == []


def test_session_that_the_relay_denies_three_times_is_closed() -> None:
    relay = joined_session()

    for _ in range(3):
        assert relay.events() == []
        relay.give(DENIAL, DENIAL, DENIAL)
        relay.wait(1.0)
        relay.sent()

    (closed,) = relay.events()
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, SessionClosedByError)
    assert closed.error.code == ErrorCode.SESSION_UNKNOWN


def test_early_timeout_does_nothing() -> None:
    relay = joined_session()

    assert relay.sent() == []
    assert relay.events() == []
