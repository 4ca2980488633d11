"""Topic frames: the payload of FRAME datagrams, that is what follows the six bytes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from tests.support.vector_cases.build import Case, Json, unhex

_MODES: Final = ("UNRELIABLE", "UNRELIABLE_ORDERED", "RELIABLE", "RELIABLE_UNORDERED")
_FRAGMENTED: Final = 0x10
_CHANNEL: Final = 0x08
_LENGTH: Final = 0x04
_PING: Final = b"\x80"
_LARGEST_CREDIT: Final = 2**32 - 1  # KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """One message frame, fields as numbers."""

    mode: int
    channel: int = 0
    sequence: int = 0
    piece: tuple[int, int] | None = None  # part, parts
    payload: bytes = b"a"

    def data(self, *, with_length: bool = False) -> bytes:
        """Return the frame; the one way to write it, with or without a length."""
        kind = self.mode << 5
        kind |= (_FRAGMENTED if self.piece else 0) | (_CHANNEL if self.channel else 0)
        kind |= _LENGTH if with_length else 0
        data = struct.pack("B", kind)
        if self.channel:
            data += struct.pack("B", self.channel)
        if self.piece or self.mode:
            data += struct.pack("!H", self.sequence)
        if self.piece:
            data += struct.pack("!HH", *self.piece)
        if with_length:
            data += struct.pack("!H", len(self.payload))
        return data + self.payload

    def as_json(self) -> dict[str, Json]:
        """Return the frame as vectors write it."""
        content: dict[str, Json] = {"mode": _MODES[self.mode], "channel": str(self.channel)}
        if self.piece or self.mode:
            content["sequence"] = str(self.sequence)
        if self.piece:
            content |= {"part": str(self.piece[0]), "parts": str(self.piece[1])}
        return content | {"payload": self.payload.hex()}


_HI: Final = _Frame(mode=2, payload=b"hi")


def cases() -> Iterator[Case]:
    """Yield the cases of frames.json."""
    yield from _forms()
    yield from _boundaries()
    yield from _generations()
    yield from _acks()
    yield from _control()
    yield from _several()
    yield from _truncated()
    yield from _refused_heads()
    yield from _refused_frames()


def _prefix(number: int = 7, *, asks: bool = False, ack: bytes | None = None) -> bytes:
    flags = (1 if ack is not None else 0) | (2 if asks else 0)
    return struct.pack("!BH", flags, number) + (ack or b"")


def _ack(largest: int, delay: int = 0, bitmap: bytes = b"") -> bytes:
    return struct.pack("!HBB", largest, delay, len(bitmap)) + bitmap


def _credit(kibibytes: int) -> bytes:
    return struct.pack("!BI", 0x81, kibibytes)


def _decoded(frames: list[_Frame], *, number: int = 7, asks: bool = False) -> dict[str, Json]:
    messages: list[Json] = [frame.as_json() for frame in frames]
    return {"number": str(number), "asks_ack": asks, "messages": messages}


def _joined(frames: list[_Frame]) -> bytes:
    *others, last = frames
    return b"".join(frame.data(with_length=True) for frame in others) + last.data()


def _refused(case_id: str, comment: str, data: bytes, *flags: str) -> Case:
    return Case(id=case_id, comment=comment, data=data, drop="bad_frame", flags=flags)


def _forms() -> Iterator[Case]:
    """Every mode, whole and in pieces, with and without channel and length."""
    for mode, is_piece, channel in product(range(4), (False, True), (0, 7)):
        frame = _Frame(mode=mode, channel=channel, sequence=515, piece=(1, 3) if is_piece else None)
        form = f"{'piece' if is_piece else 'whole'}{'_channel' if channel else ''}"
        name = f"{_MODES[mode].lower()}_{form}"
        decoded = _decoded([frame], asks=mode > 1)
        prefix = _prefix(asks=mode > 1)
        yield Case(
            id=name,
            comment=f"{_MODES[mode]}, {form.replace('_', ', ')}; to the end of the datagram.",
            data=prefix + frame.data(),
            decoded=decoded,
        )
        yield Case(
            id=f"{name}_length",
            comment="The same with a length, which the last frame needs not have.",
            data=prefix + frame.data(with_length=True),
            decoded=decoded,
            reencoded=prefix + frame.data(),
        )
        yield Case(
            id=f"{name}_followed",
            comment="The same with a length, and another frame behind it.",
            data=prefix + _joined([frame, _HI]),
            decoded=_decoded([frame, _HI], asks=mode > 1),
        )


def _boundaries() -> Iterator[Case]:
    for case_id, comment, frame in (
        ("sequence_0", "The first of a lane.", _Frame(mode=2)),
        ("sequence_largest", "65535; 0 follows.", _Frame(mode=1, sequence=0xFFFF)),
        ("channel_1", "The first with a byte of its own.", _Frame(mode=2, channel=1)),
        ("channel_255", "The last channel.", _Frame(mode=0, channel=255)),
        ("piece_first_of_2", "The fewest pieces.", _Frame(mode=2, piece=(0, 2))),
        ("piece_last_of_2", "The last piece.", _Frame(mode=2, piece=(1, 2))),
        ("piece_last_of_65535", "The most pieces.", _Frame(mode=3, piece=(65534, 65535))),
        ("piece_1173", "FRAGMENT_SIZE.", _Frame(mode=2, piece=(0, 2), payload=bytes(1173))),
        ("largest_whole", "1400 bytes in all.", _Frame(mode=0, payload=bytes(1396))),
    ):
        yield Case(
            id=case_id,
            comment=comment,
            data=_prefix() + frame.data(),
            decoded=_decoded([frame]),
            flags=("boundary",),
        )
    for mode in range(4):
        frame = _Frame(mode=mode, payload=b"")
        yield Case(
            id=f"empty_{_MODES[mode].lower()}",
            comment="A message of no bytes is a message.",
            data=_prefix() + frame.data(),
            decoded=_decoded([frame]),
            flags=("boundary",),
        )
    for number in (0, 0xFFFF):
        yield Case(
            id=f"number_{number}",
            comment="Neither acknowledgement nor frame: a number and nothing else.",
            data=_prefix(number),
            decoded=_decoded([], number=number),
            flags=("boundary",),
        )


def _generations() -> Iterator[Case]:
    """The six bits above the two flags."""
    for generation in (1, 2, 32, 63):
        yield Case(
            id=f"generation_{generation}",
            comment=f"First byte {generation:02x} << 2 | 02, which asks.",
            data=struct.pack("!BH", generation << 2 | 2, 7) + _HI.data(),
            decoded={**_decoded([_HI], asks=True), "generation": str(generation)},
            flags=("boundary",),
        )


def _acks() -> Iterator[Case]:
    for case_id, comment, largest, delay, bitmap in (
        ("bitmap_none", "Only the largest.", 0, 0, b""),
        ("bitmap_1_byte", "Bit 0: the one before.", 9, 25, unhex("01")),
        ("bitmap_1_byte_full", "The eight before.", 9, 25, unhex("ff")),
        ("bitmap_2_bytes", "Bit 8, in the second byte, alone.", 300, 1, unhex("0001")),
        ("bitmap_32_bytes", "All 256.", 65535, 0, b"\xff" * 32),
        ("bitmap_last_bit", "Bit 255 alone.", 256, 0, bytes(31) + b"\x80"),
        ("delay_largest", "255 ms or more.", 1, 255, b""),
        ("largest_65535", "The number after it is 0.", 65535, 0, b"\x01"),
    ):
        ack: dict[str, Json] = {
            "largest": str(largest),
            "delay_ms": str(delay),
            "bitmap": bitmap.hex(),
        }
        prefix = _prefix(ack=_ack(largest, delay, bitmap))
        yield Case(
            id=f"ack_{case_id}", comment=comment, data=prefix, decoded={**_decoded([]), "ack": ack}
        )
        yield Case(
            id=f"ack_{case_id}_asks",
            comment="The same before a frame, and asking.",
            data=_prefix(asks=True, ack=_ack(largest, delay, bitmap)) + _HI.data(),
            decoded={**_decoded([_HI], asks=True), "ack": ack},
        )
    for case_id, bitmap in (("1_byte", unhex("00")), ("a_byte", unhex("0500"))):
        ack = {"largest": "9", "delay_ms": "0", "bitmap": bitmap.rstrip(b"\0").hex()}
        yield Case(
            id=f"ack_{case_id}_too_many",
            comment="Zero bytes at the end of a bitmap say nothing; senders leave them out.",
            data=_prefix(ack=_ack(9, 0, bitmap)),
            decoded={**_decoded([]), "ack": ack},
            reencoded=_prefix(ack=_ack(9, 0, bitmap.rstrip(b"\0"))),
        )


def _control() -> Iterator[Case]:
    asking = _prefix(asks=True)
    for case_id, comment, data, frames in (
        ("ping", "PING alone.", _PING, []),
        ("ping_first", "PING before a message.", _PING + _HI.data(), [_HI]),
        ("ping_last", "PING behind a message.", _HI.data(with_length=True) + _PING, [_HI]),
        ("ping_twice", "Two PINGs say what one says.", _PING * 2, []),
    ):
        yield Case(
            id=case_id,
            comment=comment,
            data=asking + data,
            decoded={**_decoded(frames, asks=True), "ping": True},
            reencoded=asking + _PING + b"".join(frame.data() for frame in frames),
        )
    for kibibytes in (0, 20480, _LARGEST_CREDIT):
        yield Case(
            id=f"credit_{kibibytes}",
            comment=f"{kibibytes} KiB since the beginning.",
            data=asking + _credit(kibibytes),
            decoded={**_decoded([], asks=True), "credit": str(kibibytes)},
            flags=("boundary",),
        )
    behind = asking + _HI.data(with_length=True)
    decoded: dict[str, Json] = {**_decoded([_HI], asks=True), "credit": "30720"}
    first = asking + _credit(30720) + _HI.data()
    yield Case(id="credit_first", comment="CREDIT in front.", data=first, decoded=decoded)
    for case_id, comment, data in (
        ("credit_last", "CREDIT behind a message.", behind + _credit(30720)),
        ("credit_growing", "The larger counts.", behind + _credit(25600) + _credit(30720)),
        ("credit_shrinking", "The larger counts.", behind + _credit(30720) + _credit(25600)),
    ):
        yield Case(id=case_id, comment=comment, data=data, decoded=decoded, reencoded=first)


def _several() -> Iterator[Case]:
    small = [_Frame(mode=2, sequence=number, payload=b"x" * number) for number in (1, 2, 3)]
    mixed = [
        _Frame(mode=0, channel=3, payload=b""),
        _Frame(mode=1, sequence=0xFFFF, payload=b"pos"),
        _Frame(mode=2, channel=255, sequence=4, piece=(0, 2), payload=b"half"),
        _Frame(mode=3, sequence=5, payload=b"end"),
    ]
    empty = [_Frame(mode=2, sequence=number, payload=b"") for number in range(64)]
    for case_id, comment, frames in (
        ("three_small", "Three messages of one lane.", small),
        ("four_modes", "One of each mode.", mixed),
        ("empty_messages", "64 messages of no bytes.", empty),
        ("same_twice", "What it means is not the decoder's business.", [_HI, _HI]),
    ):
        yield Case(
            id=case_id,
            comment=comment,
            data=_prefix(asks=True) + _joined(frames),
            decoded=_decoded(frames, asks=True),
        )


def _truncated() -> Iterator[Case]:
    """A datagram with everything, cut where no frame ends."""
    piece = _Frame(mode=2, channel=7, sequence=515, piece=(1, 3), payload=b"ab")
    parts = [
        ("flags_and_number", _prefix()[:3]),
        ("ack", _ack(9, 1, unhex("0102"))),
        ("credit", _credit(25600)),
        ("piece", piece.data(with_length=True)),
        ("ordered", _Frame(mode=1, channel=7, sequence=515).data(with_length=True)),
        ("whole", _Frame(mode=0, channel=7).data(with_length=True)),
    ]
    before = b""
    for name, data in parts:
        whole = data if name != "flags_and_number" else b"\x01" + data[1:]
        for size in range(0 if name in {"flags_and_number", "ack"} else 1, len(whole)):
            yield _refused(
                f"truncated_{name}_{size}",
                f"Ends after {size} of {len(whole)} bytes of {name.replace('_', ' ')}.",
                before + whole[:size],
                "boundary",
            )
        before += whole


def _refused_heads() -> Iterator[Case]:
    for size in (33, 255):
        data = _prefix(ack=_ack(999, 0, b"\xff" * size))
        yield _refused(
            f"bitmap_{size}_bytes", f"{size} bytes of bitmap; 32 at most.", data, "boundary"
        )


def _refused_frames() -> Iterator[Case]:
    for reserved in (1, 2, 3):
        for mode in range(4):
            data = bytearray(_Frame(mode=mode).data())
            data[0] |= reserved
            yield _refused(
                f"reserved_{reserved}_{_MODES[mode].lower()}",
                f"Reserved bits {reserved:02b} of the type.",
                _prefix() + data,
            )
    for kind in (0x82, 0x83, 0x84, 0x88, 0x90, 0xA0, 0xC0, 0xFF):
        yield _refused(
            f"control_{kind:02x}", "A control type that does not exist.", _prefix() + bytes([kind])
        )
    for mode in range(4):
        head = struct.pack("!BB", mode << 5 | _CHANNEL, 0) + (b"" if mode == 0 else bytes(2))
        yield _refused(
            f"channel_0_{_MODES[mode].lower()}", "Channel 0 has no byte.", _prefix() + head + b"a"
        )
    for part, parts in ((0, 0), (0, 1), (1, 1), (2, 2), (3, 2), (65535, 65535), (1, 0)):
        frame = _Frame(mode=2, piece=(part, parts))
        yield _refused(
            f"part_{part}_of_{parts}", f"Part {part} of {parts}.", _prefix() + frame.data()
        )
    yield from _refused_sizes()


def _refused_sizes() -> Iterator[Case]:
    empty = _Frame(mode=0, piece=(0, 2), payload=b"")
    for case_id, comment, data in (
        ("piece_empty", "A piece has at least one byte.", empty.data()),
        ("piece_empty_length", "The same by its length.", empty.data(with_length=True)),
        ("piece_empty_followed", "The same, followed.", _joined([empty, _HI])),
        ("length_too_large", "One byte is missing.", unhex("04 0003 6162")),
        ("length_largest", "65535 bytes are not there.", unhex("44 0000 ffff 6162")),
        ("good_then_bad", "Good frames do not help.", _HI.data(with_length=True) + b"\x41"),
        ("credit_then_bad", "Nothing counts.", _credit(1) + b"\x82"),
    ):
        yield _refused(case_id, comment, _prefix() + data)
    yield _refused("ack_then_bad", "Not even the acknowledgement.", _prefix(ack=_ack(9)) + b"\x82")
