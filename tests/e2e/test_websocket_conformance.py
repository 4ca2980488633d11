"""RFC 6455 at the relay's socket: what is refused with which code, and what is not.

After the cases of the Autobahn test suite, as far as they concern a server that takes
binary messages only; it echoes nothing, so that datagrams are seen in what it counts.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final, NamedTuple

import pytest

import packhorse
from packhorse.wire.constants import WS_MAX_MESSAGE, DropReason
from packhorse_relay.aio.server import RelayServer
from tests.support.raw_frames import (
    BINARY,
    CLOSE,
    CONT,
    PING,
    PONG,
    TEXT,
    Heard,
    RawClient,
    close,
    frame,
)
from tests.support.relays import LOOPBACK, address_of, patient_settings
from tests.support.waiting import next_of, until

NORMAL, PROTOCOL, UNSUPPORTED, NO_UTF8, TOO_BIG = 1000, 1002, 1003, 1007, 1009
ALIVE: Final = b"still alive"
STRAY: Final = b"xxx"  # a datagram that is counted as too short
NOT_UTF8: Final = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"


class Case(NamedTuple):
    """What a client sends after the handshake, and what comes of it."""

    name: str
    data: bytes
    code: int | None = None
    """With which the relay closes; None: it does not."""
    datagrams: int = 0
    """Messages of `STRAY` that reach the relay."""
    pongs: tuple[bytes, ...] = ()


def start(payload: bytes = STRAY[:1], opcode: int = BINARY) -> bytes:
    return frame(opcode, payload, fin=False)


def rest(payload: bytes = STRAY[1:], *, fin: bool = True) -> bytes:
    return frame(CONT, payload, fin=fin)


def in_8_bytes(size: int) -> bytes:
    """Return a length in its longest form, as `frame` takes it."""
    return b"\x7f" + size.to_bytes(8, "big")


def after(name: str, data: bytes, code: int) -> Case:
    """Return a case in which a good message comes before what is wrong, and one after."""
    return Case(name, frame(BINARY, STRAY) + data + frame(BINARY, STRAY), code, datagrams=1)


RESERVED_BITS: Final = [
    Case(f"rsv {rsv} on opcode {opcode}", frame(opcode, b"", rsv=rsv), PROTOCOL)
    for rsv in range(1, 8)
    for opcode in (TEXT, BINARY, CLOSE, PING, PONG)
]
RESERVED_OPCODES: Final = [
    case
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    for case in (
        Case(f"opcode {opcode} without payload", frame(opcode), PROTOCOL),
        after(f"opcode {opcode} with payload after a message", frame(opcode, b"hi"), PROTOCOL),
    )
]
MASKS: Final = [
    Case(f"unmasked opcode {opcode}", frame(opcode, b"", mask=None), PROTOCOL)
    for opcode in (CONT, TEXT, BINARY, CLOSE, PING, PONG)
] + [
    after("unmasked message after a masked one", frame(BINARY, STRAY, mask=None), PROTOCOL),
    Case("mask of zeros", frame(BINARY, STRAY, mask=bytes(4)), datagrams=1),
    Case("mask of ones", frame(BINARY, STRAY, mask=b"\xff" * 4), datagrams=1),
]
PINGS: Final = [
    Case("ping without payload", frame(PING), pongs=(b"",)),
    Case("ping with text", frame(PING, b"Hello, world!"), pongs=(b"Hello, world!",)),
    Case("ping with binary", frame(PING, b"\0\xff\xfe\xfd"), pongs=(b"\0\xff\xfe\xfd",)),
    Case("ping of 125 bytes", frame(PING, b"\xfe" * 125), pongs=(b"\xfe" * 125,)),
    Case("ping of 126 bytes", frame(PING, b"\xfe" * 126), PROTOCOL),
    Case("pong of 126 bytes", frame(PONG, b"\xfe" * 126), PROTOCOL),
    Case("close of 126 bytes", close(NORMAL, b"x" * 124), PROTOCOL),
    Case("ping whose length is in 8 bytes", frame(PING, length=in_8_bytes(0)), pongs=(b"",)),
    Case("unsolicited pong", frame(PONG)),
    Case("unsolicited pong with payload", frame(PONG, b"unsolicited")),
    Case("pong, then ping", frame(PONG, b"no") + frame(PING, b"yes"), pongs=(b"yes",)),
    Case(
        "ten pings in one segment",
        b"".join(frame(PING, bytes([n])) for n in range(10)),
        pongs=tuple(bytes([n]) for n in range(10)),
    ),
    Case("fragmented ping", frame(PING, b"a", fin=False) + rest(b"b"), PROTOCOL),
    Case("fragmented pong", frame(PONG, b"a", fin=False) + rest(b"b"), PROTOCOL),
    Case("fragmented close", frame(CLOSE, b"\x03", fin=False) + rest(b"\xe8"), PROTOCOL),
]
FRAGMENTS: Final = [
    Case("message in two fragments", start() + rest(), datagrams=1),
    Case(
        "message in fragments of one byte",
        start() + rest(b"x", fin=False) + rest(b"x"),
        datagrams=1,
    ),
    Case("message in fragments, all empty but one", start(b"") + rest(STRAY), datagrams=1),
    Case("message whose last fragment is empty", start(STRAY) + rest(b""), datagrams=1),
    Case(
        "ping between fragments",
        start() + frame(PING, b"p") + rest(),
        datagrams=1,
        pongs=(b"p",),
    ),
    Case("pong between fragments", start() + frame(PONG, b"p") + rest(), datagrams=1),
    Case(
        "two messages in fragments, each with a ping",
        2 * (start() + frame(PING, b"p") + rest()),
        datagrams=2,
        pongs=(b"p", b"p"),
    ),
    Case("fragment that begins nothing", rest(fin=False), PROTOCOL),
    Case("last fragment that ends nothing", rest(), PROTOCOL),
    Case("empty fragment that begins nothing", rest(b"", fin=False), PROTOCOL),
    after("fragment after a whole message", rest(), PROTOCOL),
    Case("fragment after the last one", start() + rest() + rest(), PROTOCOL, datagrams=1),
    Case("message inside another", start() + frame(BINARY, STRAY), PROTOCOL),
    Case("beginning inside another message", start() + start(), PROTOCOL),
    Case("text inside a message", start() + frame(TEXT, b"x"), PROTOCOL),
    Case("close in the middle of a message", start() + close(NORMAL), PROTOCOL),
]
TEXTS: Final = [
    Case("text", frame(TEXT, b"Hello"), UNSUPPORTED),
    Case("text without payload", frame(TEXT), UNSUPPORTED),
    Case("text that is not UTF-8", frame(TEXT, NOT_UTF8), UNSUPPORTED),
    Case("beginning of a text", start(b"Hi", TEXT), UNSUPPORTED),
    Case("text in fragments, not UTF-8", start(NOT_UTF8[:12], TEXT) + rest(), UNSUPPORTED),
    after("text after a message", frame(TEXT, b"Hello"), UNSUPPORTED),
]
GOOD_CODES: Final = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
BAD_CODES: Final = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535)
CLOSES: Final = [
    *(Case(f"close with {code}", close(code), code) for code in GOOD_CODES),
    *(Case(f"close with the reserved {code}", close(code), PROTOCOL) for code in BAD_CODES),
    Case("close with reason", close(NORMAL, b"good bye"), NORMAL),
    Case("close with the longest reason", close(NORMAL, b"x" * 123), NORMAL),
    Case("close with half a code", frame(CLOSE, b"\x03"), PROTOCOL),
    Case("close whose reason is not UTF-8", close(NORMAL, NOT_UTF8), NO_UTF8),
    Case("close whose reason is cut within a character", close(NORMAL, b"\xc3"), NO_UTF8),
    Case("message after close", close(NORMAL) + frame(BINARY, STRAY), NORMAL),
    Case("ping after close", close(NORMAL) + frame(PING, b"late"), NORMAL),
    Case("close twice", close(NORMAL) + close(1001), NORMAL),
    Case("garbage after close", close(NORMAL) + b"\xff" * 40, NORMAL),
]
LENGTHS: Final = [
    Case("message of 3 bytes, length in 2", frame(BINARY, STRAY, length=b"\x7e\0\3"), datagrams=1),
    Case("longest message", frame(BINARY, bytes(WS_MAX_MESSAGE))),
    Case("message that is too long by one", frame(BINARY, bytes(WS_MAX_MESSAGE + 1)), TOO_BIG),
    Case("length of 65,535, and no more", frame(BINARY, length=b"\x7e\xff\xff"), TOO_BIG),
    Case("length of 65,536, and no more", frame(BINARY, length=in_8_bytes(1 << 16)), TOO_BIG),
    Case("length of 2^62, and no more", frame(BINARY, length=in_8_bytes(1 << 62)), TOO_BIG),
    Case(
        "length of 2^64 - 1, and no more", frame(BINARY, length=in_8_bytes((1 << 64) - 1)), TOO_BIG
    ),
    Case("text of 2^62, and no more", frame(TEXT, length=in_8_bytes(1 << 62)), TOO_BIG),
    Case("fragments that are too long together", start(bytes(2000)) + rest(bytes(2000)), TOO_BIG),
]
CASES: Final = [
    *RESERVED_BITS,
    *RESERVED_OPCODES,
    *MASKS,
    *PINGS,
    *FRAGMENTS,
    *TEXTS,
    *CLOSES,
    *LENGTHS,
]


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    settings = replace(
        patient_settings(),
        websocket_connections_per_source=len(CASES),
        websocket_accept_rate=10_000.0,
    )
    async with RelayServer(bind=[LOOPBACK], port=0, settings=settings) as server:
        yield server


async def outcome(port: int, case: Case, piece: int) -> tuple[int | None, list[bytes]]:
    """Send a case, then a ping to see the connection live; returns code and pongs."""
    pongs: list[bytes] = []
    async with RawClient(port) as client:
        await client.send(case.data + frame(PING, ALIVE) * (case.code is None), piece=piece)
        while (heard := await client.hear()) != Heard(PONG, ALIVE):
            assert heard is not None, "ended without a close frame"
            if heard.opcode == CLOSE:
                assert await client.hear() is None, "something after the close frame"
                return heard.code, pongs
            assert heard.opcode == PONG
            pongs.append(heard.payload)
    return None, pongs


def test_cases_are_many_and_have_names_of_their_own() -> None:
    assert len(CASES) >= 100
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("piece", [1 << 20, 1], ids=["at_once", "byte_by_byte"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_frames_have_the_outcome_that_the_rfc_says(
    relay: RelayServer, case: Case, piece: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert await outcome(relay.port, case, piece) == (case.code, list(case.pongs))

    await until(lambda: relay.websocket_count == 0)
    assert relay.drops[DropReason.TOO_SHORT] == case.datagrams
    assert relay.drops[DropReason.INTERNAL_ERROR] == 0
    assert [record.message for record in caplog.records] == []


async def test_all_cases_together_do_not_disturb_a_room(relay: RelayServer) -> None:
    address = address_of(relay)
    async with packhorse.host(address) as host, packhorse.join(address, host.code) as guest:
        await next_of(host, packhorse.PeerJoined)
        found = await asyncio.gather(*(outcome(relay.port, case, 7) for case in CASES))
        assert await guest.ping_peer(packhorse.HOST) < 1.0

    assert [code for code, _ in found] == [case.code for case in CASES]
    assert relay.drops[DropReason.TOO_SHORT] == sum(case.datagrams for case in CASES)
    await until(lambda: relay.websocket_count == 0)
