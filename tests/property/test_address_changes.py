"""Members whose address changes again and again in the middle of traffic, in virtual time."""

import pytest

from packhorse.core.events import PeerLeft, PeerLost, SessionLost
from packhorse.testing.link import Conditions
from packhorse.wire.constants import Mode
from tests.support.network import RELAY, Member, Network

LATENCY = 0.05  # seconds, one way
RTT = 2 * LATENCY
TICK = 0.01  # seconds between the messages of a member


def pair() -> tuple[Network, Member, Member]:
    network = Network(Conditions(latency=LATENCY))
    host = network.create_room()
    network.run(1.0)
    client = network.join(host.session.code)
    network.run(3.0)
    return network, host, client


def silence_after_rebind(network: Network, client: Member) -> float:
    """Return the seconds from the first datagram of a new address to the session's move.

    Both as the relay sees it.
    """
    network.rebind(client)
    since = len(network.sent)
    first = moved = None
    for _ in range(200):
        client.send(b"move", to=1)
        network.run(TICK)
        new = network.sent[since:]
        first = first or next((s.when for s in new if s.source == client.address), None)
        moved = next((s.when for s in new if s.source == RELAY and b"move" in s.data), None)
        if moved is not None:
            break
    assert first is not None
    assert moved is not None
    return moved - (first + LATENCY)


@pytest.mark.parametrize("pause", [0.3, 1.0, 5.0])
def test_relay_forwards_from_a_new_address_within_two_round_trips(pause: float) -> None:
    """PATH-1: NUDGE and PING are one, PATH_CHALLENGE and PATH_RESPONSE the other."""
    network, _, client = pair()
    silences = []
    for _ in range(6):
        network.run(max(pause, 1.05))
        silences.append(silence_after_rebind(network, client))

    assert max(silences) <= 2 * RTT + 2 * TICK, silences


def test_address_that_changes_every_five_seconds_for_a_minute_loses_nothing() -> None:
    """PATH-1, DEL-4."""
    network, host, client = pair()
    for number in range(1200):
        for member in (host, client):
            assert member.try_post(str(number).encode(), 0, Mode.RELIABLE)
        network.run(0.05)
        if number % 100 == 99:
            network.rebind(client)
    network.run(5.0)

    for member in (host, client):
        assert [int(message.data) for message in member.messages] == list(range(1200))
        assert member.events_of(PeerLeft, PeerLost, SessionLost) == []
