"""Each data plane in a relay process: what it carries, and what the operator is told."""

import asyncio
import json
import sys
from typing import Final

import pytest

import packhorse
from packhorse import Mode
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.dataplane.choice import NAMES
from tests.support.processes import Started

COUNT: Final = 200  # messages of each member


async def hear(room: packhorse.Room, count: int) -> list[bytes]:
    """Return so many messages."""
    messages = list[bytes]()
    async for event in room:
        if isinstance(event, packhorse.Message):
            messages.append(event.data)
            if len(messages) == count:
                break
    return messages


@pytest.mark.parametrize("dataplane", NAMES)
async def test_bursts_among_ipv4_ipv6_and_websocket_arrive_in_order(
    dataplane: str, request: pytest.FixtureRequest
) -> None:
    if dataplane == "kernel":
        request.getfixturevalue("bpf")
    async with (
        RelayServer(bind=["127.0.0.1", "::1"], port=0, dataplane=dataplane) as relay,
        packhorse.host(f"127.0.0.1:{relay.port}") as host,
        packhorse.join(f"127.0.0.1:{relay.port}", host.code) as second,
        packhorse.join(f"[::1]:{relay.port}", host.code) as third,
        packhorse.join(f"ws://127.0.0.1:{relay.port}", host.code) as fourth,
        asyncio.timeout(20),
    ):
        rooms = [host, second, third, fourth]
        for number in range(COUNT):
            for room in rooms:
                label = b"%d %d" % (room.peer_id, number)
                await room.send(label, mode=Mode.RELIABLE)
        heard = await asyncio.gather(*(hear(room, 3 * COUNT) for room in rooms))

        for room, messages in zip(rooms, heard, strict=True):
            for other in rooms:
                start = b"%d " % other.peer_id
                mine = [int(each.split()[1]) for each in messages if each.startswith(start)]
                assert mine == ([] if other is room else [*range(COUNT)])
        assert relay.drops.total() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the best there differs")
def test_operator_is_told_which_data_plane_auto_took() -> None:
    command = [sys.executable, "-m", "packhorse", "relay", "--json", "--port", "0"]
    with Started([*command, "--bind", "127.0.0.1", "--set", "log_level=info"]) as relay:
        told = json.loads(relay.wait_for('"listening"'))

        assert told["dataplane"] == "batched"
        assert any("data plane batched" in line for line in relay.lines)
