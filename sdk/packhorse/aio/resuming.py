"""Takes up a session that another process has lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from packhorse.aio.connect import enter
from packhorse.aio.entering import membership
from packhorse.aio.room import Room
from packhorse.core.joining import ResumeSession
from packhorse.core.relay_address import RelayAddress, Transport
from packhorse.core.saved_session import SavedSession


@asynccontextmanager
async def resume(
    relay: str | RelayAddress,
    saved: str,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    relay_only: bool = False,
    birthday: bool = False,
) -> AsyncIterator[Room]:
    """Take up a session again after a crash, and leave it at the end of the block.

    The room, the code and the own peer id are those of before. The other members are told
    that the peer has left and joined: what was under way in either direction is void.

    Args:
        relay: `host` or `host:port`, as before.
        saved: What `Room.saved_session` was. A relay that was restarted too takes only one
            of the last ping intervals before that.
        timeout: Seconds until the room must be joined, 0.1..600.
        relay_only: As for `host`.
        birthday: As for `host`.

    Raises:
        PackhorseError: The session cannot be had; `stage` and `advice` say more.
    """
    wish = ResumeSession(SavedSession.from_text(saved), is_restarted=True)
    driver = await enter(relay, wish, timeout, Transport.AUTO)
    async with membership(driver, relay_only=relay_only, birthday=birthday) as room:
        yield room
