"""Members over WebSocket and UDP in one room, on a real relay."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import packhorse
from packhorse import Message, Mode
from packhorse.aio.relay_pinger import RelayPinger
from packhorse.core.relay_address import Transport
from packhorse.wire.constants import WS_HEAD_START
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.websocket_settings import WebSocketSettings
from tests.support.certificate import make_certificate
from tests.support.relay_process import RelayProcess
from tests.support.relays import address_of, new_relay, quick_settings
from tests.support.tcp_only import TcpOnly
from tests.support.waiting import end_of, next_of, until

BIG = 200_000  # bytes of a reliable message: many pieces


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


@pytest.mark.parametrize(
    ("of_host", "of_guest"), [("udp", "ws"), ("ws", "udp"), ("ws", "ws")], ids="-".join
)
async def test_members_exchange_data_and_reliable_messages(
    relay: RelayServer, of_host: str, of_guest: str
) -> None:
    data = secrets.token_bytes(BIG)
    async with (
        packhorse.host(address_of(relay), transport=of_host) as host,
        packhorse.join(address_of(relay), host.code, transport=of_guest) as guest,
    ):
        await next_of(host, packhorse.PeerJoined)
        await guest.send(b"plain", to=packhorse.HOST)
        assert (await next_of(host, Message)) == Message(b"plain", guest.peer_id)
        await host.send(b"to all")
        assert (await next_of(guest, Message)).data == b"to all"
        for sender, receiver in ((host, guest), (guest, host)):
            await sender.send(data, to=receiver.peer_id, mode=Mode.RELIABLE)
            assert (await next_of(receiver, Message)).data == data
        assert await guest.ping_peer(packhorse.HOST) < 1.0

        paths = {"udp": packhorse.Path.RELAY_UDP, "ws": packhorse.Path.RELAY_WEBSOCKET}
        assert (host.path, guest.path) == (paths[of_host], paths[of_guest])
    assert relay.drops[packhorse.DropReason.SEND_FAILED] == 0


async def test_auto_takes_udp_where_it_works(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as room:
        assert room.path is packhorse.Path.RELAY_UDP
    assert relay.websocket_count == 0


@pytest.mark.quiet
async def test_auto_falls_back_to_websocket_where_udp_is_blocked(relay: RelayServer) -> None:
    loop = asyncio.get_running_loop()
    async with TcpOnly(relay.port) as way:
        begin = loop.time()
        async with packhorse.host(way.address) as room:
            assert WS_HEAD_START <= loop.time() - begin < WS_HEAD_START + 1.0
            assert room.path is packhorse.Path.RELAY_WEBSOCKET


async def test_udp_alone_does_not_fall_back(relay: RelayServer) -> None:
    async with TcpOnly(relay.port) as way:
        with pytest.raises(packhorse.TransactionTimeoutError) as timed_out:
            async with packhorse.host(way.address, transport="udp", timeout=1.5):
                pass

    assert timed_out.value.attempts == ()


async def test_failure_names_everything_that_was_tried() -> None:
    async with TcpOnly(1) as way:  # nothing listens behind it
        port = way.port
        with pytest.raises(packhorse.TransactionTimeoutError) as timed_out:
            async with packhorse.host(way.address, timeout=2.0):
                pass

    told = str(timed_out.value)
    assert timed_out.value.stage == f"reaching the relay (127.0.0.1:{port})"
    assert f"UDP 127.0.0.1:{port}: no answer yet" in told
    assert f"ws://127.0.0.1:{port}: the server closed the connection" in told
    assert f"wss://127.0.0.1:{port}: " in told
    assert "UDP and TCP" in timed_out.value.advice


async def test_websocket_alone_names_its_failure_and_advice() -> None:
    with pytest.raises(packhorse.ConnectivityError) as failed:
        async with packhorse.host("ws://127.0.0.1:1"):
            pass

    assert failed.value.stage == "reaching the relay"
    assert "ws://127.0.0.1:1: " in str(failed.value)
    assert "running" in failed.value.advice


async def test_wrong_path_is_told(relay: RelayServer) -> None:
    with pytest.raises(packhorse.ConnectivityError, match="HTTP 404"):
        async with packhorse.host(f"ws://{address_of(relay)}/elsewhere"):
            pass


async def test_wrong_code_over_websocket_is_denied_as_over_udp(relay: RelayServer) -> None:
    with pytest.raises(packhorse.JoinDeniedError):
        async with packhorse.join(f"ws://{address_of(relay)}", "0000-0000"):
            pass


async def test_session_survives_a_lost_connection(relay: RelayServer) -> None:
    async with (
        TcpOnly(relay.port) as way,
        packhorse.host(address_of(relay)) as host,
        packhorse.join(f"ws://{way.address}", host.code) as guest,
    ):
        await next_of(host, packhorse.PeerJoined)
        before = guest.mapped_address

        way.break_connections()
        await host.send(b"across the gap", to=guest.peer_id, mode=Mode.RELIABLE)

        assert (await next_of(guest, Message)).data == b"across the gap"
        assert guest.mapped_address != before
        assert guest.peer_id == 2


async def test_relay_that_stops_tells_members_over_websocket() -> None:
    async with new_relay() as relay, packhorse.host(f"ws://{address_of(relay)}") as room:
        await relay.__aexit__(None, None, None)
        with pytest.raises(packhorse.SessionClosedByError) as ended:
            await next_of(room, packhorse.PeerJoined)

    assert ended.value.code is packhorse.ErrorCode.DRAINING


async def test_relay_restarted_without_its_secret_ends_the_session_with_advice(
    tmp_path: Path,
) -> None:
    with RelayProcess("--state-dir", str(tmp_path / "1")) as first:
        async with packhorse.host(f"ws://{first.address}") as room:
            first.kill()
            with RelayProcess("--state-dir", str(tmp_path / "2"), port=first.port):
                error = await end_of(room, within=15.0)

    assert isinstance(error, packhorse.SessionClosedByError)
    assert error.code is packhorse.ErrorCode.SESSION_UNKNOWN


async def test_leaving_over_websocket_is_told_at_once(relay: RelayServer) -> None:
    async with packhorse.host(f"ws://{address_of(relay)}") as host:
        async with packhorse.join(address_of(relay), host.code):
            await next_of(host, packhorse.PeerJoined)
        assert (await next_of(host, packhorse.PeerLeft)).code == 0
    await until(lambda: (relay.session_count, relay.websocket_count) == (0, 0))


async def test_kick_reaches_a_member_over_websocket(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        packhorse.join(f"ws://{address_of(relay)}", host.code) as guest,
    ):
        await next_of(host, packhorse.PeerJoined)
        await host.kick(2)
        with pytest.raises(packhorse.SessionClosedByError) as ended:
            await next_of(guest, packhorse.PeerJoined)

    assert ended.value.code is packhorse.ErrorCode.KICKED


@pytest.mark.parametrize("transport", list(Transport))
async def test_relay_itself_is_pinged_over_either_transport(
    relay: RelayServer, transport: Transport
) -> None:
    target = packhorse.parse_relay_address(address_of(relay))
    async with RelayPinger(target, transport) as pinger:
        assert 0 < await pinger.ping(2.0) < 1.0

        is_websocket = transport is Transport.WEBSOCKET
        assert (pinger.path is packhorse.Path.RELAY_WEBSOCKET) == is_websocket


async def test_relay_is_pinged_over_websocket_where_udp_is_blocked(relay: RelayServer) -> None:
    async with (
        TcpOnly(relay.port) as way,
        RelayPinger(packhorse.parse_relay_address(way.address)) as pinger,
    ):
        with pytest.raises(packhorse.TransactionTimeoutError):
            await pinger.ping(WS_HEAD_START + 0.5)
        assert await pinger.ping(2.0) < 1.0
        assert pinger.path is packhorse.Path.RELAY_WEBSOCKET


# TLS


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return a certificate and its key; clients in this test trust it."""
    cert, key = make_certificate(tmp_path, name="first")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    return cert, key


def tls_relay(cert: Path, key: Path) -> RelayServer:
    return RelayServer(
        bind=["127.0.0.1"],
        port=0,
        settings=quick_settings(lost_after=15.0, removed_after=60.0),
        websocket=WebSocketSettings(tls_cert=str(cert), tls_key=str(key)),
    )


async def test_member_joins_over_tls(certificate: tuple[Path, Path]) -> None:
    async with (
        tls_relay(*certificate) as relay,
        packhorse.host(f"wss://{address_of(relay)}") as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        await guest.send(secrets.token_bytes(BIG), to=1, mode=Mode.RELIABLE)
        assert len((await next_of(host, Message)).data) == BIG


async def test_auto_finds_the_tls_of_a_relay_where_udp_is_blocked(
    certificate: tuple[Path, Path],
) -> None:
    async with (
        tls_relay(*certificate) as relay,
        TcpOnly(relay.port) as way,
        packhorse.host(way.address) as room,
    ):
        assert room.path is packhorse.Path.RELAY_WEBSOCKET


async def test_certificate_that_nobody_vouches_for_is_refused(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with tls_relay(*certificate) as relay:
        with pytest.raises(packhorse.ConnectivityError, match=r"(?i)certificate") as failed:
            async with packhorse.host(f"wss://{address_of(relay)}"):
                pass

    assert failed.value.advice


async def test_reloaded_certificate_serves_new_connections_and_spares_old_ones(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certificate
    async with tls_relay(cert, key) as relay, packhorse.host(f"wss://{address_of(relay)}") as host:
        make_certificate(cert.parent, name="second")  # the file that clients trust changes too
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        with pytest.raises(packhorse.ConnectivityError, match=r"(?i)certificate"):
            async with packhorse.join(f"wss://{address_of(relay)}", host.code):
                pass

        relay.reload_certificates()

        async with packhorse.join(f"wss://{address_of(relay)}", host.code) as guest:
            await guest.send(b"hello", to=1)
            assert (await next_of(host, Message)).data == b"hello"


async def test_renewal_that_fails_leaves_the_old_certificate(
    certificate: tuple[Path, Path],
) -> None:
    cert, key = certificate
    async with tls_relay(cert, key) as relay:
        good = key.read_bytes()
        key.write_bytes(b"no key")
        os.utime(key, (1, 1))
        relay.reload_certificates()
        key.write_bytes(good)

        async with packhorse.host(f"wss://{address_of(relay)}") as host:
            assert host.peer_id == 1


def test_certificate_that_cannot_be_used_is_told_with_advice(tmp_path: Path) -> None:
    cert, _ = make_certificate(tmp_path, name="first")

    async def start() -> None:
        async with tls_relay(cert, tmp_path / "missing.pem"):
            pass

    with pytest.raises(packhorse.ConfigurationError, match="cannot be used") as refused:
        asyncio.run(start())

    assert "--tls-key" in refused.value.advice
