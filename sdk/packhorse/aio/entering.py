"""How an application gets a room: `host` and `join`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from packhorse.aio.connect import enter
from packhorse.aio.driver import SessionDriver
from packhorse.aio.host_commands import Approve, derive_key
from packhorse.aio.room import Room
from packhorse.core.credentials import NO_ACCESS, Access
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.relay_address import RelayAddress, Transport, parse_invite
from packhorse.wire.constants import Topology
from packhorse.wire.errors import ConfigurationError


@asynccontextmanager
async def host(  # noqa: PLR0913 - all but one by keyword
    relay: str | RelayAddress,
    *,
    topology: Topology = Topology.MESH,
    max_peers: int | None = None,
    password: str | None = None,
    approve: bool | Approve = False,
    locked: bool = False,
    access: Access = NO_ACCESS,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    transport: str = Transport.AUTO,
    relay_only: bool = False,
    birthday: bool = False,
) -> AsyncIterator[Room]:
    """Create a room on a relay and leave it at the end of the block.

    Args:
        relay: `host`, `host:port`, `ws://host:port` or `wss://host:port/path`.
        topology: Who may address whom.
        max_peers: 2..1024, host included; None takes the relay's default.
        password: What who joins has to know; it is never sent.
        approve: True to decide about each `JoinRequested`, or a function of it that decides.
        locked: Let nobody in until `Room.set_options(locked=False)`.
        access: Ticket or access key, where the relay asks for one.
        timeout: Seconds until the room must exist, 0.1..600.
        transport: `auto` is UDP, and WebSocket where UDP gets no answer; or `udp`, or `ws`.
        relay_only: Show no address of this machine to the room: look for no direct paths.
        birthday: With peers that want it, too, try many ports of a router that gives them
            out at random: up to 1400 small datagrams in 7 s, at most once a minute.

    Raises:
        PackhorseError: The room cannot be had; `stage` and `advice` say more.
    """
    wish = CreateRoom(
        topology=topology,
        max_peers=max_peers,
        access=access,
        locked=bool(locked or password or approve),
    )
    driver = await enter(relay, wish, timeout, transport)
    async with membership(driver, relay_only=relay_only, birthday=birthday) as room:
        if password or approve:
            await room.open_doors(password, approve, locked=locked)
        yield room


@asynccontextmanager
async def join(  # noqa: PLR0913 - all but two by keyword
    relay: str | RelayAddress | None,
    code: str,
    *,
    password: str | None = None,
    name: str = "",
    access: Access = NO_ACCESS,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    transport: str = Transport.AUTO,
    relay_only: bool = False,
    birthday: bool = False,
) -> AsyncIterator[Room]:
    """Join a room and leave it at the end of the block.

    Args:
        relay: As for `host`; None when `code` is an invite that names it.
        code: Room code or invite (`CODE@host:port`), as a person typed it.
        password: The room's password, if it has one; it is never sent.
        name: Who asks, at most 64 bytes; shown to a host that decides who may join.
        access: Ticket or access key, where the relay asks for one.
        timeout: Seconds until the room must be joined, 0.1..600. The time that a host
            takes to decide, up to 30 s, is not counted.
        transport: As for `host`.
        relay_only: As for `host`.
        birthday: As for `host`.

    Raises:
        PackhorseError: The room cannot be joined; `stage` and `advice` say more.
    """
    invite = parse_invite(code)
    address = invite.relay or relay
    if address is None:
        raise ConfigurationError("no relay is named", "give the relay or an invite CODE@host:port")
    key = await derive_key(password, invite.code)
    wish = JoinRoom(invite.code, access, key or None, name)
    driver = await enter(address, wish, timeout, transport)
    async with membership(driver, relay_only=relay_only, birthday=birthday) as room:
        yield room


@asynccontextmanager
async def membership(
    driver: SessionDriver, *, relay_only: bool, birthday: bool = False
) -> AsyncIterator[Room]:
    """Use the session of a driver as a room, and leave it at the end of the block."""
    room = Room(driver)
    try:
        if not relay_only:
            await driver.seek_direct_paths(birthday=birthday)
        yield room
    finally:
        await room.aclose()
        await driver.closed()
