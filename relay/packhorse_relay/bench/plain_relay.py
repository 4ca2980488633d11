"""The relay as one would first write it: asyncio.DatagramProtocol, a look-up, a sendto.

It assigns peer ids in the order of registration (an empty DATA datagram), stamps the
source and forwards unicast DATA. Nothing else, so it is a fair lower bound for a relay
on a transport. Run: python -m packhorse_relay.bench.plain_relay; prints its port.
"""

import asyncio
import struct
from typing import cast

_HEADER = struct.Struct(">BBI")
_DATA = 0xA4


class PlainRelay(asyncio.DatagramProtocol):
    """Forwards DATA between registered addresses."""

    def __init__(self) -> None:
        self._peers: dict[tuple[str, int], int] = {}
        self._addresses: dict[int, tuple[str, int]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what sends."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Forward or register."""
        if len(data) < _HEADER.size:
            return
        _first, _tag, destination = _HEADER.unpack_from(data)
        if len(data) == _HEADER.size:
            self._register(addr)
            return
        source, receiver = self._peers.get(addr), self._addresses.get(destination)
        if source is not None and receiver is not None:
            header = _HEADER.pack(_DATA, 0, source)
            self._transport.sendto(header + data[_HEADER.size :], receiver)

    def _register(self, addr: tuple[str, int]) -> None:
        peer = self._peers.setdefault(addr, len(self._peers) + 1)
        self._addresses[peer] = addr
        self._transport.sendto(_HEADER.pack(_DATA, 0, peer), addr)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(PlainRelay, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
