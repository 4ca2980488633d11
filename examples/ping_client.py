"""Measure the RTT to a UDP echo server: python examples/ping_client.py 127.0.0.1:7000."""

import argparse
import socket
import sys
import time
from contextlib import suppress

from rtt_meter import RttMeter, add_ping_options, print_report

PATIENCE = 1.0  # seconds to wait for echoes after the last ping
STEP = 0.05  # seconds between looks whether all have come


def main() -> int:
    """Ping, wait for the echoes, print the report; fail when none came."""
    parser = argparse.ArgumentParser(description="Measure the RTT to a UDP echo server.")
    parser.add_argument("server", metavar="HOST:PORT")
    add_ping_options(parser)
    args = parser.parse_args()
    host, _, port = args.server.rpartition(":")
    family, kind, _, _, address = socket.getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_DGRAM
    )[0]

    meter = RttMeter(args.size)
    with socket.socket(family, kind) as sock:
        sock.connect(address)
        ping(sock, meter, args.count, args.interval)
    report = meter.report()
    print_report(report, as_json=args.json)
    return 0 if report.received else 1


def ping(sock: socket.socket, meter: RttMeter, count: int, interval: float) -> None:
    """Send `count` pings, `interval` seconds apart, and take the echoes."""
    begin = time.perf_counter()
    for number in range(1, count + 1):
        with suppress(ConnectionRefusedError):  # nobody listens: this ping is lost
            sock.send(meter.next_ping())
        take_echoes(sock, meter, begin + number * interval)
    deadline = time.perf_counter() + PATIENCE
    while not meter.is_complete and time.perf_counter() < deadline:
        take_echoes(sock, meter, min(deadline, time.perf_counter() + STEP))


def take_echoes(sock: socket.socket, meter: RttMeter, deadline: float) -> None:
    """Take echoes until `deadline`."""
    while (left := deadline - time.perf_counter()) > 0:
        sock.settimeout(left)
        with suppress(TimeoutError, ConnectionError):
            meter.take_echo(sock.recv(2048))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(str(error))
