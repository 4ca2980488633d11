"""Legacy members at our own relay, in virtual time, also when the network loses much."""

from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from packhorse.core.events import (
    HOST,
    Closed,
    Event,
    Joined,
    Message,
    PeerId,
    PeerJoined,
)
from packhorse.core.legacy_session import LegacySession, LegacyState
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import TransactionTimeoutError
from packhorse_relay.core.relay_legacy import LegacyRoom
from tests.support.relay_harness import Rig

RELAY: Final = TransportAddress("192.0.2.1", 6969)
CLIENT: Final = PeerId(7)
STEP: Final = 0.05  # seconds


def drained(session: LegacySession) -> list[Event]:
    """Return the events that wait."""
    return list(iter(session.next_event, None))


class Bench:
    """Sessions at our own relay."""

    def __init__(self, *, loss: float = 0.0, seed: int = 0) -> None:
        self.rig = Rig(legacy=LegacyRoom(), now=0.0)
        self.loss = loss
        """Fraction of datagrams, 0 to 1, either way; may be changed."""
        self._random = Random(seed)  # noqa: S311 - repeatable by design
        self.sessions: dict[TransportAddress, LegacySession] = {}
        self._ports = count(40000)

    def start(self, peer_id: int) -> LegacySession:
        """Start a member at an address of its own."""
        address = TransportAddress("198.51.100.1", next(self._ports))
        session = self.sessions[address] = LegacySession(peer_id, RELAY, now=self.rig.now)
        return session

    def send(self, session: LegacySession, data: bytes, to: int) -> None:
        """Send data at once."""
        address = next(a for a, other in self.sessions.items() if other is session)
        self._send_up(session.encode_data(data, to, now=self.rig.now), address)

    def run(self, seconds: float) -> None:
        """Let time pass in steps of 50 ms."""
        for _ in range(round(seconds / STEP)):
            for address, session in self.sessions.items():
                session.handle_timeout(now=self.rig.now)
                for data, _relay in session.datagrams_to_send():
                    self._send_up(data, address)
            self._deliver(self.rig.advance(STEP))

    def restart_relay(self) -> None:
        """Forget every id."""
        self.rig = Rig(legacy=LegacyRoom(), now=self.rig.now)

    def _send_up(self, data: bytes, address: TransportAddress) -> None:
        if self._random.random() >= self.loss:
            self._deliver(self.rig.send(data, address).sent)

    def _deliver(self, datagrams: Sequence[tuple[bytes, TransportAddress]]) -> None:
        for data, address in datagrams:
            if self._random.random() >= self.loss:
                self.sessions[address].receive_datagram(data, RELAY, now=self.rig.now)


def test_members_meet_at_our_own_relay() -> None:
    bench = Bench()
    host, client = bench.start(HOST), bench.start(CLIENT)
    bench.run(1.0)

    bench.send(client, b"up", HOST)
    bench.send(host, b"down", CLIENT)

    assert drained(host) == [Joined(), PeerJoined(CLIENT), Message(b"up", CLIENT)]
    assert drained(client) == [Joined(), Message(b"down", HOST)]


def test_client_waits_on_its_schedule_for_a_host_that_is_late() -> None:
    bench = Bench()
    client = bench.start(CLIENT)
    bench.run(2.0)
    assert drained(client) == []

    bench.start(HOST)
    bench.run(2.0)

    assert drained(client) == [Joined()]


def test_idle_members_keep_each_other_for_ten_minutes() -> None:
    bench = Bench()
    host, client = bench.start(HOST), bench.start(CLIENT)
    bench.run(600.0)

    assert drained(host) == [Joined(), PeerJoined(CLIENT)]
    assert drained(client) == [Joined()]


def test_members_find_a_restarted_relay() -> None:
    bench = Bench()
    host, client = bench.start(HOST), bench.start(CLIENT)
    bench.run(1.0)

    bench.restart_relay()
    bench.run(12.0)
    bench.send(client, b"up", HOST)

    assert drained(host)[-1] == Message(b"up", CLIENT)


def test_taken_id_is_refused_and_told_so() -> None:
    bench = Bench()
    bench.start(HOST)
    bench.run(1.0)

    other = bench.start(HOST)
    bench.run(6.0)

    (closed,) = drained(other)
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, TransactionTimeoutError)


@given(st.integers(0, 2**32), st.floats(0.0, 1.0), st.integers(1, 10))
def test_whatever_is_lost_members_meet_afterwards_or_say_why_not(
    seed: int, loss: float, seconds: int
) -> None:
    bench = Bench(loss=loss, seed=seed)
    host, client = bench.start(HOST), bench.start(CLIENT)
    bench.run(float(seconds))

    bench.loss = 0.0
    bench.run(12.0)

    if LegacyState.CLOSED in {host.state, client.state}:
        ends = [event for member in (host, client) for event in drained(member)]
        errors = [event.error for event in ends if isinstance(event, Closed)]
        assert all(isinstance(error, TransactionTimeoutError) for error in errors)
    else:
        bench.send(client, b"up", HOST)
        bench.send(host, b"down", CLIENT)
        assert drained(host)[-1] == Message(b"up", CLIENT)
        assert drained(client)[-1] == Message(b"down", HOST)
