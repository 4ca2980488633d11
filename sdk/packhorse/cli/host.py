"""`packhorse host`: an unmodified game server in a room."""

import argparse
import shlex
from contextlib import AbstractAsyncContextManager

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from packhorse.aio.legacy_room import LegacyRoom, legacy_room
from packhorse.aio.room import Room, host
from packhorse.cli import options
from packhorse.cli.output import Output, new_output
from packhorse.cli.running import run_until_stopped, status_line
from packhorse.cli.texts import Json
from packhorse.core.events import HOST
from packhorse.core.relay_address import RelayAddress
from packhorse.middleman.application import is_loopback
from packhorse.middleman.endpoint import LOOPBACK, Endpoint, resolve_endpoint
from packhorse.middleman.host_side import IDLE_AFTER, HostSide
from packhorse.middleman.traffic import Traffic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--relay",
        required=True,
        type=options.relay_address,
        metavar="HOST[:PORT]",
        help="relay that carries the room",
    )
    parser.add_argument(
        "--udp",
        required=True,
        action="append",
        type=options.remote_endpoint,
        metavar="[HOST:]PORT",
        help="where the game server listens (default host: 127.0.0.1)",
    )
    parser.add_argument(
        "--max-peers", type=options.peer_count, metavar="N", help="size of the room, host included"
    )
    parser.add_argument(
        "--idle-timeout",
        type=options.idle_seconds,
        default=IDLE_AFTER,
        metavar="S",
        help="seconds without traffic after which a peer's socket rests (default: %(default).0f)",
    )
    options.add_shared_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the game server's datagrams until a signal comes; returns the exit code."""
    server = options.the_udp_endpoint(args, "packhorse host")
    if args.legacy and args.max_peers is not None:
        options.end_with_usage(args, "--max-peers: a legacy relay takes as many as it likes")
    output, traffic = new_output(is_json=args.json), Traffic()
    return run_until_stopped(_host(args, server, output, traffic), output, traffic)


async def _host(
    args: argparse.Namespace, server: Endpoint, output: Output, traffic: Traffic
) -> None:
    address = await resolve_endpoint(server)
    side = HostSide(address, output.tell, traffic, idle_after=args.idle_timeout)
    async with side, _open_room(args) as room:
        output.announce(_fields(room, args.relay, server), _text(room, args.relay, server))
        async with status_line(output, room, traffic):
            await side.run(room, output.tell)


def _open_room(args: argparse.Namespace) -> AbstractAsyncContextManager[Room | LegacyRoom]:
    timeout = options.join_timeout(args)
    if args.legacy:
        return legacy_room(args.relay, HOST, timeout=timeout)
    return host(args.relay, max_peers=args.max_peers, timeout=timeout)


def _fields(room: Room | LegacyRoom, relay: RelayAddress, server: Endpoint) -> dict[str, Json]:
    code = room.code if isinstance(room, Room) else None
    return {
        "event": "room",
        "code": code,
        "invite": f"{code}@{relay}" if code else None,
        "relay": str(relay),
        "peer_id": room.peer_id,
        "udp": str(server),
        "legacy": code is None,
    }


def _text(room: Room | LegacyRoom, relay: RelayAddress, server: Endpoint) -> RenderableType:
    lines: list[RenderableType]
    if isinstance(room, Room):
        invite = f"{room.code}@{relay}"
        join = f"packhorse join {shlex.quote(invite)} --udp {server.port}"
        code = Panel(Text(room.code, style="bold"), box=box.ROUNDED, expand=False, padding=(0, 3))
        lines = [f"Room open on {relay}, for the game server at {server}.", code]
        lines.append(f"Invite: {invite}")
    else:
        join = f"packhorse join --legacy --relay {shlex.quote(str(relay))} --udp {server.port}"
        lines = [f"Host of the legacy relay {relay}, for the game server at {server}."]
    lines += ["", f"Friends run this, and let their game connect to {LOOPBACK}:{server.port}:"]
    lines.append(Text(f"  {join}", style="bold"))
    if _is_this_machine(relay.host):
        lines.append(f"{relay.host} is this machine: friends elsewhere need another address of it.")
    return Group(*lines, "", "Stop with Ctrl-C.")


def _is_this_machine(relay_host: str) -> bool:
    try:
        return is_loopback(relay_host)
    except ValueError:  # a name
        return relay_host == "localhost"
