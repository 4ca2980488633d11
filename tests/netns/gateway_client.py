"""Asks the gateway of a namespace for a port; prints one JSON line.

Run: python -m tests.netns.gateway_client --port N (as members do) or --nat-pmp (raw).
"""

import argparse
import asyncio
import json
import socket

from packhorse.aio.gateways import MappedPort, default_gateway
from packhorse.wire.port_mapping import (
    GATEWAY_PORT,
    decode_gateway_answer,
    encode_pmp_address,
    encode_pmp_map,
)


async def ask_as_members_do(port: int) -> None:
    """Have a port forwarded, tell it, give it back."""
    mapped = MappedPort(lambda: None)
    await mapped.open(port)
    await mapped.settled()
    print(json.dumps({"protocol": mapped.protocol, "address": str(mapped.address)}))
    mapped.close()
    await mapped.removed()


async def ask_by_nat_pmp() -> None:
    """Send both requests of NAT-PMP and tell both answers."""
    gateway = await default_gateway()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((gateway, GATEWAY_PORT))
        answers = []
        for request in (encode_pmp_address(), encode_pmp_map(5000, external_port=0, lifetime=60)):
            sock.send(request)
            answers.append(decode_gateway_answer(sock.recv(2048)))
    print(json.dumps({"answers": answers}))


def main() -> None:
    """Ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--nat-pmp", action="store_true")
    args = parser.parse_args()
    asyncio.run(ask_by_nat_pmp() if args.nat_pmp else ask_as_members_do(args.port))


if __name__ == "__main__":
    main()
