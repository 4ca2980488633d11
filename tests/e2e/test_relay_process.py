"""`packhorse relay` as its operator runs it: a process with options, signals and a summary."""

import asyncio
import json
import random
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import packhorse
from packhorse import Message
from packhorse.cli import main
from packhorse.wire.constants import MAX_DATAGRAM, Kind
from packhorse_relay.state import load_secret
from tests.support.processes import Started, run
from tests.support.relays import LOOPBACK, LOOPBACK_V6
from tests.support.waiting import next_of

COMMAND = [sys.executable, "-m", "packhorse", "relay"]
BATCH = 25  # datagrams that a socket's buffer surely holds
FLOOD = 5000
PAUSE = 0.005  # seconds after a batch; of much more the kernel drops what nobody counts
MARK = 0xA4  # first byte of DATA, without the kind


class Relay:
    """A running relay and what it said first."""

    def __init__(self, process: Started) -> None:
        self.process = process
        self.told: dict[str, Any] = json.loads(process.wait_for('"listening"'))
        self.port: int = self.told["port"]

    def address(self, host: str = LOOPBACK) -> str:
        """Return how to name it."""
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def end(self, number: signal.Signals = signal.SIGTERM) -> dict[str, Any]:
        """End it by a signal; return its summary."""
        self.process.signal(number)
        assert self.process.wait() == 0, self.process.output
        summary: dict[str, Any] = json.loads(self.process.lines[-1])
        assert summary["event"] == "stopped"
        return summary


@contextmanager
def relay(*options: str) -> Iterator[Relay]:
    with Started([*COMMAND, "--port", "0", "--json", *options]) as process:
        yield Relay(process)


async def talk(relay: Relay, host: str = LOOPBACK) -> None:
    """See that a room of the relay carries a message."""
    async with (
        packhorse.host(relay.address(host)) as room,
        packhorse.join(relay.address(host), room.code) as guest,
    ):
        await guest.send(b"hello", to=packhorse.HOST)
        assert (await next_of(room, Message)).data == b"hello"


async def test_relay_listens_on_ipv4_and_ipv6_by_default() -> None:
    with relay() as started:
        hosts = {entry["host"]: entry["port"] for entry in started.told["addresses"]}
        await talk(started, LOOPBACK)
        await talk(started, LOOPBACK_V6)

        assert hosts == {"0.0.0.0": started.port, "::": started.port}  # noqa: S104 - as told


async def test_bind_says_where_to_listen_and_may_be_repeated() -> None:
    with relay("--bind", LOOPBACK_V6, "--bind", LOOPBACK) as started:
        await talk(started, LOOPBACK_V6)
        await talk(started, LOOPBACK)

        hosts = [entry["host"] for entry in started.told["addresses"]]
        assert hosts == [LOOPBACK_V6, LOOPBACK]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
async def test_signal_ends_the_relay_with_a_summary(number: signal.Signals) -> None:
    with relay("--bind", LOOPBACK) as started:
        await talk(started)
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            stranger.sendto(b"what?", (LOOPBACK, started.port))
        await talk(started)

        assert started.end(number)["drops"] == {"too_short": 1}
        assert len(started.process.lines) == 2, started.process.output


async def test_stopped_relay_tells_its_members() -> None:
    with relay("--bind", LOOPBACK) as started:
        async with packhorse.host(started.address()) as room:
            started.end(signal.SIGINT)
            with pytest.raises(packhorse.SessionClosedByError, match="is stopping"):
                await next_of(room, Message)


async def test_terminated_relay_waits_until_its_rooms_have_ended() -> None:
    """RES-11: members are told; no room is opened."""
    with relay("--bind", LOOPBACK) as started:
        async with packhorse.host(started.address()) as room:
            started.process.signal(signal.SIGTERM)
            told = await next_of(room, packhorse.RelayDraining)
            assert 295 < told.seconds <= 300
            with pytest.raises(packhorse.RelayRefusedError) as caught:
                async with packhorse.host(started.address()):
                    pass
            assert caught.value.code is packhorse.ErrorCode.DRAINING

        assert started.process.wait() == 0
        drained = json.loads(started.process.lines[1])
        assert drained == {"event": "draining", "sessions": 1, "seconds": 300.0}


async def test_second_signal_stops_a_draining_relay_at_once() -> None:
    with relay("--bind", LOOPBACK) as started:
        async with packhorse.host(started.address()) as room:
            started.process.signal(signal.SIGTERM)
            await next_of(room, packhorse.RelayDraining)
            started.end()
            with pytest.raises(packhorse.SessionClosedByError, match="is stopping"):
                await next_of(room, Message)


async def test_drain_ends_at_its_deadline() -> None:
    with relay("--bind", LOOPBACK, "--drain-time", "0.3") as started:
        async with packhorse.host(started.address()) as room:
            started.end()
            with pytest.raises(packhorse.SessionClosedByError, match="is stopping"):
                await next_of(room, Message)


def test_state_directory_that_cannot_be_used_is_a_failure_with_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_bytes(b"short")
    arguments = ["relay", "--port", "0", "--bind", LOOPBACK, "--state-dir", str(tmp_path)]

    assert main(arguments) == 1

    error, advice = capsys.readouterr().err.splitlines()
    assert error.endswith("secret has 5 bytes, must have 32")
    assert advice.startswith("advice: delete it")


def test_secret_is_drawn_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    secret = load_secret(tmp_path / "state")

    assert len(secret) == 32
    assert load_secret(tmp_path / "state") == secret
    assert (tmp_path / "state" / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["secret"]


async def test_summary_for_people_names_counts() -> None:
    with Started([*COMMAND, "--port", "0", "--bind", LOOPBACK]) as process:
        port = process.wait_for("listens on UDP").rpartition(":")[2]
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            stranger.sendto(b"what?", (LOOPBACK, int(port)))
        async with packhorse.host(f"{LOOPBACK}:{port}"):
            pass
        process.signal(signal.SIGTERM)

        assert process.wait() == 0
        assert process.lines[-1] == "Forwarded 0 datagrams; dropped: too_short 1."


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "no.such.name.invalid"], ids=["foreign address", "unknown name"]
)
def test_address_that_cannot_be_had_is_a_failure_with_advice(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["relay", "--port", "0", "--bind", host]) == 1

    error, advice = capsys.readouterr().err.splitlines()
    assert error.startswith("error: the relay cannot listen")
    assert advice.startswith("advice: ")
    assert "--bind" in advice


def test_port_in_use_is_a_failure_with_advice() -> None:
    with relay("--bind", LOOPBACK) as started:
        port = str(started.port)
        done = run([*COMMAND, "--bind", LOOPBACK, "--port", port], timeout=15.0)

    assert done.returncode == 1
    error, advice = done.stdout.splitlines()
    assert error.startswith(f"error: the relay cannot listen on 127.0.0.1, port {port}:")
    assert "--port" in advice


def test_port_for_stun_in_use_is_named() -> None:
    with relay("--bind", LOOPBACK) as started:
        taken = str(started.port)
        done = run(
            [*COMMAND, "--bind", LOOPBACK, "--port", "0", "--stun-port", taken], timeout=15.0
        )

    assert done.returncode == 1
    assert f"or for --stun-port on {taken}:" in done.stdout


def test_unknown_flag_exits_with_two() -> None:
    done = run([*COMMAND, "--no-such-flag"], timeout=15.0)

    assert done.returncode == 2
    assert "--no-such-flag is not known here" in done.stdout


@pytest.mark.parametrize(
    "options",
    [["--port", "65536"], ["--port", "x"], ["--dataplane", "magic"], ["extra"]],
    ids=" ".join,
)
def test_wrong_usage_exits_with_two(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["relay", *options])

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


async def test_two_relays_run_on_one_machine_and_share_nothing() -> None:
    with relay() as one, relay() as two:
        assert one.port != two.port
        async with packhorse.host(one.address()) as room:
            await talk(two)
            with pytest.raises(packhorse.JoinDeniedError):
                async with packhorse.join(two.address(), room.code):
                    pass

        one.end()
        await talk(two)


@pytest.mark.parametrize("is_on", [False, True], ids=["off", "on"])
async def test_legacy_is_spoken_only_when_asked_for(is_on: bool) -> None:  # noqa: FBT001
    registration = bytes.fromhex("00aa00000001")
    with relay("--bind", LOOPBACK, *(["--legacy"] if is_on else [])) as started:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as member:
            member.settimeout(5.0 if is_on else 0.2)
            member.sendto(registration, (LOOPBACK, started.port))
            if is_on:
                assert member.recv(64) == registration
            else:
                with pytest.raises(TimeoutError):
                    member.recv(64)
        drops = started.end()["drops"]

    assert drops == ({} if is_on else {"legacy_disabled": 1})


def strange_datagrams() -> Iterator[bytes]:
    """Give datagrams of every kind, none of which deserves anything but to be dropped."""
    rng = random.Random(6969)  # noqa: S311 - repeatable by design
    kinds = [MARK | kind for kind in Kind]
    starts = [*kinds, 0x00, 0xA0, 0xA8, 0xFF]
    for number in range(FLOOD):
        match number % 8:
            case 0:
                yield rng.randbytes(rng.randrange(MAX_DATAGRAM))
            case 1:
                yield rng.randbytes(rng.randrange(6))
            case 2:
                yield rng.randbytes(MAX_DATAGRAM + 1 + rng.randrange(2000))
            case 3:
                yield b"\x00\xaa" + rng.randbytes(4 + rng.randrange(40))
            case 4:
                yield bytes([kinds[1], 0]) + rng.randbytes(4) + b"\x84\x00\x01" + rng.randbytes(300)
            case _:
                yield bytes([rng.choice(starts)]) + rng.randbytes(5 + rng.randrange(200))


async def test_attack_33_flood_of_strange_datagrams_is_counted_and_the_room_goes_on() -> None:
    async with AsyncExitStack() as stack:
        started = stack.enter_context(relay("--bind", LOOPBACK, "--verbose"))
        room = await stack.enter_async_context(packhorse.host(started.address()))
        guest = await stack.enter_async_context(packhorse.join(started.address(), room.code))
        stranger = stack.enter_context(closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        for number, data in enumerate(strange_datagrams(), 1):
            stranger.sendto(data, (LOOPBACK, started.port))
            if number % BATCH == 0:  # the relay answers in order, so it has seen the batch
                await guest.send(b"still there?", to=packhorse.HOST)
                assert (await next_of(room, Message)).data == b"still there?"
                await asyncio.sleep(PAUSE)
        summary = started.end(signal.SIGINT)

    assert sum(summary["drops"].values()) == FLOOD, summary
    assert summary["drops"].keys() >= {"too_short", "too_large", "legacy_disabled"}
    assert "internal_error" not in summary["drops"]
    assert summary["forwarded"] >= FLOOD // BATCH - 1
    assert len(started.process.lines) < 10, started.process.output  # none for each datagram
