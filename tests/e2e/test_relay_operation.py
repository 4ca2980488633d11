"""A relay that somebody leaves running: configuration, reload, systemd, logs, secrets."""

import asyncio
import json
import os
import signal
import socket
import ssl
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import packhorse
from packhorse.cli import main
from packhorse_relay.config import RelayConfig
from packhorse_relay.operation import needing_restart
from tests.support.admin_client import COMMAND, WatchedRelay
from tests.support.certificate import make_certificate
from tests.support.processes import run
from tests.support.relays import LOOPBACK
from tests.support.waiting import until

RELOADED = "the configuration was read again"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "relay.toml"
    file.write_text("[limits]\nmax_rooms = 1\n")
    return file


@contextmanager
def configured(config: Path, *options: str) -> Iterator[WatchedRelay]:
    with WatchedRelay(config.parent / "state", "--config", str(config), *options) as relay:
        yield relay


def rewrite(relay: WatchedRelay, config: Path, content: str) -> None:
    config.write_text(content)
    relay.process.signal(signal.SIGHUP)
    relay.process.wait_for(RELOADED)


async def test_sighup_takes_over_new_limits_while_rooms_go_on(config: Path) -> None:
    with configured(config) as relay:
        async with packhorse.host(relay.address) as first:
            with pytest.raises(packhorse.PackhorseError, match="no place"):
                async with packhorse.host(relay.address):
                    pass
            await asyncio.to_thread(rewrite, relay, config, "[limits]\nmax_rooms = 2\n")
            async with packhorse.host(relay.address), packhorse.join(relay.address, first.code):
                told = await asyncio.to_thread(relay.get, "/api/status")

        assert told.json["max_rooms"] == 2
        assert told.json["rooms"] == 2


def test_sighup_with_a_wrong_configuration_changes_nothing(config: Path) -> None:
    with configured(config) as relay:
        config.write_text("[limits]\nmax_rooms = 'many'\n")
        relay.process.signal(signal.SIGHUP)
        line = relay.process.wait_for("nothing was changed")

        assert "ERROR reload: max_rooms is 'many'" in line
        assert relay.get("/api/status").json["max_rooms"] == 1


def test_sighup_names_what_needs_a_restart(config: Path) -> None:
    with configured(config) as relay:
        rewrite(
            relay,
            config,
            'legacy = true\nbind = ["::1"]\nprofile = "public"\n[limits]\nhello_rate = 1\n'
            'tickets = "off"\n',
        )

        # The flags of this relay set port and bind; flags win over the file.
        lines = [line for line in relay.process.lines if "needs a restart" in line]
        assert len(lines) == 1
        assert "WARNING reload: legacy needs a restart" in lines[0]


def test_what_cannot_change_is_named_and_what_can_is_not() -> None:
    wanted = RelayConfig(
        bind=("::1",),
        port=1,
        dataplane="portable",
        profile="public",
        log_level="debug",
        trusted_proxies=("::1",),
        ticket_key="file",
        access_key_file="file",
        admin_names=("name",),
    )

    assert needing_restart(RelayConfig(), wanted) == ["bind", "port", "dataplane"]


def test_sighup_takes_over_a_renewed_certificate(config: Path, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, name="first")
    with configured(config, "--tls-cert", str(cert), "--tls-key", str(key)) as relay:
        place = (LOOPBACK, relay.told["port"])
        times = {file: file.stat().st_mtime_ns for file in (cert, key)}
        make_certificate(tmp_path, name="second")
        for file, time in times.items():  # so that the relay does not find out by itself
            os.utime(file, ns=(time, time))
        assert ssl.get_server_certificate(place) != cert.read_text("ascii")
        rewrite(relay, config, "")

        assert ssl.get_server_certificate(place) == cert.read_text("ascii")


async def test_sighup_gives_the_members_there_are_another_rate(config: Path) -> None:
    with configured(config) as relay:
        async with packhorse.host(relay.address) as host, packhorse.join(relay.address, host.code):
            await asyncio.to_thread(rewrite, relay, config, "[limits]\nhost_datagram_rate = 4\n")
            for _ in range(50):
                await host.send(bytes(1000), mode=packhorse.Mode.UNRELIABLE)
            await until(lambda: relay.get("/api/status").json["drops"].get("data_limited"))


async def test_sighup_takes_over_a_new_access_key(config: Path, tmp_path: Path) -> None:
    old, new = (packhorse.Access(key=new_key(tmp_path / name)) for name in ("old", "new"))
    await asyncio.to_thread(config.write_text, f"access_key_file = '{tmp_path}/old'\n")
    with configured(config) as relay:
        async with packhorse.host(relay.address, access=old):
            wanted = f"access_key_file = '{tmp_path}/new'\n"
            await asyncio.to_thread(rewrite, relay, config, wanted)
            with pytest.raises(packhorse.PackhorseError):
                async with packhorse.host(relay.address, access=old):
                    pass
            async with packhorse.host(relay.address, access=new):
                pass


def new_key(file: Path) -> str:
    assert main(["ticket", "--new-key", str(file)]) == 0
    return file.read_text("ascii")


async def test_sighup_takes_over_how_many_connections_there_may_be(config: Path) -> None:
    few = "[limits]\nwebsocket_connections_per_source = 0\n"
    await asyncio.to_thread(config.write_text, few)
    with configured(config) as relay:
        with pytest.raises(packhorse.PackhorseError):
            async with packhorse.host(f"ws://{relay.address}", timeout=1.0):
                pass
        wanted = "[limits]\nwebsocket_connections_per_source = 1\n"
        await asyncio.to_thread(rewrite, relay, config, wanted)
        async with packhorse.host(f"ws://{relay.address}"):
            told = await asyncio.to_thread(relay.get, "/api/status")

        assert told.json["connection_ends"].keys() == {"too_many_of_source"}


def test_sighup_takes_over_a_new_admin_token(config: Path) -> None:
    with configured(config) as relay:
        former = relay.bearer
        relay.token_file.unlink()
        rewrite(relay, config, "")

        assert relay.get("/api/status?reveal=1", former).status == 401
        assert relay.get("/api/status?reveal=1", relay.bearer).status == 200


def test_sighup_with_a_key_that_cannot_be_read_changes_nothing(config: Path) -> None:
    with configured(config) as relay:
        config.write_text("access_key_file = '/nonexistent'\n[limits]\nmax_rooms = 3\n")
        relay.process.signal(signal.SIGHUP)
        relay.process.wait_for("nothing was changed")

        assert relay.get("/api/status").json["max_rooms"] == 1


def test_sighup_changes_the_log_level(config: Path) -> None:
    with configured(config) as relay:
        rewrite(relay, config, 'log_level = "info"\n')
        asyncio.run(_visit(relay.address))

        relay.process.wait_for("peer 1 joined")


async def _visit(address: str) -> None:
    async with packhorse.host(address):
        pass


def test_systemd_is_told_of_start_reload_life_and_end(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(15)
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "4000000"}
        with WatchedRelay(tmp_path / "state", env=env) as relay:
            heard = [systemd.recv(4096).decode() for _ in range(3)]
            relay.process.signal(signal.SIGHUP)
            while not heard[-1].startswith("RELOADING=1\n"):
                heard.append(systemd.recv(4096).decode())
            heard.append(systemd.recv(4096).decode())
            relay.process.signal(signal.SIGTERM)
            while heard[-1] != "STOPPING=1":
                heard.append(systemd.recv(4096).decode())

    assert heard[0] == f"READY=1\nSTATUS=listening on {LOOPBACK} port {relay.told['port']}"
    assert heard[1:3] == ["WATCHDOG=1"] * 2
    assert sum(each.startswith("READY=1") for each in heard) == 2


def test_attack_25_log_flood_is_bounded_and_every_line_is_json(tmp_path: Path) -> None:
    """Attack 25: thousands of events, from one room and from wrong tokens."""
    options = ["--log-format", "json", "--log-level", "debug"]
    with WatchedRelay(tmp_path / "state", *options) as relay:
        asyncio.run(_come_and_go(relay.address, 25))
        for _ in range(40):
            relay.get("/metrics", {"Authorization": "Bearer %s%n{0}"})
        relay.process.stop()

    lines = [json.loads(line) for line in relay.process.lines]
    joined = [line for line in lines if "joined" in line.get("message", "")]
    refused = [line for line in lines if "refused" in line.get("message", "")]
    assert len(joined) <= 2  # of one room
    assert len(refused) <= 2
    assert "\x1b" not in relay.process.output


async def _come_and_go(address: str, times: int) -> None:
    async with packhorse.host(address) as room:
        for _ in range(times):
            async with packhorse.join(address, room.code):
                pass


def test_attack_28_no_secret_is_ever_logged(tmp_path: Path) -> None:
    """Attack 28: keys, codes and tokens in a log that somebody uploads."""
    with WatchedRelay(tmp_path / "state", "--log-level", "debug") as relay:
        codes = asyncio.run(_rooms(relay.address, 3))
        token = relay.token_file.read_text().strip()
        relay.get("/api/status?reveal=1", relay.bearer)
        relay.get("/api/status", {"Authorization": f"Bearer {token}x"})
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            host, _, port = relay.address.partition(":")
            stranger.sendto(codes[0].encode() * 20, (host, int(port)))
        relay.process.stop()

    log = relay.process.output.upper()
    assert "PEER 1 JOINED" in log
    for secret in (token, *codes, *(code.replace("-", "") for code in codes)):
        assert secret.upper() not in log


async def _rooms(address: str, count: int) -> list[str]:
    codes = []
    for _ in range(count):
        async with packhorse.host(address) as room, packhorse.join(address, room.code):
            codes.append(room.code)
    return codes


def test_flags_win_over_environment_over_file(config: Path) -> None:
    config.write_text("port = 1\nlegacy = true\n[limits]\nmax_rooms = 5\nmax_peers = 5\n")
    env = {"PACKHORSE_RELAY_CONFIG": str(config), "PACKHORSE_RELAY_PORT": "2"} | {
        "PACKHORSE_RELAY_MAX_ROOMS": "6",
        "PACKHORSE_RELAY_MAX_PEERS": "6",
    }

    done = run([*COMMAND, "--print-config", "--set", "max_peers=7"], timeout=30, env=env)

    told = tomllib.loads(done.stdout)
    assert (told["port"], told["legacy"]) == (2, True)
    assert (told["limits"]["max_rooms"], told["limits"]["max_peers"]) == (6, 7)


@pytest.mark.parametrize(
    ("options", "problem", "advice"),
    [
        (["--set", "max_room=1"], "unknown key 'max_room'", "did you mean max_rooms?"),
        (["--set", "max_rooms=x"], "max_rooms is 'x'", "max_rooms = 1000"),
        (["--admin", "nowhere"], "admin is 'nowhere'", "ADDRESS:PORT"),
        (["--admin", "host.example:1"], "admin is 'host.example:1'", "ADDRESS:PORT"),
        (["--config", "/no/such"], "cannot read /no/such", "--config takes"),
        (["--tls-cert", "/no", "--tls-key", "/no"], "certificate /no cannot be used", "PEM files"),
    ],
)
def test_wrong_configuration_is_a_failure_with_advice(
    options: list[str], problem: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["relay", "--check-config", *options]) == 1

    shown = capsys.readouterr()
    assert problem in shown.err
    assert f"advice: {advice}" in shown.err or advice in shown.err
    assert shown.out == ""


def test_good_configuration_is_said_to_be_good(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["relay", "--config", str(config), "--check-config"]) == 0

    assert capsys.readouterr().out == "The configuration is good.\n"


def test_service_is_shown_before_it_is_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "/opt/packhorse/bin/packhorse-relay"
    monkeypatch.setattr("packhorse_relay.cli.this_program", lambda: program)

    assert main(["relay", "--install-service", "--dry-run"]) == 0

    assert f"ExecStart={program} --config" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options", [["--port", "7000"], ["--set", "max_rooms=5"], ["--config", "relay.toml"]]
)
def test_service_is_not_installed_without_the_settings_that_were_given(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["relay", "--install-service", "--dry-run", *options]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert "--install-service takes no settings" in told.err
    assert "/etc/packhorse/relay.toml" in told.err


def test_dry_run_of_nothing_starts_no_relay(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["relay", "--dry-run"]) == 1

    assert "--dry-run is for --install-service" in capsys.readouterr().err
