"""Forward pipes: python examples/pipe_forward.py tcp://127.0.0.1:8000 udp://127.0.0.1:7000."""

import argparse
import asyncio
import sys

import packhorse


async def main() -> None:
    """Link each pipe that comes to one that is opened for it."""
    parser = argparse.ArgumentParser(description="Forward pipes to another place.")
    parser.add_argument("where", help="where to listen")
    parser.add_argument("target", help="where to forward")
    args = parser.parse_args()
    async with packhorse.listen_pipes(args.where) as listener, asyncio.TaskGroup() as group:
        print("address", listener.address, flush=True)
        async for pipe in listener:
            group.create_task(forward(pipe, args.target))


async def forward(pipe: packhorse.Pipe, target: str) -> None:
    """Carry messages both ways until one end closes."""
    try:
        async with pipe, await packhorse.open_pipe(target) as onward:
            pipe.link(onward)
            ends = [asyncio.create_task(each.wait_closed()) for each in (pipe, onward)]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    except packhorse.PackhorseError as error:
        print(f"{error}; {error.advice}", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
    except KeyboardInterrupt:
        pass
