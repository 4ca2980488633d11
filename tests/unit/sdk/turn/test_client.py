"""What a TURN server sends, byte by byte."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from aioice import stun

from packhorse.turn.client import TurnDrop, UdpTurnClient
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import RemoteProtocolError

PEER = TransportAddress("192.0.2.9", 5000)
SERVER = ("192.0.2.1", 3478)


class Wire(asyncio.DatagramTransport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def sendto(self, data: Any, _addr: Any = None) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return False


class Bench:
    """A client on a wire."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, TransportAddress]] = []
        self.drops: Counter[TurnDrop] = Counter()
        self.wire = Wire()
        self.client = UdpTurnClient(
            TransportAddress(*SERVER), "ann", "secret", 600, self._take, self.drops
        )
        self.client.connection_made(self.wire)

    def _take(self, data: bytes, source: TransportAddress) -> None:
        self.received.append((data, source))

    def arrive(self, data: bytes) -> None:
        self.client.datagram_received(data, SERVER)

    async def bind(self) -> None:
        """Bind a channel, both requests answered."""
        task = asyncio.create_task(self.client.bind_peer(PEER))
        for _ in range(2):
            await self._next_request()
            request = stun.parse_message(self.wire.sent[-1])
            self.arrive(answer_to(request, {}))
        await task

    async def _next_request(self) -> None:
        count = len(self.wire.sent)
        for _ in range(100):
            await asyncio.sleep(0)
            if len(self.wire.sent) > count:
                return
        raise AssertionError("nothing was sent")


def answer_to(request: stun.Message, attributes: dict[str, Any]) -> bytes:
    answer = stun.Message(
        request.message_method, stun.Class.RESPONSE, request.transaction_id, attributes
    )
    return bytes(answer)


async def test_family_is_asked_for_as_rfc_8656_says() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.client.allocate(6))
    await asyncio.sleep(0)
    request = bench.wire.sent[0]

    assert bytes.fromhex("0017 0004 02000000") in request
    assert bytes.fromhex("0019 0004 11000000") in request
    task.cancel()


async def test_answer_without_addresses_is_the_servers_fault() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.client.allocate(None))
    await asyncio.sleep(0)
    bench.arrive(answer_to(stun.parse_message(bench.wire.sent[0]), {"LIFETIME": 600}))

    with pytest.raises(RemoteProtocolError, match="lacks an address"):
        await task


async def test_channel_is_bound_after_a_permission_and_carries_bare_frames() -> None:
    bench = Bench()
    assert not bench.client.send_to(PEER, b"too early")
    await bench.bind()

    assert bench.client.send_to(PEER, b"hello")
    assert bench.wire.sent[-1] == bytes.fromhex("4000 0005") + b"hello"
    methods = [stun.parse_message(data).message_method for data in bench.wire.sent[:-1]]
    assert methods == [stun.Method.CREATE_PERMISSION, stun.Method.CHANNEL_BIND]
    bench.arrive(bytes.fromhex("4000 0003") + b"abc" + b"padding")
    assert bench.received == [(b"abc", PEER)]


@pytest.mark.parametrize(
    ("data", "drop"),
    [
        (b"", TurnDrop.MALFORMED),
        (b"\x40", TurnDrop.MALFORMED),
        (bytes.fromhex("4001 0000"), TurnDrop.UNKNOWN_CHANNEL),
        (bytes.fromhex("4000 0004 616263"), TurnDrop.MALFORMED),
        (b"\xff" * 40, TurnDrop.MALFORMED),
        # A LIFETIME of one byte, which the library's codec cannot read.
        (
            bytes.fromhex("0103 0008 2112a442")
            + b"transaction!"
            + bytes.fromhex("000d 0001 01000000"),
            TurnDrop.MALFORMED,
        ),
        (bytes.fromhex("0103 0000 2112a442") + b"transaction!", TurnDrop.UNKNOWN_TRANSACTION),
        (bytes.fromhex("0017 0000 2112a442") + b"transaction!", TurnDrop.MALFORMED),
        (bytes.fromhex("0001 0000 2112a442") + b"transaction!", TurnDrop.MALFORMED),
    ],
)
async def test_what_makes_no_sense_is_counted_and_harmless(data: bytes, drop: TurnDrop) -> None:
    bench = Bench()
    await bench.bind()

    bench.arrive(data)

    assert bench.drops == {drop: 1}
    assert bench.received == []


async def test_error_without_a_code_is_counted_not_raised() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.client.allocate(None))
    await asyncio.sleep(0)
    request = stun.parse_message(bench.wire.sent[0])
    bench.arrive(
        bytes(stun.Message(stun.Method.ALLOCATE, stun.Class.ERROR, request.transaction_id))
    )

    assert bench.drops == {TurnDrop.MALFORMED: 1}
    assert not task.done()
    task.cancel()


async def test_data_indication_is_handed_on_with_its_peer() -> None:
    bench = Bench()
    attributes = {"XOR-PEER-ADDRESS": ("192.0.2.8", 6000), "DATA": b"hello"}
    bench.arrive(
        bytes(stun.Message(stun.Method.DATA, stun.Class.INDICATION, attributes=attributes))
    )

    assert bench.received == [(b"hello", TransportAddress("192.0.2.8", 6000))]
