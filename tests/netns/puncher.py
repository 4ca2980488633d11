"""One end of TCP hole punching for the NAT laboratory; prints JSON lines.

Run: python -m tests.netns.puncher --relay HOST:PORT [--code CODE].
"""

import argparse
import asyncio
import json
from contextlib import AsyncExitStack

import packhorse

_TIMEOUT = 5.0  # seconds that punching may take
_CHANNEL = 254


async def main() -> None:
    """Meet in a room, punch, exchange one message."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    parser.add_argument("--code")
    args = parser.parse_args()
    async with AsyncExitStack() as stack:
        if args.code is None:
            room = await stack.enter_async_context(packhorse.host(args.relay))
            tell(code=room.code)
            async for event in room:
                if isinstance(event, packhorse.PeerJoined):
                    break
        else:
            room = await stack.enter_async_context(packhorse.join(args.relay, args.code))
        (peer,) = room.peers
        pipe = await stack.enter_async_context(room.pipe(peer, channel=_CHANNEL))
        await punch(pipe)
        await pipe.flush()


async def punch(pipe: packhorse.Pipe) -> None:
    """Tell how it went; see that the old pipe goes on."""
    try:
        async with await packhorse.punch_tcp(pipe, timeout=_TIMEOUT) as punched:
            await punched.send(b"over tcp")
            got = (await punched.recv(5.0)).decode()
            tell(punched=True, got=got, remote=str(punched.path.remote))
            await asyncio.sleep(0.5)
    except packhorse.ConnectivityError as error:
        tell(punched=False, error=str(error))
    await pipe.send(b"over the relay")
    tell(relayed=(await pipe.recv(5.0)).decode())


def tell(**fields: object) -> None:
    """Print one JSON object."""
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
