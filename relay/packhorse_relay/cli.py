"""`packhorse relay` and `packhorse-relay`."""

import argparse
import asyncio
import json
import logging
import signal
import socket
import sys
from contextlib import suppress
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse_relay import __version__
from packhorse_relay.access_options import access_settings, add_access_arguments, operator_keys
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.settings import Settings

logger = logging.getLogger(__name__)

_DEFAULT_PORT: Final = 6969
_ALL_IPV4: Final = "0.0.0.0"  # noqa: S104 - a relay is there to be reached
_ALL_IPV6: Final = "::"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the relay."""
    parser.add_argument(
        "--bind",
        action="append",
        metavar="ADDR",
        help="address to listen on; may be repeated (default: every IPv4 and IPv6 address)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=_DEFAULT_PORT,
        help="UDP port, 0 for a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--legacy",
        action="store_true",
        help="also speak the legacy protocol, which cannot be made safe: see SECURITY.md",
    )
    parser.add_argument(
        "--dataplane",
        choices=("auto", "portable"),
        default="auto",
        help="how datagrams are forwarded (default: %(default)s)",
    )
    add_access_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    parser.add_argument("--verbose", "-v", action="store_true", help="log who comes and goes")


def run(args: argparse.Namespace) -> int:
    """Relay until a signal comes; returns the exit code."""
    level = logging.INFO if args.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(_relay(args))
    except ConfigurationError as error:
        print(f"error: {error}\nadvice: {error.advice}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has gone
        return 1
    except OSError as error:
        print(_bind_failure(args, error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run `packhorse-relay`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="packhorse-relay", description="Run a Packhorse relay.")
    parser.add_argument("--version", action="version", version=__version__)
    add_arguments(parser)
    return run(parser.parse_args(argv))


async def _relay(args: argparse.Namespace) -> None:
    server = RelayServer(
        bind=args.bind or _default_bind(),
        port=args.port,
        settings=Settings(**access_settings(args)),
        keys=operator_keys(args),
        with_legacy=args.legacy,
    )
    async with server:
        _announce(server, args)
        await _wait_for_signal()
    _sum_up(server, args)  # all members have been told by now


def _announce(server: RelayServer, args: argparse.Namespace) -> None:
    if args.json:
        addresses = [{"host": host, "port": port} for host, port in server.addresses]
        _print_json(event="listening", port=server.port, addresses=addresses, dataplane="portable")
        return
    where = ", ".join(f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in server.addresses)
    print(f"Packhorse relay {__version__} listens on UDP {where}")
    print(f"Players use --relay ADDRESS{_port_suffix(server)} with an address of this machine.")
    print(f"Behind a home router, forward UDP port {server.port} to it. Stop it with Ctrl-C.")
    if args.legacy:
        print("The legacy protocol is on: anybody can take part in its one room.")
    sys.stdout.flush()


def _port_suffix(server: RelayServer) -> str:
    return "" if server.port == _DEFAULT_PORT else f":{server.port}"


def _sum_up(server: RelayServer, args: argparse.Namespace) -> None:
    drops = {reason.value: count for reason, count in sorted(server.drops.items()) if count}
    if args.json:
        _print_json(event="stopped", forwarded=server.datagrams_forwarded, drops=drops)
        return
    listed = ", ".join(f"{reason} {count}" for reason, count in drops.items()) or "none"
    print(f"Forwarded {server.datagrams_forwarded} datagrams; dropped: {listed}.")


def _print_json(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


async def _wait_for_signal() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt
            loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _default_bind() -> list[str]:
    return [_ALL_IPV4, _ALL_IPV6] if _has_ipv6() else [_ALL_IPV4]


def _has_ipv6() -> bool:
    """Tell whether this machine can listen on IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def _bind_failure(args: argparse.Namespace, error: OSError) -> str:
    where = f"{', '.join(args.bind)}, port {args.port}" if args.bind else f"port {args.port}"
    advice = "another program may have the port; choose another one with --port"
    if args.bind:
        advice = "--bind takes an IP address of this machine, without a port; --port sets the port"
    return f"error: the relay cannot listen on {where}: {error.strerror or error}\nadvice: {advice}"


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:  # noqa: PLR2004 - the range of ports
        msg = f"{port} is outside 0..65535"
        raise argparse.ArgumentTypeError(msg)
    return port


if __name__ == "__main__":
    sys.exit(main())
