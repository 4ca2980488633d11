"""The WebSocket relay as one would first write it: `websockets`, a look-up, a send.

Run: python -m tests.bench.plain_websocket_relay; prints its port. The first message that a
member gets is its id.
"""

import asyncio
import struct

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

_HEADER = struct.Struct(">BBI")
_DATA = 0xA4


async def _main() -> None:
    members: dict[int, ServerConnection] = {}

    async def relay(connection: ServerConnection) -> None:
        own = len(members) + 1
        members[own] = connection
        await connection.send(_HEADER.pack(_DATA, 0, own))
        async for data in connection:
            assert isinstance(data, bytes)
            receiver = members.get(_HEADER.unpack_from(data)[2])
            if receiver is not None:
                await receiver.send(_HEADER.pack(_DATA, 0, own) + data[_HEADER.size :])

    subprotocols = [Subprotocol("packhorse.v1")]
    options = {"subprotocols": subprotocols, "compression": None, "max_size": 2048}
    async with serve(relay, "127.0.0.1", 0, **options) as server:  # type: ignore[arg-type]
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
