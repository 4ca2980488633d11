"""A legacy member: registration, keepalives, who is there, and the end."""

from typing import Final

import pytest

from packhorse.core import legacy_session as module
from packhorse.core.events import (
    HOST,
    Closed,
    Event,
    Joined,
    Message,
    PeerId,
    PeerJoined,
    PeerLeft,
    SessionLost,
    SessionResumed,
)
from packhorse.core.legacy_session import LegacySession, LegacyState
from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.errors import (
    ConfigurationError,
    LocalProtocolError,
    PackhorseError,
    SessionClosedByError,
    TransactionTimeoutError,
)
from packhorse.wire.legacy import encode_legacy

RELAY: Final = TransportAddress("192.0.2.1", 6969)
STRANGER: Final = TransportAddress("192.0.2.2", 6969)


def drained(session: LegacySession) -> list[Event]:
    """Return the events that wait."""
    return list(iter(session.next_event, None))


def sent(session: LegacySession) -> list[bytes]:
    """Return the datagrams that wait, all for the relay."""
    datagrams = session.datagrams_to_send()
    assert {address for _, address in datagrams} <= {RELAY}
    return [data for data, _ in datagrams]


def registered(peer_id: int, *, now: float = 0.0) -> LegacySession:
    """Return a session that has registered at time `now`, with nothing waiting."""
    session = LegacySession(peer_id, RELAY, now=now)
    session.handle_timeout(now=now)
    session.receive_datagram(encode_legacy(peer_id), RELAY, now=now)
    assert (sent(session), drained(session)) == ([encode_legacy(peer_id)], [Joined()])
    return session


def run_alone(session: LegacySession, until: float) -> list[tuple[float, bytes]]:
    """Let time pass in silence; returns what was sent and when."""
    log: list[tuple[float, bytes]] = []
    while (when := session.next_timeout()) is not None and when <= until:
        session.handle_timeout(now=when)
        log += [(when, data) for data in sent(session)]
    return log


def error_of(session: LegacySession) -> PackhorseError | None:
    """Return the error of the end, which must be the last event."""
    closed = drained(session)[-1]
    assert isinstance(closed, Closed)
    return closed.error


def test_registration_is_repeated_on_the_schedule_and_given_up() -> None:
    session = LegacySession(5, RELAY, now=0.0)

    log = run_alone(session, until=60.0)

    assert [when for when, _ in log] == [0.0, 0.25, 0.75, 1.75, 3.75]
    error = error_of(session)
    assert isinstance(error, TransactionTimeoutError)
    assert (error.stage, error.sends, error.elapsed) == (module.REGISTERING, 5, 5.75)
    assert session.state is LegacyState.CLOSED


@pytest.mark.parametrize(("peer_id", "advice"), [(1, "no other host"), (7, "--id")])
def test_unanswered_registration_advises_on_what_the_relay_may_mind(
    peer_id: int, advice: str
) -> None:
    session = LegacySession(peer_id, RELAY, now=0.0)

    run_alone(session, until=60.0)

    error = error_of(session)
    assert error is not None
    assert advice in error.advice


def test_early_timeout_sends_nothing() -> None:
    session = LegacySession(5, RELAY, now=0.0)
    session.handle_timeout(now=0.0)
    assert sent(session) == [encode_legacy(5)]

    session.handle_timeout(now=0.2)

    assert sent(session) == []


@pytest.mark.parametrize("peer_id", [0, -1, 2**31])
def test_id_out_of_range_is_refused(peer_id: int) -> None:
    with pytest.raises(ConfigurationError, match="must be 1"):
        LegacySession(peer_id, RELAY, now=0.0)


@pytest.mark.parametrize("data", [encode_legacy(6), encode_legacy(5, b"data")])
def test_nothing_but_the_echo_is_taken_while_registering(data: bytes) -> None:
    session = LegacySession(5, RELAY, now=0.0)

    session.receive_datagram(data, RELAY, now=0.1)

    assert session.drops == {DropReason.UNEXPECTED_MESSAGE: 1}
    assert session.state is LegacyState.REGISTERING


def test_echo_from_elsewhere_is_dropped() -> None:
    session = LegacySession(5, RELAY, now=0.0)

    session.receive_datagram(encode_legacy(5), STRANGER, now=0.1)

    assert session.drops == {DropReason.UNEXPECTED_SOURCE: 1}
    assert session.state is LegacyState.REGISTERING


def test_malformed_datagram_is_dropped_with_its_reason() -> None:
    session = registered(5)

    session.receive_datagram(b"\x00\xaa\x00", RELAY, now=0.1)

    assert session.drops == {DropReason.TOO_SHORT: 1}


def test_relays_keepalive_is_no_event() -> None:
    session = registered(5)

    session.receive_datagram(encode_legacy(5), RELAY, now=1.0)

    assert drained(session) == []
    assert session.drops == {}


def test_registration_is_repeated_when_nothing_was_sent() -> None:
    session = registered(5)
    for second in range(1, 12):
        session.receive_datagram(encode_legacy(5), RELAY, now=float(second))

    assert session.next_timeout() == 5.0
    session.handle_timeout(now=5.0)

    assert sent(session) == [encode_legacy(5)]
    assert session.next_timeout() == 10.0


def test_sending_takes_the_place_of_registrations() -> None:
    session = registered(5)

    for now in (3.0, 6.0, 9.0):
        assert session.encode_data(b"x", HOST, now=now) == encode_legacy(HOST, b"x")
        session.receive_datagram(encode_legacy(5), RELAY, now=now)
        session.handle_timeout(now=now)

    assert sent(session) == []
    assert session.next_timeout() == 14.0


def test_relay_that_forgot_a_sending_member_is_registered_at_again() -> None:
    session = registered(5)

    session.encode_data(b"x", HOST, now=4.9)
    session.handle_timeout(now=5.0)

    assert sent(session) == [encode_legacy(5)]


def test_silent_relay_is_lost_and_found() -> None:
    session = registered(5)

    run_alone(session, until=20.0)
    assert drained(session) == [SessionLost()]
    session.receive_datagram(encode_legacy(5), RELAY, now=21.0)

    assert drained(session) == [SessionResumed()]


@pytest.mark.parametrize(
    ("peer_id", "after"), [(1, c.HOST_REMOVED_AFTER), (5, c.CLIENT_REMOVED_AFTER)]
)
def test_relay_silent_for_too_long_ends_the_session(peer_id: int, after: float) -> None:
    session = registered(peer_id)

    run_alone(session, until=after - 0.1)
    assert drained(session) == [SessionLost()]
    run_alone(session, until=after)

    error = error_of(session)
    assert isinstance(error, SessionClosedByError)
    assert error.code == ErrorCode.LEASE_EXPIRED
    assert session.next_timeout() is None


def test_late_timeout_ends_the_session_at_once() -> None:
    session = registered(5)

    session.handle_timeout(now=1000.0)

    assert isinstance(error_of(session), SessionClosedByError)
    assert sent(session) == []


def test_host_hears_of_a_peer_by_its_registration() -> None:
    session = registered(HOST)

    session.receive_datagram(encode_legacy(5), RELAY, now=1.0)
    session.receive_datagram(encode_legacy(5), RELAY, now=2.0)

    assert drained(session) == [PeerJoined(PeerId(5))]
    assert session.peers == {5}


def test_host_hears_of_a_peer_by_its_data() -> None:
    session = registered(HOST)

    session.receive_datagram(encode_legacy(5, b"hi"), RELAY, now=1.0)

    assert drained(session) == [PeerJoined(PeerId(5)), Message(b"hi", PeerId(5))]


def test_data_with_the_hosts_own_id_is_dropped_by_the_host() -> None:
    session = registered(HOST)

    session.receive_datagram(encode_legacy(HOST, b"hi"), RELAY, now=1.0)

    assert session.drops == {DropReason.LEGACY_UNKNOWN_ID: 1}
    assert drained(session) == []


def test_silent_peer_has_left_and_may_come_back() -> None:
    session = registered(HOST)
    session.receive_datagram(encode_legacy(5), RELAY, now=1.0)
    for now in range(2, 130, 5):
        session.receive_datagram(encode_legacy(6), RELAY, now=float(now))
        session.handle_timeout(now=float(now))

    assert drained(session) == [PeerJoined(PeerId(5)), PeerJoined(PeerId(6)), PeerLeft(PeerId(5))]
    assert session.peers == {6}
    session.receive_datagram(encode_legacy(5), RELAY, now=130.0)

    assert drained(session) == [PeerJoined(PeerId(5))]


def test_peer_that_was_heard_again_stays() -> None:
    session = registered(HOST)
    session.receive_datagram(encode_legacy(5), RELAY, now=1.0)
    session.receive_datagram(encode_legacy(5), RELAY, now=100.0)

    session.handle_timeout(now=121.0)

    assert session.peers == {5}


def test_peer_beyond_the_table_is_dropped() -> None:
    session = registered(HOST)
    for peer in range(2, c.LEGACY_MAX_PEERS + 1):
        session.receive_datagram(encode_legacy(peer), RELAY, now=1.0)
    assert session.drops == {}

    session.receive_datagram(encode_legacy(1000, b"hi"), RELAY, now=1.0)

    assert session.drops == {DropReason.LEGACY_FULL: 1}
    assert len(session.peers) == c.LEGACY_MAX_PEERS - 1


def test_client_takes_data_under_its_own_id_as_the_hosts() -> None:
    session = registered(5)

    session.receive_datagram(encode_legacy(5, b"hi"), RELAY, now=1.0)

    assert drained(session) == [Message(b"hi", HOST)]
    assert session.peers == {HOST}


@pytest.mark.parametrize("data", [encode_legacy(6), encode_legacy(6, b"hi"), encode_legacy(1)])
def test_client_drops_what_is_under_another_id(data: bytes) -> None:
    session = registered(5)

    session.receive_datagram(data, RELAY, now=1.0)

    assert session.drops == {DropReason.LEGACY_UNKNOWN_ID: 1}
    assert drained(session) == []


@pytest.mark.parametrize(
    ("data", "to"),
    [
        (b"", HOST),
        (bytes(module.MAX_PAYLOAD + 1), HOST),
        (b"x", 0),
        (b"x", -2),
        (b"x", 5),
        (b"x", 2**31),
    ],
)
def test_data_that_cannot_be_sent_is_refused(data: bytes, to: int) -> None:
    session = registered(5)

    with pytest.raises(LocalProtocolError):
        session.encode_data(data, to, now=1.0)


def test_largest_payload_fits_a_datagram_that_the_relay_takes() -> None:
    session = registered(5)

    data = session.encode_data(bytes(module.MAX_PAYLOAD), HOST, now=1.0)

    assert len(data) == c.MAX_DATAGRAM


def test_sending_before_the_echo_is_refused() -> None:
    session = LegacySession(5, RELAY, now=0.0)

    with pytest.raises(LocalProtocolError, match="registering"):
        session.encode_data(b"x", HOST, now=0.0)


@pytest.mark.parametrize("has_echo", [False, True])
def test_leaving_ends_the_session_once(has_echo: bool) -> None:  # noqa: FBT001
    session = registered(5) if has_echo else LegacySession(5, RELAY, now=0.0)

    session.leave()
    session.leave()

    assert drained(session) == [Closed(None)]


def test_session_that_has_ended_does_nothing() -> None:
    session = registered(5)
    session.leave()

    session.receive_datagram(encode_legacy(5, b"late"), RELAY, now=1.0)
    session.handle_timeout(now=100.0)

    assert drained(session) == [Closed(None)]
    assert (sent(session), session.next_timeout()) == ([], None)
