"""A NAT that gives a member another address again and again: the room goes on."""

import asyncio
from typing import Final

import pytest

import packhorse
from packhorse import Message, Mode, Room
from tests.support.rebinding_proxy import RebindingProxy
from tests.support.relays import LOOPBACK, address_of, new_relay
from tests.support.waiting import until

_INTERVAL: Final = 0.02  # seconds between messages


class Listener:
    """Writes down the numbers that a room brings, and when."""

    def __init__(self, room: Room) -> None:
        self.heard: list[int] = []
        self.times: list[float] = []
        room.on_message = self._hear

    @property
    def longest_silence(self) -> float:
        """Seconds between two messages, at most."""
        return max(b - a for a, b in zip(self.times, self.times[1:], strict=False))

    def _hear(self, message: Message) -> None:
        self.heard.append(int(message.data))
        self.times.append(asyncio.get_running_loop().time())


async def say(room: Room, seconds: float) -> int:
    """Say numbers for a while; return how many."""
    count = round(seconds / _INTERVAL)
    for number in range(count):
        await room.send(str(number).encode(), mode=Mode.RELIABLE)
        await asyncio.sleep(_INTERVAL)
    return count


async def live_through(*, changes: int, every: float) -> tuple[Listener, Listener]:
    """Talk both ways while the address changes; return what each side heard."""
    async with (
        new_relay() as relay,
        packhorse.host(address_of(relay)) as host,
    ):
        with RebindingProxy(relay.port) as proxy:
            async with packhorse.join(proxy.address, host.code) as guest:
                await until(lambda: host.peers)
                listeners = Listener(host), Listener(guest)
                seconds = (changes + 0.5) * every
                talking = [asyncio.create_task(say(room, seconds)) for room in (host, guest)]
                for _ in range(changes):
                    await asyncio.sleep(every)
                    proxy.rebind()
                counts = await asyncio.gather(*talking)
                await asyncio.gather(host.flush(20.0), guest.flush(20.0))
                for listener, count in zip(listeners, counts, strict=True):
                    assert listener.heard == list(range(count))
                assert guest.mapped_address.host == LOOPBACK
                return listeners


async def test_changing_address_loses_no_reliable_message() -> None:
    """PATH-1."""
    listeners = await live_through(changes=3, every=1.5)

    print([f"longest silence {listener.longest_silence:.3f} s" for listener in listeners])


@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_address_that_changes_every_five_seconds_for_a_minute() -> None:
    """PATH-1."""
    listeners = await live_through(changes=12, every=5.0)

    print([f"longest silence {listener.longest_silence:.3f} s" for listener in listeners])
