"""Members of rooms of two that find out whether they reach each other directly.

Run: python -m tests.netns.traversal_member --relay HOST:PORT --rooms N      hosts; or with
     --codes A,B,.. --patience S                                  joins, one room after another.
Both send numbered messages to each other all the time. Prints JSON lines; times are of the
monotonic clock, which all namespaces of a machine share.
"""

import argparse
import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import packhorse
from packhorse import Mode
from tests.support.rooms_of_two import new_parser, play, tell

_END: Final = b"end"
_SETTLE: Final = 0.3  # seconds for what is on its way


class Talk:
    """What one member sends to the other, and what it hears."""

    def __init__(self, room: packhorse.Room, args: argparse.Namespace) -> None:
        self._room = room
        self._args = args
        self._interval = 1 / args.rate
        self._heard: dict[Mode, list[int]] = {Mode.RELIABLE: [], Mode.UNRELIABLE: []}
        self._sent = 0
        self._gap = 0.0
        self._heard_at: float | None = None
        self.first_heard: float | None = None
        self.began = time.monotonic()
        self.direct: float | None = None
        self.offered: float | None = None
        self._note_offers()
        self.lost_direct = 0
        self.has_changed = asyncio.Event()
        self.has_ended = asyncio.Event()

    def _note_offers(self) -> None:
        """Note when the first addresses of the peer come."""
        attachment = self._room._driver.session.direct
        if attachment is None:
            return
        paths = attachment._paths
        receive = paths.receive_signal

        def note(peer: int, data: bytes, **others: Any) -> None:
            self.offered = self.offered or time.monotonic()
            receive(peer, data, **others)

        setattr(paths, "receive_signal", note)  # noqa: B010 - a method

    async def listen(self) -> None:
        """Take events until the room ends."""
        async for event in self._room:
            match event:
                case packhorse.Message():
                    self._hear(event)
                case packhorse.PeerPathChanged(_, address):
                    self._note_path(address)
                case packhorse.PeerLeft():
                    self.has_ended.set()
                case _:
                    pass

    async def speak(self, peer: int) -> None:
        """Send numbers until cancelled."""
        while True:
            number = self._sent.to_bytes(4, "big")
            await self._room.send(number, to=peer, mode=Mode.UNRELIABLE)
            await self._room.send(number, to=peer, mode=Mode.RELIABLE)
            self._sent += 1
            await asyncio.sleep(self._interval)

    async def end(self, peer: int) -> None:
        """Tell the peer that nothing comes any more."""
        await asyncio.sleep(_SETTLE)
        await self._room.send(_END, to=peer, mode=Mode.RELIABLE)

    def _hear(self, message: packhorse.Message) -> None:
        now = time.monotonic()
        if message.data == _END:
            self.has_ended.set()
            return
        self.first_heard = self.first_heard or now
        if message.mode is Mode.UNRELIABLE:
            self._gap = max(self._gap, now - (self._heard_at or now))
            self._heard_at = now
        self._heard[message.mode].append(int.from_bytes(message.data, "big"))

    def _note_path(self, address: object) -> None:
        if address is None:
            self.lost_direct += 1
        else:
            self.direct = self.direct or time.monotonic()
        self.has_changed.set()
        if self._args.verbose:
            tell(path=address and str(address), t=time.monotonic())

    def report(self, number: int, peer: int) -> None:
        """Print what happened in one room."""
        path = self._room.peer_path(peer)
        tell(
            room=number,
            began=self.began,
            first_heard=self.first_heard,
            direct=self.direct,
            offered=self.offered,
            lost_direct=self.lost_direct,
            path=path and str(path),
            relay=self._room.path,
            sent=self._sent,
            gap=self._gap,
            reliable=self._heard[Mode.RELIABLE],
            plain=self._heard[Mode.UNRELIABLE],
        )


async def play_host(number: int, args: argparse.Namespace, code: "asyncio.Future[str]") -> None:
    """Wait for the other, talk until it ends, answer that."""
    wishes = {"relay_only": args.relay_only, "birthday": args.birthday}
    async with packhorse.host(args.relay, **wishes) as room:
        code.set_result(room.code)
        peer = await first_peer(room)
        talk = Talk(room, args)
        listening = asyncio.create_task(talk.listen())
        speaking = asyncio.create_task(talk.speak(peer))
        await talk.has_ended.wait()
        await stop(speaking)
        talk.report(number, peer)
        with suppress(packhorse.PackhorseError):
            await talk.end(peer)
            await room.flush()
        await stop(listening)


async def first_peer(room: packhorse.Room) -> int:
    """Return the id of the first who joins."""
    async for event in room:
        if isinstance(event, packhorse.PeerJoined):
            return event.peer
    raise AssertionError("the room was closed")


async def play_joiner(number: int, args: argparse.Namespace, code: str) -> None:
    """Join, talk until there is a direct path and a little longer, or until patience ends."""
    await asyncio.sleep(number * args.stagger)
    started = time.monotonic()
    wishes = {"relay_only": args.relay_only, "birthday": args.birthday}
    async with packhorse.join(args.relay, code, **wishes) as room:
        talk = Talk(room, args)
        listening = asyncio.create_task(talk.listen())
        speaking = asyncio.create_task(talk.speak(packhorse.HOST))
        if args.verbose:
            tell(ready=number, relay=room.path, took=talk.began - started)
        with suppress(TimeoutError):
            async with asyncio.timeout(args.patience):
                await talk.has_changed.wait()
        await asyncio.sleep(args.linger)
        await stop(speaking)
        await talk.end(packhorse.HOST)
        async with asyncio.timeout(15):
            await talk.has_ended.wait()
        talk.report(number, packhorse.HOST)
        await stop(listening)


async def stop(task: "asyncio.Task[None]") -> None:
    """Cancel a task, and raise what it met before."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def main() -> None:
    """Host or join rooms."""
    parser = new_parser()
    parser.add_argument("--patience", type=float, default=6.0)
    parser.add_argument("--linger", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--relay-only", action="store_true")
    parser.add_argument("--birthday", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    play(parser.parse_args(), play_host, play_joiner)


if __name__ == "__main__":
    main()
