"""The relay's core: datagrams from members and strangers, interleaved with time."""

from collections.abc import Iterable
from typing import Final

from packhorse.wire.constants import HEADER_SIZE, MAC_SIZE
from tests.fuzz.guarded_world import GuardedWorld
from tests.fuzz.script import Script, written
from tests.support import vectors

_WITH_ROOM: Final = 0x40
_WITH_LEGACY: Final = 0x80


def seeds() -> Iterable[bytes]:
    """Return a script for each way through a relay, and some for the datagrams of the vectors."""
    steps = list(GuardedWorld(Script(b"")).steps)
    for room in (0, 1, 2, _WITH_ROOM, _WITH_ROOM + 1, _WITH_ROOM + 0x20):
        yield bytes([room]) + b"".join(written(steps, *way) for way in _WAYS)
    yield from (bytes([_WITH_ROOM]) + written(steps, *way) for way in _WAYS)
    for room in (_WITH_ROOM + 2, _WITH_ROOM + 0x20):  # neither of few places
        yield from (bytes([room]) + written(steps, *way) for way in _DOORS)
    yield bytes([_WITH_LEGACY]) + b"".join(written(steps, *way) for way in _LEGACY)
    for topic in ("header", "ctrl"):
        yield from (b"\0" + written(steps, "raw", v.data, 0) for v in vectors.load(topic)[::8])
    for vector in vectors.load("seal")[::8]:
        body = vector.data[HEADER_SIZE:-MAC_SIZE]
        yield bytes([_WITH_ROOM]) + written(steps, "signed", 0, body, 0)


_WAYS: Final = (
    ("hello", 5, 1, "create", 5, 1, 0x10),
    ("hello", 4, 1, "join", 4, 1, 0, "join", 4, 1, 0),
    ("ping", 1, 0, "sync", 2, 1, 0),
    ("data", 0, 128, 0, 9, 0, 0, "data", 1, 129, 4, 0, 1, 0),
    ("prove", 1, 3, "data", 0, 128, 0, 9, 1, 0, "ping", 1, 0),
    ("kick", 2, 0, 0, "kick", 0x83, 0, 0),
    ("leave", 2, 0, "again", 0, 0, 0, 0, 2),
    ("wait", 2, "ping", 1, 0, "wait", 3, "ping", 0, 0),
    ("leave", 0, 0, "ping", 1, 0, "wait", 5),
    ("skip", 1, 0, 0, 0, 100, "ping", 1, 0, "again", 3, 0, 0, 0, 1),
    ("hello", 5, 9, "join", 5, 9, 0x80, "join", 5, 9, 0x80, "join", 5, 9, 0, "wait", 1),
    ("wear", 1, "ping", 1, 0, "ping", 1, 0, "wear", 0, "sync", 0, 0, 0, "ping", 0, 0),
    *[("data", 0, 129, 4, 0, 1, 0)] * 4,
    ("wait", 2, "wait", 3, "hello", 0, 8, "create", 0, 8, 0),
    ("bind", 1, 3, 7, 0, "ping", 3, 0, "data", 0, 129, 0, 9, 3, 0, "bind", 1, 4, 8, 1),
    ("bind", 1, 3, 7, 4, "bind", 2, 2, 9, 2, "restart", "bind", 2, 2, 9, 2, "ping", 1, 0),
    ("restart", "bind", 1, 1, 4, 0, "bind", 0, 0, 5, 0, "ping", 0, 0, "wait", 3, "wait", 4),
    ("wait", 2, "ping", 1, 0, "consent", 1, 0, "wait", 2, "ping", 1, 0, "wait", 4),
    ("tick", 200, "early", "body", 7, b"\x81\x00\x01", 2),
)
_DOORS: Final = (
    ("change", 16 + 32, 8, 0, 0, "hello", 5, 1, "list", 5, 1, 0, 0, "change", 16, 0, 0, 0),
    (
        "change",
        8,
        4,
        0,
        0,
        "hello",
        5,
        9,
        "knock",
        5,
        9,
        0,
        0,
        "decide",
        1,
        1,
        0,
        0,
        "decide",
        1,
        1,
    ),
    ("change", 8, 4, 0, 0, "hello", 5, 9, "knock", 5, 9, 0, 0, "decide", 0, 0, 0, 0, "wait", 3),
    ("change", 8, 4, 0, 0, "hello", 5, 9, "knock", 5, 9, 0, 0, "wait", 2, "knock", 5, 9, 0, 0),
    ("change", 64, 1, 0, 0, "hello", 4, 9, "knock", 4, 9, 0, 2, "knock", 4, 9, 0, 1, "wait", 1),
    ("change", 4, 2, 0, 0, "hello", 4, 9, "knock", 4, 9, 0, 0, "change", 6, 0, 0, 0, "wait", 3),
    ("leave", 1, 0, "leave", 2, 0, "change", 1, 1, 0, 0, "signal", 1, 1, b"x", 0, 0),
    ("signal", 1, 1, b"offer", 0, 0, "signal", 0, 0, b"answer", 1, 0, "signal", 2, 1, b"x", 1, 0),
)
_LEGACY: Final = (
    ("legacy", 0, b"", 0, "legacy", 1, b"", 2, "legacy", 0, b"hi", 2, "legacy", 1, b"hi", 0),
    ("tick", 32, "legacy", 0, b"", 5, "wait", 2, "legacy", 0, b"", 5, "wait", 3),
)


def run(data: bytes) -> None:
    """Play a script against a relay."""
    script = Script(data)
    world = GuardedWorld(script)
    script.play(world.steps)
    world.finish()
