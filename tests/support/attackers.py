"""Members who abuse a relay on loopback; each runs as a process of its own.

    python -m tests.support.attackers broadcast|stall PORT SECONDS

Prints "ready" when the attack begins, and at the end what came of it, in JSON.
"""

import asyncio
import json
import select
import sys
import time
from contextlib import AsyncExitStack, suppress
from secrets import token_bytes
from typing import Final

from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import FirstByte, MemberState
from packhorse.wire.room_code import RoomCode
from packhorse_relay.bench.members import Member, join_room
from tests.support.relay_process import LOOPBACK
from tests.support.websocket_client import RawWebSocket

Result = dict[str, int | list[int]]

PAYLOAD: Final = bytes(1194)  # 1200 with the header
READERS: Final = 16  # as many as one source may have
_HOUSEHOLD: Final = 8  # members of one source address
_PATIENCE: Final = 0.2  # seconds for an answer; then the session says it again
_TURN: Final = 0.002  # seconds


def main() -> None:
    """Attack as the command line says."""
    attack, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    attacks = {"broadcast": broadcast, "stall": stall}
    told = attacks[attack](port, seconds)
    print(json.dumps(told))


def broadcast(port: int, seconds: float) -> Result:
    """Let a client of a room of 64 send ten times what it may, to all."""
    members = _full_room(port)
    rate = 10 * c.CLIENT_BYTE_RATE / ((c.MAX_PEERS - 1) * len(PAYLOAD))
    flood = members[7].datagram_to(0, PAYLOAD)
    epoll = select.epoll()
    sockets = {member.sock.fileno(): member.sock for member in members}
    for number in sockets:
        epoll.register(number, select.EPOLLIN)
    print("ready", flush=True)
    sent, copies, began = 0, 0, time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        while sent < elapsed * rate:
            members[7].sock.send(flood)
            sent += 1
        for number, _ in epoll.poll(_TURN):
            with suppress(BlockingIOError):
                while True:
                    copies += sockets[number].recv(2048)[0] == FirstByte.DATA
    return {"sent": sent, "copies": copies, "octets": copies * (c.HEADER_SIZE + len(PAYLOAD))}


def _full_room(port: int) -> list[Member]:
    """Return as many members as one room holds, from addresses of which each has a few."""
    relay = (LOOPBACK, port)
    host, session = join_room(relay, CreateRoom(), "127.3.0.1")
    wish = JoinRoom(session.code)
    sources = [f"127.3.0.{number // _HOUSEHOLD + 1}" for number in range(1, c.MAX_PEERS)]
    return [host, *(join_room(relay, wish, source)[0] for source in sources)]


def stall(port: int, seconds: float) -> Result:
    """Join over WebSocket and read nothing of what a member of the room sends all the time."""
    return asyncio.run(_stall(port, seconds))


async def _stall(port: int, seconds: float) -> Result:
    host, session = join_room((LOOPBACK, port), CreateRoom(), "127.3.0.1")
    flood = host.datagram_to(0, PAYLOAD)
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(RawWebSocket(port, receive_buffer=4096))
            for _ in range(READERS)
        ]
        for reader in readers:
            await _join(reader, port, RoomCode(session.code))
        print("ready", flush=True)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            with suppress(BlockingIOError):
                host.sock.send(flood)
            host.keep_session()
            await asyncio.sleep(_TURN)
        return {"closed": [await reader.closed() for reader in readers]}


async def _join(reader: RawWebSocket, port: int, code: RoomCode) -> None:
    relay = TransportAddress(LOOPBACK, port)
    loop = asyncio.get_running_loop()
    session = MemberSession(JoinRoom(code), relay, token_bytes, now=loop.time())
    while session.state is not MemberState.JOINED:
        assert session.state is not MemberState.CLOSED
        session.handle_timeout(now=loop.time())
        for datagram, _ in session.datagrams_to_send():
            reader.send_datagram(datagram)
        with suppress(TimeoutError):
            answer = await asyncio.wait_for(reader.receive(), _PATIENCE)
            session.receive_datagram(answer, relay, now=loop.time())


if __name__ == "__main__":
    main()
