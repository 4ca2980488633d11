"""`packhorse host`: unmodified game servers in a room."""

import argparse
import shlex
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from packhorse.aio.entering import host
from packhorse.aio.legacy_room import LegacyRoom, legacy_room
from packhorse.aio.room import Room
from packhorse.cli import options
from packhorse.cli.access_options import access_of, add_access_arguments
from packhorse.cli.door_options import add_door_arguments, check_doors, reads_commands
from packhorse.cli.doorman import CommandDesk, Doorman, serving
from packhorse.cli.output import Output, new_output
from packhorse.cli.password_options import add_password_arguments, password_of, prepare_password
from packhorse.cli.running import run_until_stopped, status_line
from packhorse.cli.service_texts import ServiceAddresses, over
from packhorse.cli.texts import Json
from packhorse.core.events import HOST
from packhorse.core.relay_address import RelayAddress
from packhorse.middleman.application import is_loopback
from packhorse.middleman.endpoint import Endpoint, resolve_all, resolve_endpoint, show_address
from packhorse.middleman.host_side import IDLE_AFTER, HostSide
from packhorse.middleman.traffic import Traffic
from packhorse.wire.constants import MAX_METADATA

_PROMPT: Final = "   > "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--relay",
        required=True,
        type=options.relay_address,
        metavar="HOST[:PORT]",
        help="relay that carries the room",
    )
    options.add_service_arguments(
        parser, options.remote_endpoint, "where a server of the game listens"
    )
    parser.add_argument(
        "--max-peers", type=options.peer_count, metavar="N", help="size of the room, host included"
    )
    parser.add_argument(
        "--idle-timeout",
        type=options.idle_seconds,
        default=IDLE_AFTER,
        metavar="S",
        help="seconds without UDP after which a peer's socket rests (default: %(default).0f)",
    )
    add_password_arguments(parser, "what who joins has to know")
    add_access_arguments(parser)
    add_door_arguments(parser)
    parser.add_argument(
        "--public",
        type=listing_text,
        metavar="TEXT",
        help="show the room and its code to everybody who lists rooms, with this text",
    )
    options.add_shared_arguments(parser)


def listing_text(text: str) -> bytes:
    """Check for argparse what the list of rooms is to show; returns it in UTF-8."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > MAX_METADATA:
        problem = f"the text has {len(encoded)} bytes, must have at most {MAX_METADATA}"
        raise argparse.ArgumentTypeError(problem)
    return encoded


def run(args: argparse.Namespace) -> int:
    """Carry what the game's servers send and get until a signal comes; returns the exit code."""
    services = ServiceAddresses(*options.service_endpoints(args))
    options.check_legacy(args)
    options.transport_to(args.relay, args)
    check_doors(args)
    prepare_password(args)
    output, traffic = new_output(is_json=args.json), Traffic()
    work = _host(args, services, output, traffic)
    waiting = f"Opening a room on {args.relay} ..."
    return run_until_stopped(work, output, traffic, waiting=waiting)


async def _host(
    args: argparse.Namespace, services: ServiceAddresses, output: Output, traffic: Traffic
) -> None:
    udp = [await resolve_endpoint(Endpoint(*address)) for address in services.udp]
    tcp = [await resolve_all(Endpoint(*address)) for address in services.tcp]
    side = HostSide(udp, output.tell, traffic, tcp=tcp, idle_after=args.idle_timeout)
    names = args.approve_names
    doorman = Doorman(output.tell, output.reply, names=names, asks=args.approve)
    async with side, _open_room(args, doorman) as room, AsyncExitStack() as stack:
        if args.public is not None and isinstance(room, Room):
            await room.set_options(listed=True, metadata=args.public)
        text = _text(room, args.relay, services, can_type=reads_commands(args))
        output.announce(_fields(room, args.relay, services), text)
        if isinstance(room, Room) and reads_commands(args):
            await stack.enter_async_context(serving(CommandDesk(room, doorman, output.reply)))
        prompt = _PROMPT if reads_commands(args) else ""
        async with status_line(
            output, room, traffic, is_held=lambda: doorman.is_asking, prompt=prompt
        ):
            await side.run(room, output.tell)


def _open_room(
    args: argparse.Namespace, doorman: Doorman
) -> AbstractAsyncContextManager[Room | LegacyRoom]:
    timeout = options.join_timeout(args)
    if args.legacy:
        return legacy_room(args.relay, HOST, timeout=timeout)
    return host(
        args.relay,
        max_peers=args.max_peers,
        password=password_of(args),
        approve=doorman.decide if args.approve or args.approve_names else False,
        locked=args.locked,
        access=access_of(args),
        timeout=timeout,
        transport=options.transport_to(args.relay, args),
        relay_only=args.relay_only,
        birthday=args.birthday,
    )


def _fields(
    room: Room | LegacyRoom, relay: RelayAddress, services: ServiceAddresses
) -> dict[str, Json]:
    code = room.code if isinstance(room, Room) else None
    fields: dict[str, Json] = {
        "event": "room",
        "code": code,
        "invite": f"{code}@{relay}" if code else None,
        "relay": str(relay),
        "path": room.path.value if isinstance(room, Room) else None,
        "peer_id": room.peer_id,
        "udp": show_address(services.udp[0]) if services.udp else None,
    }
    if services.tcp:
        fields["tcp"] = show_address(services.tcp[0])
    return fields | services.fields() | {"legacy": code is None}


def _text(
    room: Room | LegacyRoom, relay: RelayAddress, services: ServiceAddresses, *, can_type: bool
) -> RenderableType:
    lines: list[RenderableType]
    if isinstance(room, Room):
        invite = f"{room.code}@{relay}"
        join = f"packhorse join {shlex.quote(invite)} {services.options}"
        code = Panel(Text(room.code, style="bold"), box=box.ROUNDED, expand=False, padding=(0, 3))
        lines = [f"Room open on {relay}{over(room)}, for {services.meaning}.", code]
        lines.append(f"Invite: {invite}")
    else:
        join = f"packhorse join --legacy --relay {shlex.quote(str(relay))} {services.options}"
        lines = [f"Host of the legacy relay {relay}, for {services.meaning}."]
    lines += ["", f"Friends run this, and let their game connect to {services.ports}:"]
    lines.append(Text(f"  {join}", style="bold"))
    if _is_this_machine(relay.host):
        lines.append(f"{relay.host} is this machine: friends elsewhere need another address of it.")
    hint = "Type help for what you can do here. " if can_type else ""
    return Group(*lines, "", f"{hint}Stop with Ctrl-C.")


def _is_this_machine(relay_host: str) -> bool:
    try:
        return is_loopback(relay_host)
    except ValueError:  # a name
        return relay_host == "localhost"
