"""Answer whoever opens a pipe: python examples/pipe_listen.py udp://127.0.0.1:7000."""

import argparse
import asyncio
import sys

import packhorse


async def main() -> None:
    """Print the address, then send every message back in capitals."""
    parser = argparse.ArgumentParser(description="Answer whoever opens a pipe.")
    parser.add_argument("where", help="udp://host:port, tcp://host:port or relay://host")
    where = parser.parse_args().where
    async with packhorse.listen_pipes(where) as listener, asyncio.TaskGroup() as group:
        print("address", listener.address, flush=True)
        async for pipe in listener:
            group.create_task(answer(pipe))


async def answer(pipe: packhorse.Pipe) -> None:
    """Answer on one pipe until the other end closes it."""
    try:
        async for message in pipe:
            await pipe.send(message.upper())
    except packhorse.PackhorseError as error:
        print(f"{error}; {error.advice}", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
    except KeyboardInterrupt:
        pass
