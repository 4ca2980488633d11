"""A real relay limits what a member sends: the member is told, and bulk still arrives."""

import asyncio

import pytest

import packhorse
from packhorse.wire.constants import CLIENT_BYTE_RATE, DropReason
from packhorse_relay.core.settings import Settings
from packhorse_relay.dataplane.choice import NAMES
from tests.support.relays import address_of, new_relay
from tests.support.waiting import next_of

pytestmark = pytest.mark.e2e
MIB = 1 << 20


@pytest.mark.parametrize("dataplane", NAMES)
async def test_attack_19_member_that_sends_too_much_is_told_and_stays(dataplane: str) -> None:
    """LIM-2, LIM-3."""
    settings = Settings(client_datagram_rate=20)
    async with (
        new_relay(settings=settings, dataplane=dataplane) as relay,
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        for number in range(100):
            await guest.send(bytes([number]), to=packhorse.HOST)
        limited = await next_of(guest, packhorse.Limited)

        assert limited == packhorse.Limited(CLIENT_BYTE_RATE, 20, limited.dropped)
        assert relay.drops[DropReason.DATA_LIMITED] >= limited.dropped > 0


@pytest.mark.slow
@pytest.mark.quiet
@pytest.mark.timeout(120)
async def test_16_mib_from_a_client_arrive_at_the_rate_that_the_relay_allows() -> None:
    """Congestion control lives with a policer: near 1 MiB/s, and nobody is disconnected."""
    async with (
        new_relay(settings=Settings()) as relay,
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        started = asyncio.get_running_loop().time()
        await guest.send(bytes(16 * MIB), to=packhorse.HOST, mode=packhorse.Mode.RELIABLE)
        message = await next_of(host, packhorse.Message, within=60)
        seconds = asyncio.get_running_loop().time() - started

    assert len(message.data) == 16 * MIB
    assert seconds < 16 * MIB / (0.8 * CLIENT_BYTE_RATE)
