"""`packhorse ping`: round-trip time, jitter and loss to a room's host, or to a relay."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from rich.console import Console

from packhorse.aio.entering import join
from packhorse.aio.relay_pinger import RelayPinger
from packhorse.cli import options
from packhorse.cli.access_options import access_of, add_access_arguments
from packhorse.cli.password_options import add_password_arguments, password_of, prepare_password
from packhorse.cli.ping_screen import PingScreen, report
from packhorse.cli.ping_tally import PingTally, ping_repeatedly
from packhorse.cli.running import until_signal
from packhorse.core.events import HOST, Path
from packhorse.core.relay_address import RelayAddress
from packhorse.wire.errors import ConnectivityError, PackhorseError, SessionClosedError

if TYPE_CHECKING:
    from packhorse.cli.texts import Json

_COUNT: Final = 10
_MAX_COUNT: Final = 100_000
_INTERVAL: Final = 0.5  # seconds
_SHORTEST: Final = 0.01  # seconds
_SHORTEST_TO_RELAY: Final = 0.25  # seconds; a relay answers five a second
_LONGEST: Final = 60.0  # seconds
_OF_ROOMS: Final = (
    "--password",
    "--password-file",
    "--ask-password",
    "--ticket",
    "--ticket-file",
    "--access-key-file",
    "--timeout",
)
_PATIENCE: Final = 2.0  # seconds after which a ping counts as lost
_PATH_WITHIN: Final = 3.0  # seconds for UDP, then WebSocket, to be answered at all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    options.add_room_arguments(parser, "without one the relay itself is measured")
    parser.add_argument(
        "--count",
        type=lambda text: options.whole(text, 1, _MAX_COUNT),
        default=_COUNT,
        metavar="N",
        help="how many pings (default: %(default)d)",
    )
    parser.add_argument(
        "--interval",
        type=options.seconds(_SHORTEST, _LONGEST),
        default=_INTERVAL,
        metavar="S",
        help="seconds from one to the next (default: %(default)g)",
    )
    add_password_arguments(parser, "password of the room")
    add_access_arguments(parser)
    options.add_transport_argument(parser)
    options.add_timeout_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Ping until all are sent or a signal comes; returns the exit code.

    Raises:
        PackhorseError: The room could not be joined, or no ping was answered.
    """
    measurement = Measurement(args, _relay(args))
    prepare_password(args)
    error: PackhorseError | None = None
    try:
        asyncio.run(until_signal(measurement.run()))
    except PackhorseError as caught:
        error = caught
    if error is None and not measurement.tally.received:
        error = measurement.silence()
    measurement.sum_up(error)
    if error is not None and not measurement.tally.received:
        raise error
    return 0


class Measurement:
    """One run of the command."""

    def __init__(self, args: argparse.Namespace, relay: RelayAddress) -> None:
        """Send nothing yet."""
        self.tally = PingTally()
        self._args = args
        self._relay = relay
        self._transport = options.transport_to(relay, args)
        self._screen = PingScreen(Console(), args.count)
        self._about: dict[str, Json] = {
            "event": "ping",
            "target": "relay" if args.code is None else "host",
            "relay": str(relay),
        }

    async def run(self) -> None:
        """Send the pings.

        Raises:
            PackhorseError: The room could not be joined, or was closed.
        """
        with self._screen.live():
            if self._args.code is None:
                await self._ping_relay()
            else:
                await self._ping_host()

    def silence(self) -> PackhorseError:
        """Return the error of a measurement in which nothing was answered."""
        outcome = f"no answer to {self.tally.sent} ping{'s' * (self.tally.sent != 1)}"
        if not self.tally.sent:
            return ConnectivityError("pinging", ("stopped before the first answer",))
        if self._args.code is None:
            return ConnectivityError(
                "pinging the relay",
                (outcome,),
                "`packhorse doctor --relay` with the same address looks which step fails",
            )
        return ConnectivityError(
            "pinging the host",
            (f"{outcome}, although the relay answers",),
            "ask whether the host's program is running and its machine online",
        )

    def sum_up(self, error: PackhorseError | None) -> None:
        """Write what was measured."""
        if self._args.json:
            print(report(self.tally, self._about, error), flush=True)
        elif self.tally.sent:
            self._screen.sum_up(self._heading(), self.tally, self._remarks(error))

    async def _ping_relay(self) -> None:
        async with RelayPinger(self._relay, self._transport) as pinger:
            await pinger.find_path(_PATH_WITHIN)
            await self._repeat(lambda: pinger.ping(_PATIENCE))
            self._about["path"] = pinger.path and pinger.path.value

    async def _ping_host(self) -> None:
        timeout = options.join_timeout(self._args)
        entering = join(
            self._relay,
            self._args.code,
            password=password_of(self._args),
            access=access_of(self._args),
            timeout=timeout,
            transport=self._transport,
        )
        async with entering as room:
            self._about |= {"code": room.code, "peer_id": room.peer_id, "path": room.path.value}
            await self._repeat(lambda: room.ping_peer(HOST, _PATIENCE))

    async def _repeat(self, ping: Callable[[], Awaitable[float]]) -> None:
        await ping_repeatedly(
            ping,
            self.tally,
            count=self._args.count,
            interval=self._args.interval,
            show=lambda: self._screen.draw(self.tally),
        )

    def _heading(self) -> str:
        is_websocket = self._about.get("path") == Path.RELAY_WEBSOCKET.value
        relay = f"{self._relay} over WebSocket" if is_websocket else str(self._relay)
        if self._args.code is None:
            return f"From here to the relay {relay} and back, without a room:"
        return f"From here through {relay} to the host of room {self._about.get('code')} and back:"

    def _remarks(self, error: PackhorseError | None) -> list[str]:
        return [f"Ended early: {error}."] if isinstance(error, SessionClosedError) else []


def _relay(args: argparse.Namespace) -> RelayAddress:
    """Return the relay to use; ends with code 2 when the options do not fit together."""
    if args.code is None and args.relay is None:
        options.end_with_usage(args, "CODE or --relay: needed")
    if args.code is None and args.interval < _SHORTEST_TO_RELAY:
        options.end_with_usage(
            args, f"--interval: a relay itself is pinged at most every {_SHORTEST_TO_RELAY:g} s"
        )
    if args.code is None and (option := options.first_given(args, _OF_ROOMS)):
        options.end_with_usage(args, f"{option}: needs CODE; a relay itself is pinged without it")
    return options.invited_to(args)
