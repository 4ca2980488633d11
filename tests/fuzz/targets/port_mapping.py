"""Answers of gateways, by PCP and NAT-PMP."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from packhorse.core.direct.port_mapper import PortMapper
from packhorse.wire.errors import ParseError
from packhorse.wire.port_mapping import decode_gateway_answer
from tests.fuzz.oracles import check, decoded

_PCP: Final = bytes.fromhex(
    "02810000 00000384 00000010 000000000000000000000000"
    "000102030405060708090a0b 11000000 13889c40 00000000000000000000ffff c6336407"
)
_NAT_PMP: Final = (
    bytes.fromhex("0080 0000 00000010 c6336407"),
    bytes.fromhex("0081 0000 00000010 1388 9c40 00000384"),
    bytes.fromhex("0081 0001 00000010"),
)


def seeds() -> Iterable[bytes]:
    """Return good answers and a refusal."""
    return [_PCP, *_NAT_PMP]


def run(data: bytes) -> None:
    """Show an answer to the decoder, and twice to somebody who waits for one."""
    decoded(lambda: decode_gateway_answer(data))
    mapper = PortMapper("192.168.1.10", 5000, lambda size: bytes(range(size)), now=0.0)
    for now in (0.1, 0.2):
        with suppress(ParseError):
            mapper.receive(data, now=now)
        mapper.handle_timeout(now=now)
        due = mapper.next_timeout()
        check(due is None or due > now, "a deadline that does not pass")
        check(len(mapper.datagrams_to_send()) <= 6, "a flood to the gateway")
