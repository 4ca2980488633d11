"""`packhorse rooms`: the public rooms of a relay, or what the status page of one shows."""

import argparse
import ipaddress
import json
import os
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from packhorse.aio.secret_files import refuse_public
from packhorse.cli import options
from packhorse.cli.access_options import add_access_arguments
from packhorse.cli.output import table_console
from packhorse.cli.room_list import print_rooms
from packhorse.cli.rooms_screen import Status, status_view
from packhorse.wire.errors import ConfigurationError, ConnectivityError, PackhorseError

DEFAULT_ADMIN: Final = "http://127.0.0.1:6970"
_TIMEOUT: Final = 5.0  # seconds for an answer
_MAX_ANSWER: Final = 4 << 20  # bytes
_MAX_TOKEN: Final = 512  # bytes
_ADMIN_ONLY: Final = ("--admin", "--token-file", "--reveal", "--watch")
_PUBLIC_ONLY: Final = ("--ticket", "--ticket-file", "--access-key-file", "--timeout")
_LONGEST_WATCH: Final = 3600.0  # seconds
_ADVICE: Final = {
    401: "name the file that holds the admin token with --token-file; the relay prints which",
    403: "ask the relay itself, not by another page",
    421: "name the relay by its address, or set admin_names in its configuration",
    429: "too many wrong tokens: wait 30 s",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.description = (
        "With --relay: list the rooms that their hosts made public, as every player may. "
        "Else: show all rooms and the load of a relay of your own, which has --admin."
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    _add_public(parser.add_argument_group("public rooms of any relay"))
    _add_admin(parser.add_argument_group("rooms and load of your own relay"))
    parser.set_defaults(usage_error=parser.error)


def _add_public(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--relay",
        type=options.relay_address,
        metavar="HOST[:PORT]",
        help="relay whose public rooms are listed",
    )
    add_access_arguments(group)
    options.add_transport_argument(group)
    options.add_timeout_argument(group)


def _add_admin(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--admin",
        metavar="URL",
        help=f"admin listener of the relay: a URL, ADDR:PORT or PORT (default: {DEFAULT_ADMIN})",
    )
    group.add_argument(
        "--token-file", type=Path, metavar="FILE", help="file that holds the admin token"
    )
    group.add_argument(
        "--reveal", action="store_true", help="show room codes and addresses; needs the token"
    )
    group.add_argument(
        "--watch",
        nargs="?",
        const=2.0,
        type=options.seconds(0.5, _LONGEST_WATCH),
        metavar="S",
        help="show it again every S seconds (default: 2)",
    )


def run(args: argparse.Namespace) -> int:
    """Show the rooms; returns the exit code.

    Raises:
        PackhorseError: The relay cannot be asked.
    """
    _check_together(args)
    if args.relay is not None:
        return print_rooms(args)
    if args.reveal and args.token_file is None:
        raise ConfigurationError("--reveal needs the admin token", _ADVICE[401])
    url = admin_url(args.admin or DEFAULT_ADMIN)
    token = "" if args.token_file is None else _token(args.token_file)
    if args.watch is None:
        _print(url, fetch(url, token, reveal=args.reveal), is_json=args.json)
    else:
        _watch(args, url, token)
    return 0


def _check_together(args: argparse.Namespace) -> None:
    """End with code 2 when options of both kinds are given."""
    is_public = args.relay is not None
    foreign = _ADMIN_ONLY if is_public else _PUBLIC_ONLY
    if option := options.first_given(args, foreign):
        needed = "cannot be given together with --relay" if is_public else "needs --relay"
        options.end_with_usage(args, f"{option}: {needed}")


def admin_url(text: str) -> str:
    """Return the URL of an admin listener that is given as URL, `ADDR:PORT` or `PORT`.

    Raises:
        ConfigurationError: It is none of these.
    """
    local = f"127.0.0.1:{text}" if text.isascii() and text.isdigit() else text
    url = local if "://" in local else f"http://{local}"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_good = is_good and parts.port != 0 and not parts.username
    except ValueError:
        is_good = False
    if not is_good:
        raise ConfigurationError(f"{text!r} names no admin listener", f"such as {DEFAULT_ADMIN}")
    return url.rstrip("/")


def fetch(url: str, token: str, *, reveal: bool) -> Status:
    """Ask a relay for its status.

    Args:
        url: Of its admin listener.
        token: Its admin token; empty for none.
        reveal: Ask for codes and addresses, too.

    Raises:
        ConfigurationError: The token would be sent in the clear, or is refused.
        ConnectivityError: There is no answer.
    """
    if token and not _is_private(url):
        advice = "use https, or reach it through an SSH tunnel"
        raise ConfigurationError(f"{url} would carry the token in the clear", advice)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    query = "?reveal=1" if reveal else ""
    request = urllib.request.Request(f"{url}/api/status{query}", headers=headers)  # noqa: S310 - http or https
    try:
        with _OPENER.open(request, timeout=_TIMEOUT) as answer:
            return _decoded(url, answer.read(_MAX_ANSWER))
    except urllib.error.HTTPError as error:
        error.close()
        advice = _ADVICE.get(error.code, "is this the admin listener of a relay?")
        raise ConfigurationError(f"{url} answered {error.code}", advice) from None
    except (OSError, UnicodeError, HTTPException) as error:
        raise _unreachable(url, error) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody: the token is for one relay."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        """Refuse."""
        return


_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


def _watch(args: argparse.Namespace, url: str, token: str) -> None:
    console = table_console()
    if args.json or not console.is_terminal:
        while True:
            _print(url, fetch(url, token, reveal=args.reveal), is_json=args.json)
            time.sleep(args.watch)
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while True:
            try:
                view = _view(url, fetch(url, token, reveal=args.reveal), console.width)
            except ConnectivityError as error:  # a relay that restarts is worth waiting for
                again = f"Asking again every {args.watch:g} s; Ctrl-C ends it."
                view = Text(f"error: {error}\nadvice: {error.advice}\n\n{again}")
            live.update(view, refresh=True)
            time.sleep(args.watch)


def _print(url: str, status: Status, *, is_json: bool) -> None:
    if is_json:
        print(json.dumps(status), flush=True)
    else:
        console = table_console()
        console.print(_view(url, status, console.width))


def _view(url: str, status: Status, width: int) -> RenderableType:
    try:
        return status_view(status, width)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise _no_status(url) from None


def _decoded(url: str, body: bytes) -> Status:
    try:
        status = json.loads(body)
    except (ValueError, RecursionError):
        status = None
    if not isinstance(status, dict) or "room_list" not in status:
        raise _no_status(url)
    return status


def _no_status(url: str) -> ConfigurationError:
    return ConfigurationError(f"{url} gave no status", "is this the admin listener of a relay?")


def _token(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            refuse_public(file, os.fstat(opened.fileno()))
            return opened.read(_MAX_TOKEN).decode("ascii", "replace").strip()
    except OSError as error:
        advice = "the relay prints at its start in which file the token is"
        raise ConfigurationError(f"cannot read {file}: {error.strerror}", advice) from None


def _is_private(url: str) -> bool:
    """Tell whether nobody between here and there can read what is sent."""
    parts = urlsplit(url)
    try:
        is_local = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_local = parts.hostname == "localhost"
    return is_local or parts.scheme == "https"


def _unreachable(url: str, error: Exception) -> PackhorseError:
    reason = getattr(error, "reason", error)
    failure = f"{url}: {getattr(reason, 'strerror', None) or reason}"
    advice = "start the relay with --admin 6970, and ask on the same machine"
    return ConnectivityError("asking the relay for its status", (failure,), advice)
