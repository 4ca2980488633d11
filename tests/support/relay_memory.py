"""What floods leave behind in a relay's tables and in memory."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from random import Random

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from tests.support.applicant import Applicant
from tests.support.relay_harness import Rig, address


def growth(action: Callable[[], None]) -> int:
    """Return the bytes by which the memory of this program grows."""
    gc.collect()
    tracemalloc.start()
    try:
        action()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def table_sizes(rig: Rig) -> list[int]:
    """Return the sizes of all tables that members fill."""
    registry = rig.core._registry
    routes = sum(len(by_address) for by_address in registry.table.routes.values())
    return [
        len(registry.sessions),
        len(registry.rooms),
        len(registry.tombstones),
        len(registry.table),
        len(registry._by_attempt),
        len(registry._ended_attempts),
        len(registry._sessions_by_source),
        len(registry._rooms_by_source),
        len(rig.core._members._checks),
        routes,
    ]


def forged_sources(count: int) -> Iterator[TransportAddress]:
    """Return addresses drawn at random, half of them of IPv6."""
    random = Random(11)  # noqa: S311 - repeatable by design
    for number in range(count):
        size = 16 if number % 2 else 4
        host = str(ip_address(random.randbytes(size)))
        yield TransportAddress(host, random.randrange(1024, 65536))


def flood_with_hellos(rig: Rig, count: int, rate: int) -> None:
    """Say HELLO from ever new forged sources, so many a second."""
    hello = Applicant(address=address(900)).hello(c.MIN_HELLO_SIZE)
    for source in forged_sources(count):
        rig.core.receive_datagram(hello, source, now=rig.now)
        rig.core.datagrams_to_send()
        rig.now += 1 / rate


def abandon(rig: Rig, count: int) -> None:
    """Create rooms with a client each, from ever new sources, and never speak again."""
    for number in range(count):
        host = rig.create(address(2 * number % 60_000), number=number)
        rig.join(host.code, address((2 * number + 1) % 60_000), number=number)
        host.send(host.data(2))
        rig.advance(1)
