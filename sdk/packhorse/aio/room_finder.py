"""The public rooms of a relay."""

import asyncio
import secrets

from packhorse.aio.connect import resolve
from packhorse.aio.driver import Driver
from packhorse.aio.udp import SocketAddress
from packhorse.core.access import NO_ACCESS, Access
from packhorse.core.events import Closed, Event
from packhorse.core.joining import FindRooms
from packhorse.core.relay_address import RelayAddress, parse_relay_address
from packhorse.core.room_listing import RoomListing
from packhorse.core.stages import Stage
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ConnectivityError, PackhorseError, TransactionTimeoutError
from packhorse.wire.room_list import ListedRoom

_ADVICE = "check that this machine is online and may use UDP"


async def list_rooms(
    relay: str | RelayAddress,
    *,
    access: Access = NO_ACCESS,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
) -> list[ListedRoom]:
    """Return the rooms that their hosts made public, in ascending code.

    What is in `metadata` are the words of strangers: escape it before you show it.

    Args:
        relay: `host` or `host:port`.
        access: Ticket or access key, where the relay asks for one.
        timeout: Seconds until the list must be there.

    Raises:
        PackhorseError: It cannot be had; `stage` and `advice` say more.
    """
    address = relay if isinstance(relay, RelayAddress) else parse_relay_address(relay)
    try:
        async with asyncio.timeout(timeout):
            return await _first_list(await resolve(address), FindRooms(access))
    except TimeoutError as error:
        if isinstance(error, PackhorseError):
            raise
        raise TransactionTimeoutError(f"listing rooms ({address})", 0, timeout) from None


async def _first_list(addresses: list[SocketAddress], wish: FindRooms) -> list[ListedRoom]:
    """Ask one address after the other until one answers."""
    error: PackhorseError = ConnectivityError(Stage.REACHING.value, ("no address",), _ADVICE)
    for address in addresses:
        try:
            return await _list(address, wish)
        except (ConnectivityError, TransactionTimeoutError) as caught:
            error = caught
    raise error


async def _list(address: SocketAddress, wish: FindRooms) -> list[ListedRoom]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[PackhorseError | None] = loop.create_future()

    def on_event(event: Event) -> None:
        if isinstance(event, Closed) and not ended.done():
            ended.set_result(event.error)

    source = TransportAddress(*address)
    listing = RoomListing(wish, source, secrets.token_bytes, now=loop.time())
    driver = Driver(listing, address)
    driver.on_event = on_event
    try:
        await driver.open()
        error = await ended
    except OSError as problem:
        reason = f"{address[0]}: {problem.strerror or problem}"
        raise ConnectivityError(Stage.REACHING.value, (reason,), _ADVICE) from problem
    finally:
        driver.close()
    if error is not None:
        raise error
    return listing.rooms
