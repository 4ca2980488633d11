"""A member's session: datagrams of a relay that has its key, commands and time."""

from collections.abc import Iterable
from typing import Final

from packhorse.wire.constants import HEADER_SIZE, MAC_SIZE
from tests.fuzz.member_world import MemberWorld
from tests.fuzz.script import Script, written
from tests.support import vectors

_JOINED: Final = 0x40
_ZEROS: Final = (0, 0, 0, 0)
_WAYS: Final = (
    ("tick", 1, "challenge", *_ZEROS, "tick", 1, "grant", *_ZEROS, 0, "tick", 9),
    ("tick", 1, "challenge", *_ZEROS, "tick", 1, "error", 102, *_ZEROS, 0, "tick", 64),
    ("roster", 5, 0, 1, 3, 0, 0, 1, 0, 2, 1, "roster", 5, 1, 1, 1, 3, 0),
    ("events", 2, 3, 1, 3, 0, 4, 2, 3, 0, "events", 1, 9, 1, 4, 0, "tick", 99),
    ("data", 0, 2, 0, b"hi", "data", 0, 4, 0, b"early", "events", 1, 3, 1, 4, 0),
    ("data", 1, 2, 0, b"\2\0\0\x40\0\0hi", "tick", 64, "consume", 0, "data", 1, 2, 1, b"\0\0\0\0x"),
    ("send", 131, 2, 1, 9, 0, "tick", 8, "data", 1, 2, 0, b"\1\0\0\0\0\0\0", "tick", 64),
    ("send", 128, 0, 1, 9, 0, "send", 128, 0, 0, 0, 9, "measure", 2, "tick", 64),
    ("kick", 2, "tick", 1, "ack", 1, "ack", 2, "kick", 2, "wait", 3),
    ("leave", "tick", 1, "ack", 1, "ack", 2, "ack", 3),
    ("wait", 2, "pong", 1, 9, "tick", 200, "path", "wait", 3, "pong", 2, 9, "wait", 5),
    ("bind", "tick", 1, "challenge", *_ZEROS, "tick", 1, "bound", 9, 0, "tick", 1, "pong", 1, 9),
    ("tick", 1, "challenge", *_ZEROS, "tick", 1, "bound", 9, 0, "tick", 1, "pong", 1, 9),
    (
        "error",
        103,
        *_ZEROS,
        1,
        "tick",
        1,
        "challenge",
        *_ZEROS,
        "tick",
        1,
        "error",
        102,
        *_ZEROS,
        0,
    ),
    ("closed", 0, "foreign", b"x", "again", 0, 0, 0, 0, "again", 0, 1, 0, 9),
    ("error", 103, *_ZEROS, 1, "wait", 1, "error", 103, *_ZEROS, 1, "early", "raw", b"\xa7\0"),
)


def seeds() -> Iterable[bytes]:
    """Return a script for each way through a session, and some for the messages of vectors."""
    steps = list(MemberWorld(Script(b"")).steps)
    for options in (0, 1, 4, _JOINED, _JOINED + 2, _JOINED + 5, _JOINED + 8, 0x10):
        yield from (bytes([options]) + written(steps, *way) for way in _WAYS)
    for vector in vectors.load("ctrl")[::8]:
        yield b"\0" + written(steps, "tick", 1, "body", 0, vector.data[HEADER_SIZE:])
    for vector in vectors.load("seal")[::4]:
        body = vector.data[HEADER_SIZE:-MAC_SIZE]
        yield bytes([_JOINED]) + written(steps, "signed", body, "tick", 64)
    for vector in vectors.load("frames")[::4]:
        yield bytes([_JOINED]) + written(steps, "data", 1, 2, 0, vector.data, "tick", 64)


def run(data: bytes) -> None:
    """Play a script against a session."""
    script = Script(data)
    world = MemberWorld(script)
    script.play(world.steps)
    world.finish()
