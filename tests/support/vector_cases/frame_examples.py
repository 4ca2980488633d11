"""Topic frames: the examples of SPEC.md 16.5, worked out by hand."""

from collections.abc import Iterator
from typing import Final

from tests.support.vector_cases.build import Case, Json, unhex

_EXTRAS: Final[dict[str, dict[str, Json]]] = {
    "ack": {"ack": {"largest": "0", "delay_ms": "12", "bitmap": ""}},
    "ack_gap": {"ack": {"largest": "3", "delay_ms": "0", "bitmap": "06"}},
    "piece": {"ack": {"largest": "1", "delay_ms": "5", "bitmap": ""}},
    "ping": {"ping": True},
    "generation": {"generation": "3"},
    "credit": {"credit": "25600"},
    "below_0": {"ack": {"largest": "10", "delay_ms": "12", "bitmap": "0580"}},
}


def _message(mode: str, sequence: str, payload: str, **more: str) -> Json:
    return {"mode": mode, "channel": "0", "sequence": sequence, **more, "payload": payload}


_EXAMPLES: Final[list[tuple[str, str, str, list[Json]]]] = [
    (
        "reliable",
        "Flags 02 asks; number 0000; mode 2 << 5 = 40; sequence 0000; 'hi' = 6869.",
        "02 0000 40 0000 6869",
        [_message("RELIABLE", "0", "6869")],
    ),
    ("ack", "Flags 01; largest 0000; 0c = 12 ms; no bitmap.", "01 0000 0000 0c 00", []),
    ("ack_gap", "06 = bits 1 and 2: not 2, but 1 and 0.", "01 0001 0003 00 01 06", []),
    (
        "two_messages",
        "40 + length 04 = 44; sequence 0001; length 0003; the last has no length.",
        "02 0004 44 0001 0003 6f6e65 40 0002 74776f",
        [_message("RELIABLE", "1", "6f6e65"), _message("RELIABLE", "2", "74776f")],
    ),
    (
        "piece",
        "40 + piece 10 + channel 08 = 58; channel 07; sequence 0203 = 515; part 1 of 3.",
        "03 0005 0001 05 00 58 07 0203 0001 0003 6162",
        [_message("RELIABLE", "515", "6162", channel="7", part="1", parts="3")],
    ),
    (
        "ordered",
        "Mode 1 << 5 = 20; sequence ffff = 65535; 'pos' = 706f73.",
        "00 0006 20 ffff 706f73",
        [_message("UNRELIABLE_ORDERED", "65535", "706f73")],
    ),
    (
        "no_bytes",
        "Channel 08 + length 04 = 0c; channel 01; length 0000. Mode 3 << 5 = 60.",
        "00 0007 0c 01 0000 60 0000",
        [
            {"mode": "UNRELIABLE", "channel": "1", "payload": ""},
            _message("RELIABLE_UNORDERED", "0", ""),
        ],
    ),
    ("ping", "80.", "02 0008 80", []),
    ("credit", "81; 00006400 = 25600.", "02 0009 81 00006400", []),
    (
        "generation",
        "Generation 3 << 2 = 0c; flags 02 asks: 0e. Then as the first.",
        "0e 0000 40 0000 6869",
        [_message("RELIABLE", "0", "6869")],
    ),
    ("below_0", "80 = bit 15: 10 - 1 - 15 = -6, or 65530.", "01 0004 000a 0c 02 0580", []),
]


def cases() -> Iterator[Case]:
    """Yield the first cases of frames.json."""
    for case_id, comment, text, messages in _EXAMPLES:
        data = unhex(text)
        yield Case(
            id=f"{case_id}_by_hand",
            comment=comment,
            data=data,
            decoded={
                "number": str(data[2]),
                "asks_ack": data[0] & 2 > 0,
                "messages": messages,
                **_EXTRAS.get(case_id, {}),
            },
            flags=("independent",),
        )
