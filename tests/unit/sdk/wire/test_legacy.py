"""Datagrams of the legacy protocol."""

import pytest

from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.legacy import LegacyDatagram, decode_legacy, encode_legacy


def test_registration_is_six_bytes() -> None:
    assert encode_legacy(1) == bytes.fromhex("00aa 00000001")


def test_payload_follows_the_id() -> None:
    assert encode_legacy(2, b"hi") == bytes.fromhex("00aa 00000002 6869")


def test_registration_has_no_payload() -> None:
    assert decode_legacy(encode_legacy(1)) == LegacyDatagram(1, b"")


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b"", DropReason.TOO_SHORT, 0),
        (b"\x00\xab" + bytes(1405), DropReason.TOO_LARGE, 1406),
        (b"\x00\xab" + bytes(4), DropReason.UNKNOWN_PREFIX, 0),
        (b"\x00\xaa" + bytes(4), DropReason.LEGACY_BAD_ID, 2),
    ],
)
def test_checks_are_made_in_order(data: bytes, reason: DropReason, offset: int) -> None:
    with pytest.raises(ParseError) as caught:
        decode_legacy(data)

    assert (caught.value.reason, caught.value.offset) == (reason, offset)
