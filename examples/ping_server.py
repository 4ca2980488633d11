"""Echo UDP datagrams: python examples/ping_server.py --bind 127.0.0.1:7000."""

import argparse
import socket
import sys
from contextlib import suppress


def main() -> None:
    """Send every datagram back to where it came from, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Echo UDP datagrams.")
    parser.add_argument("--bind", default="127.0.0.1:7000", metavar="HOST:PORT")
    host, _, port = parser.parse_args().bind.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, int(port)))
        print("echo server on port", sock.getsockname()[1], flush=True)
        with suppress(KeyboardInterrupt):
            echo_forever(sock)


def echo_forever(sock: socket.socket) -> None:
    """Answer each datagram with itself."""
    while True:
        with suppress(ConnectionResetError):  # Windows: a client that we answered has gone
            data, client = sock.recvfrom(2048)
            sock.sendto(data, client)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
