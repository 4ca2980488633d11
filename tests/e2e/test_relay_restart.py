"""A relay that is killed in the middle of traffic and started again: the rooms go on."""

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import packhorse
from packhorse import Message, Mode, PeerId, Room
from packhorse.core.events import PeerLeft
from tests.support.killable_relay import KillableRelay
from tests.support.waiting import end_of, next_of, until

_INTERVAL: Final = 0.2  # seconds between the messages of a member
_BACK_WITHIN: Final = 10.0  # seconds from the start of the relay to the last member's return


class Player:
    """A member that says numbers to all others, and writes down what it hears."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.code, self.peer = room.code, room.peer_id
        self.said = 0
        self.heard: defaultdict[PeerId, list[int]] = defaultdict(list)
        self.ends: list[object] = []
        self.resumed = 0
        room.on_message = self._hear

    async def speak(self) -> None:
        """Say a number every interval until cancelled."""
        while True:
            await self.room.send(str(self.said).encode(), mode=Mode.RELIABLE)
            self.said += 1
            await asyncio.sleep(_INTERVAL)

    async def listen(self) -> None:
        """Take events until cancelled."""
        async for event in self.room:
            self.resumed += isinstance(event, packhorse.SessionResumed)
            if isinstance(event, PeerLeft):
                self.ends.append(event)

    def _hear(self, message: Message) -> None:
        self.heard[message.source].append(int(message.data))


class Stage(NamedTuple):
    """All rooms, and all players."""

    rooms: list[list[Player]]
    players: list[Player]


async def open_rooms(stack: AsyncExitStack, relay: str, rooms: int, members: int) -> Stage:
    opened: list[list[Player]] = []
    for _ in range(rooms):
        host = await stack.enter_async_context(packhorse.host(relay))
        joined = [
            await stack.enter_async_context(packhorse.join(relay, host.code))
            for _ in range(members - 1)
        ]
        await until(lambda host=host: len(host.peers) == members - 1)  # type: ignore[misc]
        opened.append([Player(room) for room in (host, *joined)])
    return Stage(opened, [player for room in opened for player in room])


async def live_through(state_dir: Path, *, rooms: int, members: int, restarts: int) -> list[float]:
    """Let all speak while the relay is killed again and again; returns how long each took."""
    took: list[float] = []
    loop = asyncio.get_running_loop()
    with KillableRelay(state_dir) as relay:
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            stage = await open_rooms(stack, relay.address, rooms, members)
            listening = [tasks.create_task(player.listen()) for player in stage.players]
            speaking = [tasks.create_task(player.speak()) for player in stage.players]
            for number in range(1, restarts + 1):
                await asyncio.sleep(2.0)
                await asyncio.to_thread(relay.kill_and_restart)
                started = loop.time()
                await until(
                    lambda: all(p.resumed >= number for p in stage.players),  # noqa: B023
                    within=_BACK_WITHIN,
                )
                took.append(loop.time() - started)
            for task in speaking:
                task.cancel()
            await asyncio.gather(*(player.room.flush(30.0) for player in stage.players))
            for task in listening:
                task.cancel()
            check(stage)
    return took


def check(stage: Stage) -> None:
    """Nothing was lost, doubled or overtaken, and everybody is who he was."""
    for room in stage.rooms:
        for player in room:
            others = [other for other in room if other is not player]
            wanted = {other.peer: list(range(other.said)) for other in others}
            assert dict(player.heard) == wanted
            assert (player.room.code, player.room.peer_id) == (player.code, player.peer)
            assert player.ends == []


async def test_killed_relay_loses_no_room_and_no_message(tmp_path: Path) -> None:
    """RES-7."""
    took = await live_through(tmp_path, rooms=3, members=3, restarts=1)

    print(f"all were back after {took[0]:.2f} s")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_relay_killed_five_times_loses_none_of_twenty_rooms(tmp_path: Path) -> None:
    """RES-7."""
    took = await live_through(tmp_path, rooms=20, members=4, restarts=5)

    print("all were back after", ", ".join(f"{seconds:.2f} s" for seconds in took))


async def test_crashed_program_takes_up_its_session_on_a_restarted_relay(tmp_path: Path) -> None:
    with KillableRelay(tmp_path) as relay:
        async with packhorse.host(relay.address) as host:
            guest_stack = AsyncExitStack()
            guest = await guest_stack.enter_async_context(packhorse.join(relay.address, host.code))
            await until(lambda: host.peers)
            saved = guest.saved_session
            guest._driver.close()  # the program is gone without a word
            await asyncio.to_thread(relay.kill_and_restart)

            async with packhorse.resume(relay.address, saved) as again:
                assert (again.code, again.peer_id) == (host.code, guest.peer_id)
                await next_of(host, packhorse.SessionResumed, within=_BACK_WITHIN)
                await until(lambda: host.peers == {again.peer_id} and not host.lost_peers)


async def test_relay_without_a_state_directory_ends_the_session_with_advice(
    tmp_path: Path,
) -> None:
    with KillableRelay(tmp_path / "one") as relay:
        async with packhorse.host(relay.address) as room:
            (tmp_path / "one" / "secret").write_bytes(bytes(32))
            await asyncio.to_thread(relay.kill_and_restart)
            error = await end_of(room, within=10.0)

    assert isinstance(error, packhorse.SessionClosedByError)
    assert error.code is packhorse.ErrorCode.SESSION_UNKNOWN
    assert "join again" in error.advice
