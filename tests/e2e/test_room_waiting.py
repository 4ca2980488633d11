"""What a room does while it waits: nothing."""

import asyncio
from collections import Counter

import pytest

import packhorse
from packhorse import Message, Mode, Room
from packhorse.core.session import MemberSession
from packhorse.wire.constants import RECEIVE_WINDOW
from tests.support.relays import address_of, new_relay
from tests.support.waiting import until

SIZE = 200_000  # bytes of a message
LONG = 40.0  # seconds; what is waited for takes a few on an idle machine


async def test_send_that_waits_for_a_reader_leaves_the_processor_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        new_relay() as relay,
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        await until(lambda: bool(host.peers))
        sending = asyncio.create_task(send_for_ever(host, guest.peer_id))
        await until(lambda: unread_bytes(guest) > RECEIVE_WINDOW - SIZE, within=LONG)
        session, calls = host._driver.session, Counter[str]()

        def handle_timeout(*, now: float) -> None:
            calls["timeouts"] += 1
            MemberSession.handle_timeout(session, now=now)

        monkeypatch.setattr(session, "handle_timeout", handle_timeout)
        await asyncio.sleep(0.5)

        assert not sending.done()
        assert calls["timeouts"] < 100
        sending.cancel()


async def send_for_ever(room: Room, to: int) -> None:
    """Send more than anybody takes."""
    while True:
        await room.send(bytes(SIZE), to=to, mode=Mode.RELIABLE)


def unread_bytes(room: Room) -> int:
    """Return what waits for an application that does not read."""
    return sum(len(event.data) for event in room._events if isinstance(event, Message))
