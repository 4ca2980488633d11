"""Ask through a pipe: python examples/pipe_open.py udp://127.0.0.1:7000 hello."""

import argparse
import asyncio
import sys

import packhorse


async def main() -> None:
    """Send one message, print the answer and the way it took."""
    parser = argparse.ArgumentParser(description="Ask through a pipe.")
    parser.add_argument("target", help="udp://host:port, tcp://host:port or CODE@relay")
    parser.add_argument("text")
    args = parser.parse_args()
    async with await packhorse.open_pipe(args.target) as pipe:
        await pipe.send(args.text.encode())
        answer = await pipe.recv(timeout=5.0)
        print(answer.decode(), "over", pipe.path.kind)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
