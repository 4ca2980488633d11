"""Run a room's work until it fails or a signal ends it, with a status line meanwhile."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Final

from packhorse.cli.output import Output
from packhorse.middleman.room_face import RoomFace
from packhorse.middleman.traffic import Traffic
from packhorse.wire.errors import PackhorseError

_STATUS_INTERVAL: Final = 1.0  # seconds
_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # where the system has them


def run_until_stopped(
    work: Coroutine[None, None, None], output: Output, traffic: Traffic, *, waiting: str
) -> int:
    """Run `work`; returns exit code 0 when a signal or the work itself ended it.

    Args:
        work: Enters a room and carries.
        output: Shows it.
        traffic: Counts what is carried.
        waiting: What it does before it is in the room, for the status line.

    Raises:
        PackhorseError: The work failed.
    """
    if output.has_status:
        output.show_status(waiting)
    try:
        asyncio.run(until_signal(work))
    except PackhorseError as error:
        output.close(traffic, error)
        raise
    output.close(traffic, None)
    return 0


async def until_signal(work: Coroutine[None, None, None]) -> None:
    """Run `work` to its end, or until a signal cancels it.

    Raises:
        PackhorseError: The work failed.
    """
    stop = asyncio.Event()
    _on_signals(stop)
    working = asyncio.create_task(work, name="packhorse-work")
    stopping = asyncio.create_task(stop.wait(), name="packhorse-stop")
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopping):
        task.cancel()  # the work leaves its room on the way out
    await asyncio.gather(working, stopping, return_exceptions=True)
    if not working.cancelled():
        working.result()


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


@asynccontextmanager
async def status_line(
    output: Output,
    room: RoomFace,
    traffic: Traffic,
    *,
    is_held: Callable[[], bool] = lambda: False,
    prompt: str = "",
) -> AsyncIterator[None]:
    """Show once a second what is going on, where that is of use.

    Args:
        output: Shows it.
        room: Joined.
        traffic: Counts what is carried.
        is_held: Tells that somebody is about to type, so that what is shown must not change.
        prompt: Stands behind it, where somebody may type.
    """
    if not output.has_status:
        yield
        return
    task = asyncio.create_task(
        _show_status(output, room, traffic, is_held, prompt), name="packhorse-status"
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _show_status(
    output: Output, room: RoomFace, traffic: Traffic, is_held: Callable[[], bool], prompt: str
) -> None:
    then, before = time.monotonic(), _counts(traffic)
    while True:
        now, counts = time.monotonic(), _counts(traffic)
        elapsed = max(now - then, _STATUS_INTERVAL)
        rates = [(count - old) / elapsed for count, old in zip(counts, before, strict=True)]
        if not is_held():
            text = status_text(room, *rates[:2]) + tcp_status_text(traffic, *rates[2:])
            output.show_status(text + prompt)
        then, before = now, counts
        await asyncio.sleep(_STATUS_INTERVAL)


def _counts(traffic: Traffic) -> tuple[int, int, int, int]:
    tcp = traffic.tcp
    return traffic.to_room, traffic.from_room, tcp.bytes_to_room, tcp.bytes_from_room


def status_text(room: RoomFace, up_rate: float, down_rate: float) -> str:
    """Return the status line.

    Args:
        room: Joined.
        up_rate: Datagrams a second to the room.
        down_rate: Datagrams a second from the room.
    """
    rtt = "" if room.rtt is None else f"  RTT to the relay {room.rtt * 1000:.0f} ms"
    count = len(room.peers)
    peers = "1 other peer" if count == 1 else f"{count} other peers"
    return f"{peers}  to room {up_rate:.0f}/s  from room {down_rate:.0f}/s{rtt}"


def tcp_status_text(traffic: Traffic, up_rate: float, down_rate: float) -> str:
    """Return what the status line says of TCP; nothing where it is not carried.

    Args:
        traffic: Counts since the start.
        up_rate: Bytes a second to the room.
        down_rate: Bytes a second from the room.
    """
    if not traffic.has_tcp:
        return ""
    return f"  TCP {traffic.tcp.open} open, {up_rate / 1e6:.1f} MB/s up, {down_rate / 1e6:.1f} down"
