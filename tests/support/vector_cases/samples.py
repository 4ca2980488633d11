"""Every message twice: with as little and with as much as it may hold."""

from typing import Final

from tests.support.vector_cases.build import Values, unhex

NONCE: Final = bytes(range(16))
COOKIE: Final = unhex("68000000 000102030405060708090a0b0c0d0e0f")
OFFER: Final[Values] = {"version_min": 1, "version_max": 1, "features": 0, "nonce": NONCE}
_FULL_OFFER: Final[Values] = {
    "version_min": 255,
    "version_max": 255,
    "features": 2**32 - 1,
    "nonce": b"\xff" * 16,
}
_MAX: Final = 2**32 - 1
_LARGEST_PEER: Final = 2**31 - 1

GRANT: Final[Values] = {
    "version": 1,
    "features": 0,
    "max_datagram": 256,
    "topology": 0,
    "max_peers": 2,
    "code": "",
    "session": 0,
    "tag": 0,
    "key": bytes(32),
    "peer": 1,
    "rev": 0,
    "ping_interval_ms": 100,
    "lost_after_ms": 1000,
    "removed_after_ms": 1000,
    "mapped": unhex("c0000201 0000"),
}
_FULL_GRANT: Final[Values] = {
    "version": 255,
    "features": _MAX,
    "max_datagram": 1406,
    "topology": 1,
    "max_peers": 1024,
    "code": "K7QM2XPA",
    "pad": bytes(900),
    "session": _MAX,
    "tag": 255,
    "key": bytes(range(224, 256)),
    "peer": _LARGEST_PEER,
    "rev": _MAX,
    "ping_interval_ms": 60000,
    "lost_after_ms": 600000,
    "removed_after_ms": 3600000,
    "mapped": unhex("20010db8000000000000000000000001 ffff"),
    "resume_ticket": bytes(256),
    "proof": b"\xff" * 16,
}

CTRL: Final[dict[str, tuple[Values, Values]]] = {
    "HELLO": (OFFER, {**_FULL_OFFER, "pad": bytes(1180)}),
    "CHALLENGE": (
        {"version": 1, "features": 0, "cookie": COOKIE},
        {"version": 255, "features": _MAX, "cookie": b"\xff" * 20},
    ),
    "CREATE": (
        {**OFFER, "cookie": COOKIE, "max_datagram": 256},
        {
            **_FULL_OFFER,
            "cookie": b"\xff" * 20,
            "max_datagram": 1406,
            "topology": 1,
            "max_peers": 1024,
            "ticket": b"\xff" * 100,
            "access": b"\xff" * 32,
            "locked": True,
        },
    ),
    "JOIN": (
        {**OFFER, "cookie": COOKIE, "max_datagram": 256, "code": ""},
        {
            **_FULL_OFFER,
            "cookie": b"\xff" * 20,
            "max_datagram": 1406,
            "code": "ZZZZZZZZ",
            "ticket": b"\xff" * 100,
            "access": b"\xff" * 32,
            "proof": b"\xff" * 32,
            "name": "é" * 32,
        },
    ),
    "GRANT": (GRANT, _FULL_GRANT),
    "ERROR": (
        {"code": 1},
        {"version_min": 255, "version_max": 255, "code": 65535, "retry_after_ms": 3600000},
    ),
    "NUDGE": ({}, {}),
    "BIND": (
        {**OFFER, "cookie": COOKIE, "max_datagram": 256, "session": 0, "proof": bytes(16)},
        {
            **_FULL_OFFER,
            "cookie": b"\xff" * 20,
            "max_datagram": 1406,
            "session": _MAX,
            "resume_ticket": b"\xff" * 256,
            "proof": b"\xff" * 16,
            "restarted": True,
            "guarded": True,
        },
    ),
    "PENDING": ({}, {}),
    "LIST_ROOMS": (
        {**OFFER, "cookie": COOKIE, "max_datagram": 576, "after": ""},
        {
            **_FULL_OFFER,
            "cookie": b"\xff" * 20,
            "max_datagram": 1406,
            "after": "ZZZZZZZZ",
            "ticket": b"\xff" * 100,
            "access": b"\xff" * 32,
        },
    ),
    "ROOM_LIST": ({"rooms": b"", "more": False}, {"rooms": bytes(1180), "more": True}),
}

_EVENTS: Final = [[rev, rev % 4 + 1, 2 + rev, 403] for rev in range(1, 33)]
_ROSTER: Final = [[_LARGEST_PEER - 64 + n, n * 2 + n % 2] for n in range(64)]  # n restarts

SEAL: Final[dict[str, tuple[Values, Values]]] = {
    "PING": ({"seq": 1}, {"seq": _MAX, "pad": bytes(64)}),
    "PONG": (
        {"seq": 1, "ping": 1, "rev": 0, "mapped": unhex("c0000201 0000")},
        {
            "seq": _MAX,
            "ping": _MAX,
            "rev": _MAX,
            "mapped": unhex("20010db8000000000000000000000001 ffff"),
            "resume_ticket": b"\xff" * 256,
        },
    ),
    "SYNC": ({"seq": 1, "since": 0}, {"seq": _MAX, "since": _MAX}),
    "EVENTS": ({"seq": 1, "events": []}, {"seq": _MAX, "events": _EVENTS}),
    "ROSTER": (
        {"seq": 1, "rev": 0, "page": 0, "pages": 1, "peers": []},
        {
            "seq": _MAX,
            "rev": _MAX,
            "page": 15,
            "pages": 16,
            "peers": _ROSTER,
            "recovering": True,
        },
    ),
    "LEAVE": ({"seq": 1}, {"seq": _MAX}),
    "KICK": ({"seq": 1, "peer": 2}, {"seq": _MAX, "peer": _LARGEST_PEER, "ban": True}),
    "ACK": ({"seq": 1, "request": 1, "code": 0}, {"seq": _MAX, "request": _MAX, "code": 65535}),
    "CLOSED": ({"seq": 1, "code": 0}, {"seq": _MAX, "code": 65535}),
    "PATH_CHALLENGE": (
        {"seq": 1, "challenge": bytes(8)},
        {"seq": _MAX, "challenge": b"\xff" * 8},
    ),
    "PATH_RESPONSE": (
        {"seq": 1, "challenge": bytes(8)},
        {"seq": _MAX, "challenge": b"\xff" * 8},
    ),
    "DRAIN": ({"seq": 1, "deadline_ms": 0}, {"seq": _MAX, "deadline_ms": 3600000}),
    "LIMITED": (
        {"seq": 1, "bytes_per_second": 0, "datagrams_per_second": 0, "dropped": 0},
        {
            "seq": _MAX,
            "bytes_per_second": _MAX,
            "datagrams_per_second": _MAX,
            "dropped": _MAX,
        },
    ),
    "SET_ROOM": (
        {"seq": 1},
        {
            "seq": _MAX,
            "nonce": b"\xff" * 16,
            "topology": 1,
            "max_peers": 1024,
            "locked": True,
            "approval": True,
            "listed": True,
            "metadata": b"\xff" * 512,
            "password": b"\xff" * 32,
            "no_password": True,
        },
    ),
    "JOIN_REQUEST": (
        {"seq": 1, "request": 1, "name": ""},
        {"seq": _MAX, "request": _MAX, "name": "é" * 32},
    ),
    "ADMIT": (
        {"seq": 1, "request": 1, "admit": False},
        {"seq": _MAX, "request": _MAX, "admit": True},
    ),
    "SIGNAL": (
        {"seq": 1, "peer": 1, "data": b""},
        {"seq": _MAX, "peer": _LARGEST_PEER, "data": b"\xff" * 512, "show": True},
    ),
    "SIGNALED": (
        {"seq": 1, "peer": 1, "data": b""},
        {"seq": _MAX, "peer": _LARGEST_PEER, "data": b"\xff" * 512, "mapped": b"\xff" * 18},
    ),
    "OFFER": (
        {
            "seq": 1,
            "tag": 0,
            "connection": 0,
            "share": bytes(16),
            "candidates": b"",
            "heard": 0,
            "attempt": 0,
        },
        {
            "seq": _MAX,
            "tag": 255,
            "connection": _MAX,
            "share": b"\xff" * 16,
            "candidates": b"\xff" * 400,
            "heard": _MAX,
            "attempt": _MAX,
            "ask": True,
            "part": 2,
        },
    ),
    "CHECK": (
        {"seq": 1, "challenge": bytes(8)},
        {"seq": _MAX, "challenge": b"\xff" * 8, "pad": bytes(1150)},
    ),
    "CHECKED": ({"seq": 1, "challenge": bytes(8)}, {"seq": _MAX, "challenge": b"\xff" * 8}),
}
