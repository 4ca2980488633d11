"""Direct paths of a member: offers, checks and data of peers that know every key, and time."""

from collections.abc import Iterable
from typing import Final

from tests.fuzz.direct_world import DirectWorld
from tests.fuzz.script import Script, written

_MEET: Final = ("welcome", 0, "offered", 0, 10, 4, 4, 1, 1, "tick", 4)
_WAYS: Final = (
    (*_MEET, "answer", 0, "tick", 4, "answer", 0, "post", 1, 0, "tick", 99, "data", 1, 10, 0),
    (*_MEET, "answer", 0, "answer", 0, "post", 1, 1, "wait", 1, "post", 0, 0, "wait", 3, "wait", 4),
    (*_MEET, "offered", 0, 20, 16, 0x14, 2, 1, "wait", 3, "offered", 0, 0, 9, 0x24, 3, 1),
    (*_MEET, "check", 0, 44, 9, "tick", 9, "check", 0, 45, 0, "again", 0, 0, 44, "answer", 7),
    (*_MEET, "offered", 0, 10, 4, 12, 9, 9, "tick", 3, "offered", 0, 10, 4, 5, 1, 1, "tick", 9),
    (*_MEET, "forget", 0, "welcome", 0, "tick", 1, "data", 1, 10, 0, "offer", 3, "tick", 9),
    ("welcome", 1, "welcome", 2, "offered", 1, 10, 16, 4, 1, 1, "offered", 2, 30, 16, 4, 1, 1),
    ("part", 1, 3, "welcome", 0, "offered", 0, 10, 4, 0x16, 1, 1, "tick", 99, "wait", 3, "wait", 5),
    (
        "part",
        2,
        3,
        "welcome",
        0,
        "offered",
        0,
        10,
        4,
        0x06,
        1,
        1,
        "tick",
        99,
        "wait",
        3,
        "forget",
        0,
    ),
    ("raw_signal", 0, b"\x81\x00\x22", "raw_seal", 0, 9, bytes(40), "wait", 5),
    (*_MEET, "answer", 0, "answer", 0, "wait", 4, "answer", 9, "wait", 4, "guess", 0, 10),
)


def seeds() -> Iterable[bytes]:
    """Return a script for each way that a path can go."""
    steps = list(DirectWorld(Script(b"")).steps)
    for seed in (0, 1):
        yield from (bytes([seed]) + written(steps, *way) for way in _WAYS)


def run(data: bytes) -> None:
    """Play a script against the paths."""
    script = Script(data)
    world = DirectWorld(script)
    script.play(world.steps)
    world.finish()
