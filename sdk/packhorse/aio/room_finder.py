"""The public rooms of a relay."""

import asyncio
import secrets
from typing import Final

from packhorse.aio.connect import check_timeout
from packhorse.aio.driver import Driver
from packhorse.aio.paths import RelayPath, candidates, describe, resolve
from packhorse.core.credentials import NO_ACCESS, Access
from packhorse.core.events import Closed, Event
from packhorse.core.joining import FindRooms
from packhorse.core.relay_address import (
    RelayAddress,
    Transport,
    check_transport,
    parse_relay_address,
)
from packhorse.core.room_listing import RoomListing
from packhorse.core.stages import Stage
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ConnectivityError, PackhorseError, TransactionTimeoutError
from packhorse.wire.room_list import ListedRoom

_ADVICE: Final = (
    "check the relay's address and that it is running, "
    "and that no firewall blocks UDP and TCP on its port"
)


async def list_rooms(
    relay: str | RelayAddress,
    *,
    access: Access = NO_ACCESS,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    transport: str = Transport.AUTO,
) -> list[ListedRoom]:
    """Return the rooms that their hosts made public, in ascending code.

    What is in `metadata` are the words of strangers: escape it before you show it.

    Args:
        relay: As for `host`.
        access: Ticket or access key, where the relay asks for one.
        timeout: Seconds until the list must be there, 0.1..600.
        transport: As for `host`; `auto` asks by WebSocket when UDP got no answer.

    Raises:
        PackhorseError: It cannot be had; `stage` and `advice` say more.
    """
    check_timeout(timeout)
    address = parse_relay_address(relay)
    try:
        async with asyncio.timeout(timeout):
            kind = check_transport(transport, address)
            found = candidates(address, await resolve(address), kind)
            return await _first_list([path for path, _pause in found], FindRooms(access))
    except TimeoutError as error:
        if isinstance(error, PackhorseError):
            raise
        raise TransactionTimeoutError(f"listing rooms ({address})", 0, timeout) from None


async def _first_list(paths: list[RelayPath], wish: FindRooms) -> list[ListedRoom]:
    """Ask on one path after the other until there is an answer."""
    attempts: list[str] = []
    for path in paths:
        try:
            return await _list(path, wish)
        except ConnectivityError as error:
            attempts += error.attempts
        except TransactionTimeoutError as error:
            attempts.append(f"{path}: no answer to {error.sends} sends")
    raise ConnectivityError(Stage.REACHING.value, tuple(attempts) or ("no address",), _ADVICE)


async def _list(path: RelayPath, wish: FindRooms) -> list[ListedRoom]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[PackhorseError | None] = loop.create_future()

    def on_event(event: Event) -> None:
        if isinstance(event, Closed) and not ended.done():
            ended.set_result(event.error)

    source = TransportAddress(*path.address)
    listing = RoomListing(wish, source, secrets.token_bytes, now=loop.time())
    driver = Driver(listing, path)
    driver.on_event = on_event
    try:
        await driver.open()
        error = await ended
    except OSError as problem:
        reason = f"{path}: {describe(problem)}"
        raise ConnectivityError(Stage.REACHING.value, (reason,), _ADVICE) from problem
    finally:
        driver.close()
    if error is not None:
        raise error
    return listing.rooms
