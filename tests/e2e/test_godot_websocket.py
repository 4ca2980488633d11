"""Godot games over WebSocket: chosen, forced, with TLS, in a room with others, and refused."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

import packhorse
from packhorse.core.retransmission import GIVE_UP_AFTER
from packhorse.wire.constants import WS_HEAD_START
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.websocket_settings import WebSocketSettings
from tests.support import layout
from tests.support.certificate import make_certificate
from tests.support.chromium import Chromium, PageServer
from tests.support.godot_member import Event, GodotMember, Start, expect
from tests.support.relays import LOOPBACK, address_of, new_relay, patient_settings
from tests.support.tcp_only import TcpOnly
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("godot")

_WEBSOCKET: Final = "RELAY_WEBSOCKET"


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    """Give a relay in this process."""
    async with new_relay() as server:
        yield server


def tls_relay(cert: Path, key: Path) -> RelayServer:
    """Return a relay with a certificate."""
    websocket = WebSocketSettings(tls_cert=str(cert), tls_key=str(key))
    return RelayServer(bind=[LOOPBACK], port=0, settings=patient_settings(), websocket=websocket)


async def create(member: GodotMember, relay: str, **options: object) -> str:
    """Create a room and wait for its code."""
    return await asyncio.to_thread(partial(member.create, relay, **options))


async def play(host: GodotMember, client: GodotMember) -> None:
    """See that calls go both ways, unreliable and reliable."""
    await expect(host, "peer_connected", peer=2)
    await expect(client, "peer_connected", peer=1)
    host.do("say", text="to all")
    client.do("say", text="to the host", to=1, reliable=True)
    await expect(client, "heard", peer=1, text="to all")
    await expect(host, "heard_reliably", peer=2, text="to the host")


async def test_game_is_played_over_websocket_where_udp_is_blocked(
    relay: RelayServer, start: Start
) -> None:
    host, client = await asyncio.to_thread(start, 2)
    loop = asyncio.get_running_loop()
    async with TcpOnly(relay.port) as way:
        begin = loop.time()
        code = await create(host, way.address)
        assert WS_HEAD_START < loop.time() - begin < GIVE_UP_AFTER
        client.do("join", relay=way.address, code=code)
        await play(host, client)

        assert (await expect(host, "peer_path"))["path"] == _WEBSOCKET
        stages = [event["stage"] for event in host.unexpected("stage_changed")]
        wanted = ["RESOLVING", "REACHING_UDP", "REACHING_WEBSOCKET", "JOINING", "CONNECTED"]
        assert stages == wanted


async def test_auto_takes_udp_where_it_works(relay: RelayServer, start: Start) -> None:
    host, client = await asyncio.to_thread(start, 2)
    client.do("join", relay=address_of(relay), code=await create(host, address_of(relay)))

    await play(host, client)

    assert (await expect(host, "peer_path", peer=2))["path"] == "RELAY_UDP"
    assert relay.websocket_count == 0


@pytest.mark.parametrize("way", ["option", "scheme"])
async def test_websocket_can_be_asked_for(relay: RelayServer, start: Start, way: str) -> None:
    host, client = await asyncio.to_thread(start, 2)
    address = address_of(relay) if way == "option" else f"ws://{address_of(relay)}"
    options = {"transport": "WEBSOCKET"} if way == "option" else {}

    code = await create(host, address, **options)
    client.do("join", relay=address, code=code, **options)
    await play(host, client)

    assert (await expect(client, "peer_path", peer=1))["path"] == _WEBSOCKET
    assert relay.websocket_count == 2
    assert "REACHING_UDP" not in str(host.unexpected("stage_changed"))


@pytest.mark.parametrize("trust", ["certificate", "unsafe"])
async def test_game_is_played_over_tls(start: Start, tmp_path: Path, trust: str) -> None:
    cert, key = make_certificate(tmp_path, name="relay")
    options = {"certificate": str(cert)} if trust == "certificate" else {"unsafe": True}
    host, client = await asyncio.to_thread(start, 2)
    async with tls_relay(cert, key) as relay:
        address = f"wss://{address_of(relay)}"

        client.do("join", relay=address, code=await create(host, address, **options), **options)
        await play(host, client)

        assert (await expect(client, "peer_path", peer=1))["path"] == _WEBSOCKET


async def test_auto_finds_tls_where_udp_is_blocked(start: Start, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, name="relay")
    (member,) = await asyncio.to_thread(start, 1)
    async with (
        tls_relay(cert, key) as relay,
        TcpOnly(relay.port) as way,
    ):
        await create(member, way.address, certificate=str(cert))


async def test_certificate_that_is_not_trusted_is_refused(start: Start, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, name="relay")
    (member,) = await asyncio.to_thread(start, 1)
    member.expected_error = "TLS handshake error"
    async with tls_relay(cert, key) as relay:
        member.do("create", relay=f"wss://{address_of(relay)}")

        error = await expect(member, "connection_error")

    assert error["name"] == "CERTIFICATE_REFUSED"
    assert "clock" in error["advice"]
    await expect(member, "connection_failed")


async def test_wrong_path_is_told(relay: RelayServer, start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    member.expected_errors = ("Invalid status code", "Invalid response headers")
    member.do("create", relay=f"ws://{address_of(relay)}/elsewhere")

    error = await expect(member, "connection_error")

    assert error["name"] == "WEBSOCKET_REFUSED"
    assert "HTTP 404" in error["message"]
    assert "path" in error["advice"]
    assert error["stage"] == "reaching the relay over WebSocket"


async def test_server_that_speaks_no_tls_is_told(relay: RelayServer, start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    member.expected_error = "TLS handshake error"
    member.do("create", relay=f"wss://{address_of(relay)}")

    error = await expect(member, "connection_error")

    assert error["name"] == "WEBSOCKET_FAILED"
    assert "TLS" in error["message"]


async def test_closed_port_is_told_at_once(start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    async with TcpOnly(1) as way:
        closed = way.port
    member.do("create", relay=f"ws://127.0.0.1:{closed}")

    error = await expect(member, "connection_error")

    assert error["name"] == "WEBSOCKET_FAILED"
    assert "nothing takes connections there" in error["message"]


async def test_server_that_says_nothing_is_given_up(start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    with socket.create_server((LOOPBACK, 0)) as server:
        member.do("create", relay=f"ws://127.0.0.1:{server.getsockname()[1]}")

        error = await expect(member, "connection_error")

    assert (error["name"], error["message"].rpartition(": ")[2]) == (
        "WEBSOCKET_FAILED",
        "no answer",
    )


async def test_failure_names_everything_that_was_tried(start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    member.expected_error = "TLS handshake error"
    async with TcpOnly(1) as way:  # nothing listens behind it
        member.do("create", relay=way.address, timeout=4.0)
        error = await expect(member, "connection_error")
        port = way.port

    assert error["name"] == "CONNECT_TIMEOUT"
    ways = [attempt.rpartition(": ")[0] for attempt in error["attempts"]]
    assert error["attempts"][0] == f"UDP 127.0.0.1:{port}: no answer yet"
    assert ways[1].startswith(f"ws://127.0.0.1:{port}/v1")
    assert ways[2].startswith(f"wss://127.0.0.1:{port}/v1")


async def test_udp_cannot_be_asked_for_where_only_websocket_is_named(start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    member.do("create", relay="ws://127.0.0.1", transport="UDP")

    assert (await expect(member, "connection_error"))["name"] == "TRANSPORT_IMPOSSIBLE"
    assert (await expect(member, "started"))["result"] == "Invalid parameter"


async def test_wrong_code_over_websocket_is_denied(relay: RelayServer, start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    member.do("join", relay=f"ws://{address_of(relay)}", code="0000-0000")

    assert (await expect(member, "connection_error"))["name"] == "JOIN_DENIED"


async def test_rooms_are_listed_over_websocket(relay: RelayServer, start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    async with packhorse.host(address_of(relay)) as room:
        await room.set_options(listed=True)

        member.do("list", relay=f"ws://{address_of(relay)}")

        rooms = (await expect(member, "rooms_listed"))["rooms"]
        assert [each["code"] for each in rooms] == [room.code]


async def test_relay_that_stops_says_so_over_websocket(start: Start) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    async with new_relay() as relay:
        await create(member, f"ws://{address_of(relay)}")

    assert (await expect(member, "connection_error"))["name"] == "DRAINING"
    await expect(member, "server_disconnected")


async def test_kicked_client_is_told_over_websocket(relay: RelayServer, start: Start) -> None:
    host, client = await asyncio.to_thread(start, 2)
    address = f"ws://{address_of(relay)}"
    client.do("join", relay=address, code=await create(host, address))
    await play(host, client)

    host.do("kick", peer=2)

    assert (await expect(client, "connection_error"))["name"] == "KICKED"
    await expect(host, "peer_disconnected", peer=2)
    await until(lambda: relay.websocket_count == 1)  # the client has closed its connection


async def test_host_that_leaves_ends_the_room_over_websocket(
    relay: RelayServer, start: Start
) -> None:
    host, client = await asyncio.to_thread(start, 2)
    address = f"ws://{address_of(relay)}"
    client.do("join", relay=address, code=await create(host, address))
    await play(host, client)

    host.do("close")

    assert (await expect(client, "connection_error"))["name"] == "ROOM_CLOSED"
    await expect(client, "server_disconnected")
    await until(lambda: relay.websocket_count == 0)


async def test_client_leaves_and_comes_back_over_websocket(
    relay: RelayServer, start: Start
) -> None:
    host, client = await asyncio.to_thread(start, 2)
    address = f"ws://{address_of(relay)}"
    code = await create(host, address)
    client.do("join", relay=address, code=code)
    await play(host, client)

    client.do("close")
    await expect(host, "peer_disconnected", peer=2)
    client.do("join", relay=address, code=code, reuse=True)
    await expect(host, "peer_connected", peer=3)
    await expect(client, "peer_connected", peer=1)

    client.do("say", text="back", to=1, reliable=True)
    await expect(host, "heard_reliably", peer=3, text="back")


@pytest.mark.parametrize("transport", ["UDP", "WEBSOCKET"])
async def test_burst_of_300_calls_arrives_whole(
    relay: RelayServer, start: Start, transport: str
) -> None:
    host, client = await asyncio.to_thread(start, 2)
    code = await create(host, address_of(relay), transport=transport)
    client.do("join", relay=address_of(relay), code=code, transport=transport)
    await play(host, client)
    before = (await report(client))["calls"]

    host.do("spray", times=300)
    host.do("say", text="last", reliable=True)

    await expect(client, "heard_reliably", text="last")
    assert (await report(client))["calls"] - before == 301


@pytest.mark.parametrize(
    ("secrets", "is_admitted"), [(("open", "open"), True), (("open", "wrong"), False)]
)
async def test_game_that_authenticates_admits_who_knows_its_secret(
    relay: RelayServer, start: Start, secrets: tuple[str, str], *, is_admitted: bool
) -> None:
    members = await asyncio.to_thread(start, 2)
    host, client = members
    for member, secret in zip(members, secrets, strict=True):
        member.do("authenticate", secret=secret)
    code = await create(host, address_of(relay), transport="WEBSOCKET")
    client.do("join", relay=address_of(relay), code=code)

    if is_admitted:
        await play(host, client)
    else:
        await expect(host, "peer_authentication_failed", peer=2)
        assert host.unexpected("peer_connected") == []


async def test_godot_python_and_a_browser_are_in_one_room(
    relay: RelayServer, start: Start, browser: Chromium
) -> None:
    (member,) = await asyncio.to_thread(start, 1)
    async with packhorse.host(address_of(relay)) as room:
        echoing = asyncio.create_task(echo(room))
        joining = {"relay": address_of(relay), "code": room.code, "transport": "WEBSOCKET"}
        member.do("join", raw=True, **joining)
        await expect(member, "peer_connected", peer=1)
        with PageServer(layout.REPOSITORY / "examples" / "browser") as server:
            url = f"{server.url}/index.html#relay=ws://{address_of(relay)}&code={room.code}"
            told = await asyncio.to_thread(result_of, browser, url)

        await expect(member, "peer_connected", peer=3)
        member.do("put", to=1, hex=b"from Godot".hex())
        await expect(member, "packet", peer=1, hex=b"from Godot".hex())
        assert (told["peer"], told["sent"], told["received"]) == (3, 20, 20)
        assert room.path is packhorse.Path.RELAY_UDP
        echoing.cancel()


async def report(member: GodotMember) -> Event:
    """Return what the Godot process says, without stopping the event loop."""
    return await asyncio.to_thread(member.report)


async def echo(room: packhorse.Room) -> None:
    """Send every message back until cancelled."""
    async for event in room:
        if isinstance(event, packhorse.Message):
            await room.send(event.data, to=event.source)


def result_of(browser: Chromium, url: str) -> dict[str, Any]:
    """Show the page; return what it reports."""
    browser.show(url)
    told: dict[str, Any] = json.loads(
        browser.wait_for("document.body?.dataset.result ?? null", timeout=30.0)
    )
    return told
