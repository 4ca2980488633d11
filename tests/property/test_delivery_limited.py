"""Bulk through a relay that limits it: the sender goes down to what the relay allows."""

import pytest

from packhorse.core.events import HOST, Limited
from packhorse.testing.link import Conditions
from packhorse.wire.constants import DropReason, Mode
from packhorse_relay.core.settings import Settings
from tests.support.network import Network, room_of

OCTETS = 65_536  # a second, what profile public allows a client
DATAGRAMS = 150
PATH = Conditions(latency=0.02)


@pytest.mark.parametrize("size", [100, 100_000])
def test_reliable_messages_keep_to_what_limited_says(size: int) -> None:
    """Found by losses alone, the rate was a tenth over what the relay lets through."""
    limits = Settings(client_byte_rate=OCTETS, client_datagram_rate=DATAGRAMS)
    network = Network(seed=1, settings=limits)
    host, client = room_of(network, 2)
    for member in (host, client):
        member.conditions = PATH
    ended = network.clock.now + 40.0

    def post_more() -> bool:
        while client.try_post(bytes(size), HOST, Mode.RELIABLE):
            pass
        return network.clock.now > ended

    network.run_until(post_more, within=20.0)
    before, got = network.relay.drops[DropReason.DATA_LIMITED], len(host.messages)
    network.run_until(post_more, within=20.0)

    assert client.events_of(Limited)
    assert network.relay.drops[DropReason.DATA_LIMITED] - before < 20
    assert (len(host.messages) - got) * size > 0.8 * 20 * OCTETS
