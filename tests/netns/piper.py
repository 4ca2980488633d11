"""One end of a pipe for the NAT laboratory; prints JSON lines.

Run: python -m tests.netns.piper --relay HOST:PORT | --open INVITE.
"""

import argparse
import asyncio
import json

import packhorse

_DIRECT_ONLY = (packhorse.Strategy.DIRECT, packhorse.Strategy.REVERSE, packhorse.Strategy.PUNCH)


async def main() -> None:
    """Listen and echo, or open a pipe that must be direct and ask through it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay")
    parser.add_argument("--open")
    parser.add_argument("--birthday", action="store_true")
    parser.add_argument("--timeout", type=float, default=5.0)
    args = parser.parse_args()
    if args.open is None:
        async with packhorse.listen_pipes(
            f"relay://{args.relay}", birthday=args.birthday
        ) as listener:
            tell(address=listener.address)
            async with await listener.accept(30.0) as pipe:
                async for message in pipe:
                    await pipe.send(message)
        return
    try:
        pipe = await packhorse.open_pipe(
            args.open, strategies=_DIRECT_ONLY, timeout=args.timeout, birthday=args.birthday
        )
    except packhorse.ConnectivityError as error:
        tell(error=str(error))
        return
    async with pipe:
        await pipe.send(b"directly")
        answer = await pipe.recv(5.0)
        tell(answer=answer.decode(), kind=pipe.path.kind, remote=str(pipe.path.remote))


def tell(**fields: object) -> None:
    """Print one JSON object."""
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
