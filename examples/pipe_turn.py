"""Talk through a TURN server: python examples/pipe_turn.py turn.example USER PASSWORD."""

import argparse
import asyncio
import sys

import packhorse


async def main() -> None:
    """Print the own relayed address, read the peer's, exchange a message."""
    parser = argparse.ArgumentParser(description="Talk through a TURN server.")
    parser.add_argument("server", help="host, host:port, turn:... or turns:...")
    parser.add_argument("user")
    parser.add_argument("password")
    args = parser.parse_args()
    async with packhorse.turn.allocate(args.server, args.user, args.password) as allocation:
        own = allocation.relayed_address
        print("give this to the peer:", own.host, own.port, flush=True)
        host, port = (await asyncio.to_thread(sys.stdin.readline)).split()
        async with await allocation.pipe((host, int(port))) as pipe:
            await pipe.send(f"hello from {own.port}".encode())
            await pipe.flush()
            print("got", (await pipe.recv(timeout=5.0)).decode(), "over", pipe.path.kind)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
