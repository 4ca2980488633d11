"""Test your game without a network: python examples/python/02_run_a_relay_in_process.py."""

import argparse
import asyncio

import packhorse
from packhorse_relay.aio.server import RelayServer


async def main() -> None:
    """Start a relay on a free port, use it, and read its counters."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", default="127.0.0.1:0", metavar="HOST:PORT", help="its address")
    host_name, _, port = parser.parse_args().relay.rpartition(":")

    async with RelayServer(bind=[host_name], port=int(port)) as relay:
        address = f"{host_name}:{relay.port}"
        async with packhorse.host(address) as host, packhorse.join(address, host.code) as guest:
            await guest.send(b"move 3 4", to=packhorse.HOST)
            async for event in host:
                print("host:", event)
                if isinstance(event, packhorse.Message):
                    break
        print(f"the relay on port {relay.port} has {relay.room_count} rooms left")


if __name__ == "__main__":
    asyncio.run(main())
