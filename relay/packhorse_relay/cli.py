"""`packhorse relay` and `packhorse-relay`."""

import argparse
import asyncio
import json
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse_relay import __version__
from packhorse_relay.access_options import operator_keys
from packhorse_relay.aio.certificates import Certificates
from packhorse_relay.aio.reading_loop import new_event_loop
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.bind_failure import bind_failure
from packhorse_relay.config import (
    ENVIRONMENT_PREFIX,
    Loaded,
    RelayConfig,
    config_text,
    load_config,
)
from packhorse_relay.core.tickets import check_keys
from packhorse_relay.dataplane.kernel.capabilities import drop_capabilities
from packhorse_relay.dataplane.kernel.plane import KernelPlane
from packhorse_relay.flags import add_arguments, flag_values
from packhorse_relay.logs import LogOutput, set_up_logs
from packhorse_relay.operation import Operation, parse_admin
from packhorse_relay.players_address import players_address
from packhorse_relay.service import CONFIG, UNIT, install_service, this_program, unit_text
from packhorse_relay.state import load_secret, state_directory
from packhorse_relay.websocket_options import websocket_settings

__all__ = ["add_arguments", "main", "run"]

logger = logging.getLogger(__name__)

_ALL_IPV4: Final = "0.0.0.0"  # noqa: S104 - a relay is there to be reached
_ALL_IPV6: Final = "::"
_CONFIG_VARIABLE: Final = f"{ENVIRONMENT_PREFIX}CONFIG"


def run(args: argparse.Namespace) -> int:
    """Relay until a signal comes; returns the exit code.

    Raises:
        ConfigurationError: A setting is wrong.
    """
    if args.install_service or args.dry_run:
        return _install(args)
    loaded = _load(args)
    if args.check_config or args.print_config:
        return _show(loaded, args)
    output = set_up_logs(loaded.config.log_level, loaded.config.log_format)
    return _run(loaded, output, args)


def main(argv: list[str] | None = None) -> int:
    """Run `packhorse-relay`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="packhorse-relay", description="Run a Packhorse relay.")
    parser.add_argument("--version", action="version", version=__version__)
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)
        print(f"advice: {error.advice}", file=sys.stderr)
        return 1


def _load(args: argparse.Namespace) -> Loaded:
    environment = dict(os.environ)
    named = environment.pop(_CONFIG_VARIABLE, "")
    path = args.config or (Path(named) if named else None)
    loaded = load_config(path, environment, flag_values(args), dict(args.set))
    if loaded.config.admin:
        parse_admin(loaded.config.admin)
    websocket_settings(loaded.config)
    check_keys(loaded.settings.tickets, operator_keys(loaded.config))
    return loaded


def _show(loaded: Loaded, args: argparse.Namespace) -> int:
    """Print what is asked for: the configuration, or that it is good.

    Raises:
        ConfigurationError: It is to be looked at, and the certificate cannot be used.
    """
    if args.print_config:
        print(config_text(loaded), end="")
        return 0
    if loaded.config.websocket and loaded.config.tls_cert:
        Certificates(loaded.config.tls_cert, loaded.config.tls_key)
    if args.json:
        _print_json(event="configuration", good=True)
    else:
        print("The configuration is good.")
    return 0


def _install(args: argparse.Namespace) -> int:
    """Write or print the unit.

    Raises:
        ConfigurationError: It cannot be done, or what else was given would be ignored.
    """
    if not args.install_service:
        raise ConfigurationError("--dry-run is for --install-service", "give both, or neither")
    if flag_values(args) or args.set or args.config:
        advice = f"write the settings into {CONFIG} after the installation"
        raise ConfigurationError("--install-service takes no settings", advice)
    program = this_program()
    if args.dry_run:
        print(unit_text(program), end="")
        return 0
    for line in install_service(program):
        print(line)
    print("Start it now, and at every boot, with:")
    print(f"  sudo systemctl daemon-reload && sudo systemctl enable --now {UNIT}")
    return 0


def _run(loaded: Loaded, output: LogOutput, args: argparse.Namespace) -> int:
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_relay(loaded, output, args))
    except BrokenPipeError:  # whoever read our output has gone
        return 1
    except OSError as error:
        print(bind_failure(loaded.config, error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _relay(loaded: Loaded, output: LogOutput, args: argparse.Namespace) -> None:
    config = loaded.config
    server = RelayServer(
        bind=config.bind or _default_bind(),
        port=config.port,
        settings=loaded.settings,
        keys=operator_keys(config),
        with_legacy=config.legacy,
        websocket=websocket_settings(config),
        state_dir=_usable_state_directory(config),
        stun_port=config.stun_port,
        dataplane=config.dataplane,
        kernel_attach=config.kernel_attach,
    )
    operation = Operation(
        server,
        loaded,
        lambda: _load(args),
        output,
        lambda: _announce_drain(server, is_json=args.json),
    )
    async with server, operation:
        if server.dataplane == KernelPlane.name:
            drop_capabilities()
        _announce(server, operation, config, is_json=args.json)
        await operation.wait_for_stop()
    _sum_up(server, is_json=args.json)  # all members have been told by now


def _announce(
    server: RelayServer, operation: Operation, config: RelayConfig, *, is_json: bool
) -> None:
    admin = None if operation.admin is None else _url(operation.admin.address)
    if is_json:
        addresses = [{"host": host, "port": port} for host, port in server.addresses]
        _print_json(
            event="listening",
            port=server.port,
            addresses=addresses,
            dataplane=server.dataplane,
            admin=admin,
            websocket=server.websocket_scheme,
            stun_port=server.stun_port,
        )
        return
    where = ", ".join(f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in server.addresses)
    websocket = {None: "UDP", "ws": "UDP and WebSocket", "wss": "UDP and WebSocket with TLS"}
    print(f"Packhorse relay {__version__} listens on {websocket[server.websocket_scheme]} {where}")
    print(f"Players use --relay {players_address(config.bind, server.port)}.")
    ports = "UDP port" if server.websocket_scheme is None else "UDP and TCP port"
    stun = "" if server.stun_port is None else f", and UDP port {server.stun_port} for STUN,"
    print(f"Behind a home router, forward {ports} {server.port}{stun} to it. Stop it with Ctrl-C.")
    if config.legacy:
        print("The legacy protocol is on: anybody can take part in its one room.")
    if admin:
        for everywhere in (_ALL_IPV4, f"[{_ALL_IPV6}]"):
            admin = admin.replace(f"//{everywhere}:", "//ADDRESS:")
        print(f"Status page: {admin}; its token is in {operation.token_file or 'no file'}.")
    sys.stdout.flush()


def _announce_drain(server: RelayServer, *, is_json: bool) -> None:
    seconds = server.settings.drain_time
    if is_json:
        _print_json(event="draining", sessions=server.session_count, seconds=seconds)
        return
    print(f"No new rooms; waiting up to {seconds:g} s for {server.session_count} players.")
    print("A second signal stops the relay at once.", flush=True)


def _usable_state_directory(config: RelayConfig) -> Path | None:
    """Return where the secret is; None where nobody named a place and the usual one is no use.

    Raises:
        ConfigurationError: The place that was named is no use.
    """
    directory = state_directory(config.state_dir, os.environ)
    try:
        load_secret(directory)
    except ConfigurationError as error:
        if config.state_dir:
            raise
        logger.warning("rooms will not survive a restart of the relay: %s", error)
        return None
    return directory


def _url(address: tuple[str, int]) -> str:
    host, port = address
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _sum_up(server: RelayServer, *, is_json: bool) -> None:
    drops = {reason.value: count for reason, count in sorted(server.drops.items()) if count}
    if is_json:
        ends = {cause.value: count for cause, count in sorted(server.websocket_ends.items())}
        _print_json(
            event="stopped",
            forwarded=server.datagrams_forwarded,
            drops=drops,
            websocket_ends=ends,
        )
        return
    listed = ", ".join(f"{reason} {count}" for reason, count in drops.items()) or "none"
    print(f"Forwarded {server.datagrams_forwarded} datagrams; dropped: {listed}.")


def _print_json(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


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


if __name__ == "__main__":
    sys.exit(main())
