"""`packhorse join`: a room for an unmodified game client."""

import argparse
import secrets
from contextlib import AbstractAsyncContextManager

from rich.console import Group
from rich.text import Text

from packhorse.aio.entering import join
from packhorse.aio.legacy_room import LegacyRoom, legacy_room
from packhorse.aio.room import Room
from packhorse.cli import options
from packhorse.cli.access_options import access_of, add_access_arguments
from packhorse.cli.door_options import member_name
from packhorse.cli.output import Output, new_output
from packhorse.cli.password_options import add_password_arguments, password_of, prepare_password
from packhorse.cli.running import run_until_stopped, status_line
from packhorse.cli.service_texts import ServiceAddresses, over
from packhorse.cli.texts import Json
from packhorse.core.relay_address import RelayAddress
from packhorse.middleman.client_side import ClientSide
from packhorse.middleman.endpoint import Endpoint, resolve_endpoint, show_address
from packhorse.middleman.traffic import Traffic
from packhorse.wire.constants import LEGACY_MAX_ID


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    options.add_room_arguments(parser, "none with --legacy")
    options.add_service_arguments(
        parser, options.local_endpoint, "where the game will find its server, 0 for a free port,"
    )
    parser.add_argument(
        "--id",
        type=options.legacy_id,
        metavar="N",
        help="with --legacy: own id, 2 or above (default: a random one)",
    )
    add_password_arguments(parser, "password of the room")
    parser.add_argument(
        "--name",
        type=member_name,
        help="who you are, for a host that decides who may join",
    )
    add_access_arguments(parser)
    options.add_shared_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry what the game sends and gets until a signal comes; returns the exit code."""
    local = options.service_endpoints(args)
    relay = _relay(args)
    options.check_legacy(args)
    options.transport_to(relay, args)
    prepare_password(args)
    output, traffic = new_output(is_json=args.json), Traffic()
    work = _join(args, relay, local, output, traffic)
    waiting = f"Joining the room on {relay} ..."
    return run_until_stopped(work, output, traffic, waiting=waiting)


def _relay(args: argparse.Namespace) -> RelayAddress:
    """Return the relay to use; ends with code 2 when the options do not fit together."""
    if args.legacy and args.code is not None:
        options.end_with_usage(args, "CODE: --legacy knows no rooms; the relay's port is the room")
    if not args.legacy and args.code is None:
        options.end_with_usage(args, "CODE: give the code or the invite that the host shows")
    if not args.legacy and args.id is not None:
        options.end_with_usage(args, "--id: only with --legacy; otherwise the relay gives the id")
    return options.invited_to(args)


async def _join(
    args: argparse.Namespace,
    relay: RelayAddress,
    local: tuple[list[Endpoint], list[Endpoint]],
    output: Output,
    traffic: Traffic,
) -> None:
    udp, tcp = [[await resolve_endpoint(endpoint) for endpoint in each] for each in local]
    side = ClientSide(udp, output.tell, traffic, tcp=tcp)
    async with side, _open_room(args, relay) as room:
        services = ServiceAddresses(side.udp_addresses, side.tcp_addresses)
        output.announce(_fields(room, relay, services), _text(room, relay, services))
        async with status_line(output, room, traffic):
            await side.run(room, output.tell)


def _open_room(
    args: argparse.Namespace, relay: RelayAddress
) -> AbstractAsyncContextManager[Room | LegacyRoom]:
    timeout = options.join_timeout(args)
    if args.legacy:
        peer_id = args.id or 2 + secrets.randbelow(LEGACY_MAX_ID - 1)
        return legacy_room(relay, peer_id, timeout=timeout)
    return join(
        relay,
        args.code,
        password=password_of(args),
        name=args.name or "",
        access=access_of(args),
        timeout=timeout,
        transport=options.transport_to(relay, args),
        relay_only=args.relay_only,
        birthday=args.birthday,
    )


def _fields(
    room: Room | LegacyRoom, relay: RelayAddress, services: ServiceAddresses
) -> dict[str, Json]:
    fields: dict[str, Json] = {
        "event": "ready",
        "udp": services.udp[0][1] if services.udp else None,
        "address": show_address((services.udp or services.tcp)[0]),
        "peer_id": room.peer_id,
        "code": room.code if isinstance(room, Room) else None,
        "relay": str(relay),
        "path": room.path.value if isinstance(room, Room) else None,
        "legacy": not isinstance(room, Room),
    }
    if services.tcp:
        fields["tcp"] = services.tcp[0][1]
    return fields | services.fields()


def _text(room: Room | LegacyRoom, relay: RelayAddress, services: ServiceAddresses) -> Group:
    where = f"room {room.code}" if isinstance(room, Room) else "the legacy room"
    return Group(
        f"In {where} on {relay}{over(room)}, as peer {room.peer_id}.",
        Text.assemble("Let the game connect to ", (str(services), "bold"), "."),
        "",
        "Stop with Ctrl-C.",
    )
