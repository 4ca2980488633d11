"""What a relay forwarded, taken apart."""

from collections.abc import Iterable
from typing import NamedTuple

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import FirstByte
from packhorse.wire.header import decode_header
from tests.support.relay_harness import Sent


class Delivery(NamedTuple):
    """One copy of DATA or FRAME."""

    tag: int
    source: int
    """Peer id."""
    is_fanout: bool
    payload: bytes
    address: TransportAddress


def deliveries(sent: Iterable[Sent]) -> list[Delivery]:
    """Decode what the relay sent in DATA and FRAME."""
    found = []
    for data, to in sent:
        if data[0] in {FirstByte.DATA, FirstByte.FRAME}:
            header, payload = decode_header(data), data[c.HEADER_SIZE :]
            found.append(Delivery(header.tag, header.source, header.is_fanout, payload, to))
    return found
