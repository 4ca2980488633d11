"""Wait for a condition or an event, never for longer than a deadline."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from packhorse.aio.room import Room
from packhorse.core.events import Event

DEADLINE: Final = 20.0  # seconds; what is waited for takes milliseconds on an idle machine
_STEP: Final = 0.005  # seconds between looks

EventT = TypeVar("EventT", bound=Event)


async def until(condition: Callable[[], object], *, within: float = DEADLINE) -> None:
    """Wait until `condition` holds.

    Raises:
        AssertionError: It does not hold after `within` seconds.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not condition():
        assert loop.time() < deadline, f"not so within {within} s"
        await asyncio.sleep(_STEP)


async def next_of(room: Room, kind: type[EventT], *, within: float = DEADLINE) -> EventT:
    """Return the next event of a kind; others are skipped.

    Raises:
        AssertionError: It did not come within `within` seconds.
    """
    skipped: list[Event] = []
    try:
        async with asyncio.timeout(within):
            async for event in room:
                if isinstance(event, kind):
                    return event
                skipped.append(event)
    except TimeoutError:
        pass
    raise AssertionError(f"no {kind.__name__}; instead {skipped}")


async def end_of(room: Room, *, within: float = DEADLINE) -> BaseException | None:
    """Return what ended the room, None when this side left; events are skipped.

    Raises:
        AssertionError: It did not end within `within` seconds.
    """
    await until(lambda: room.is_closed, within=within)
    try:
        async for _ in room:
            pass
    except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to see it
        return error
    return None
