"""The admin listener of a real relay: what it shows, to whom, and what it refuses."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from json import loads
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import packhorse
from packhorse_relay.admin.access import LOCKOUT, MAX_FAILURES
from packhorse_relay.admin.listener import MAX_CONNECTIONS
from tests.support.admin_client import COMMAND, WatchedRelay
from tests.support.processes import Started
from tests.support.programs import program
from tests.support.relays import LOOPBACK
from tests.support.waiting import until

EVIL = "http://evil.example"
EVERYWHERE = "0.0.0.0:0"
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedRelay]:
    """Return a relay whose admin listener is for this machine only."""
    with WatchedRelay(tmp_path_factory.mktemp("state")) as relay:
        yield relay


@pytest.fixture
def public(tmp_path: Path) -> Iterator[WatchedRelay]:
    """Return a relay whose admin listener others could reach."""
    with WatchedRelay(tmp_path / "state", admin=EVERYWHERE) as relay:
        yield relay


@pytest.mark.parametrize(
    ("path", "content"), [("/healthz", b"ok\n"), ("/readyz", b"ready\n")], ids=str
)
def test_health_is_told(watched: WatchedRelay, path: str, content: bytes) -> None:
    reply = watched.get(path)

    assert (reply.status, reply.body) == (200, content)


def test_page_is_complete_and_forbids_everything_else(watched: WatchedRelay) -> None:
    reply = watched.get("/")

    assert reply.status == 200
    assert reply.body.rstrip().endswith(b"</html>")
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"
    assert "Server" not in reply.headers


async def test_status_shows_a_live_room_without_its_code(watched: WatchedRelay) -> None:
    async with packhorse.host(watched.address) as room, packhorse.join(watched.address, room.code):
        hidden = await asyncio.to_thread(watched.get, "/api/status")
        shown = await asyncio.to_thread(watched.get, "/api/status?reveal=1", watched.bearer)

    (listed,) = hidden.json["room_list"]
    assert (listed["count"], listed["code"]) == (2, None)
    assert room.code.encode() not in hidden.body
    assert b"127.0.0.1:" not in hidden.body.replace(watched.address.encode(), b"")
    assert shown.json["room_list"][0]["code"] == room.code


async def test_status_gives_samples_of_the_process(watched: WatchedRelay) -> None:
    await until(lambda: watched.get("/api/status").json["last"] >= 2, within=20)

    told = watched.get("/api/status").json
    newer = watched.get(f"/api/status?since={told['last'] - 1}").json
    assert told["samples"]["rss"][-1] > 5 << 20
    assert told["samples"]["lag"][-1] >= 0
    assert 1 <= len(newer["samples"]["cpu"]) <= 3


@pytest.mark.parametrize("since", ["x", "-1", "9" * 5000, "%00", "1&since=2", ""])
def test_strange_number_of_a_sample_is_harmless(watched: WatchedRelay, since: str) -> None:
    assert watched.get(f"/api/status?since={since}").status in {200, 400, 414, 431}


def test_rtt_is_measured_when_a_member_joins(watched: WatchedRelay) -> None:
    async def rtt() -> float:
        async with packhorse.host(watched.address):
            for _ in range(100):
                reply = await asyncio.to_thread(watched.get, "/api/status")
                found: float | None = reply.json["room_list"][0]["members"][0]["rtt"]
                if found is not None:
                    return found
        raise AssertionError("no RTT")

    assert 0 < asyncio.run(rtt()) < 1


@pytest.mark.parametrize("path", ["/api/status", "/metrics"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "192.0.2.7:6970"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "localhost", "Origin": "http://localhost"}, 200),
        ({"Host": "localhost", "Origin": EVIL}, 403),
        ({"Host": "localhost", "Origin": "null"}, 403),
        ({"Host": "evil.example", "Origin": EVIL}, 421),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
    ],
    ids=str,
)
def test_attack_24_matrix_of_hosts_and_origins(
    watched: WatchedRelay, path: str, headers: dict[str, str], status: int
) -> None:
    """Attack 24: another site's page, or its name, in the operator's browser."""
    assert watched.get(path, headers).status == status
    watched.get(path, watched.bearer)  # forget the wrong token


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_attack_24_page_is_not_given_under_a_foreign_name(watched: WatchedRelay, path: str) -> None:
    assert watched.get(path, {"Host": "evil.example"}).status == 421


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/status", 405),
        ("DELETE", "/", 405),
        ("GET", "/nothing", 404),
        ("GET", "//evil.example/", 404),
        ("GET", "/../etc/passwd", 404),
        ("GET", "/api/status/", 404),
    ],
)
def test_what_is_not_offered_is_refused(
    watched: WatchedRelay, method: str, path: str, status: int
) -> None:
    assert watched.get(path, method=method).status in {status, 400}


def test_listener_for_others_asks_for_the_token(public: WatchedRelay) -> None:
    """Attack 29: anybody who reaches the listener reads the figures."""
    assert public.get("/healthz").status == 200
    for path in ("/api/status", "/metrics"):
        refused = public.get(path)
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert public.get(path, public.bearer).status == 200
        assert public.get(f"{path}?token={public.token_file.read_text().strip()}").status == 401


def test_attack_29_guessing_the_token_locks_out(public: WatchedRelay) -> None:
    """Attack 29: five wrong tokens, then not even the right one for 30 s."""
    assert LOCKOUT == 30
    for _ in range(MAX_FAILURES):
        assert public.get("/metrics", {"Authorization": "Bearer guess"}).status == 401

    assert public.get("/metrics", public.bearer).status == 429
    assert public.get("/healthz").status == 200


def test_listener_for_others_does_not_start_where_its_token_is_not_safe(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x" * 32)
    token.chmod(0o644)
    text = f"admin_token_file={token}"

    with Started([*COMMAND, "--port", "0", "--admin", EVERYWHERE, "--set", text]) as started:
        assert started.wait() == 1

    assert f"error: others may read {token}" in started.output
    assert f"advice: chmod o-rwx {token}" in started.output


def test_attack_26_metric_cardinality_stays_constant_under_fuzz(watched: WatchedRelay) -> None:
    """Attack 26."""

    def series() -> set[tuple[str, str]]:
        text = watched.get("/metrics").body.decode()
        families = text_string_to_metric_families(text)
        return {(s.name, str(s.labels)) for family in families for s in family.samples}

    before = series()
    host, _, port = watched.address.partition(":")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
        for number in range(3000):
            stranger.sendto(bytes([number % 256]) * (number % 70 + 1), (host, int(port)))
    for path in ("/a", "/metrics?x=1", "/api/status?since=z", "/<script>"):
        watched.get(path)

    assert series() == before
    assert len(before) < 200


def test_prometheus_accepts_the_metrics(watched: WatchedRelay) -> None:
    reply = watched.get("/metrics")

    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"# HELP packhorse_rooms " in reply.body


def test_open_connections_are_limited_and_slow_ones_ended(watched: WatchedRelay) -> None:
    """Attack 22: half a request, from many connections."""
    opened = []
    try:
        for _ in range(MAX_CONNECTIONS + 20):
            slow = socket.create_connection((LOOPBACK, watched.admin_port), timeout=10)
            opened.append(slow)
            slow.sendall(b"GET / HTTP/1.1\r\n")
        ended_at_once = sum(_is_ended(each, 0.2) for each in opened[-10:])
        ended = sum(_is_ended(each, 10) for each in opened)
    finally:
        for each in opened:
            each.close()

    assert ended_at_once >= 5
    assert ended == len(opened)
    assert watched.get("/healthz").status == 200


def _is_ended(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        return _drained(connection)
    except TimeoutError:
        return False
    except OSError:
        return True


def _drained(connection: socket.socket) -> bool:
    while connection.recv(4096):
        pass
    return True


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /api/status?reveal HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE,
    ],
    ids=["TLS", "version", "long line", "many headers", "two hosts", "chunked", "websocket"],
)
def test_attack_25_broken_http_neither_stops_nor_fills_the_log(
    watched: WatchedRelay, junk: bytes
) -> None:
    lines = len(watched.process.lines)
    with socket.create_connection((LOOPBACK, watched.admin_port), timeout=10) as connection:
        with suppress(OSError):
            connection.sendall(junk)
            connection.shutdown(socket.SHUT_WR)
        reply = b""
        with suppress(OSError):
            while part := connection.recv(65536):
                reply += part

    assert b"101 Switching" not in reply
    assert b" 200 OK" not in reply
    assert watched.get("/healthz").status == 200
    assert len(watched.process.lines) <= lines + 1  # the limiter's one line of refusals


def test_attack_25_page_that_is_made_of_a_hostile_name_stays_a_page(watched: WatchedRelay) -> None:
    reply = watched.get("/<script>alert(1)</script>")

    assert reply.status in {400, 404}
    assert b"<script>" not in reply.body


def test_attack_29_port_scan_of_the_default_configuration_finds_the_data_and_the_stun_port_only(
    tmp_path: Path,
) -> None:
    """Attack 29: a listener that nobody asked for."""
    options = ["--port", "0", "--json", "--state-dir", str(tmp_path / "state")]
    with Started([*COMMAND, *options]) as started:
        line = started.wait_for('"listening"')
        found = _listening(started.pid)

        assert '"admin": null' in line
        told = loads(line)
        data, stun = told["port"], told["stun_port"]
        assert {(kind.rstrip("6"), port) for kind, port in found} == {
            ("udp", data),
            ("tcp", data),
            ("udp", stun),
        }
        assert [path.name for path in (tmp_path / "state").iterdir()] == ["secret"]  # no token


def _listening(pid: int) -> set[tuple[str, int]]:
    """Return protocol and port of every socket on which a process listens."""
    shown = subprocess.run(
        [program("ss"), "-H", "-l", "-n", "-p", "-t", "-u"],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    rows = [line.split() for line in shown.stdout.splitlines() if f"pid={pid}," in line]
    return {(row[0], int(row[4].rpartition(":")[2])) for row in rows}


def test_admin_listener_ends_with_the_relay(tmp_path: Path) -> None:
    with WatchedRelay(tmp_path / "state") as relay:
        started = time.monotonic()
        relay.process.stop()

        assert time.monotonic() - started < 5
        with pytest.raises(OSError, match="refused"):
            relay.get("/healthz")


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        ("/api/status?" + "a=1&" * 20, {}, 200),
        ("/api/status?since=%ff", {}, 200),
        ("/api/status", {"Authorization": b"Bearer \xff\xfe"}, 401),
        ("/metrics", {"Host": b"\xff"}, 421),
        ("/metrics", {"Origin": b"\xff"}, 403),
        ("//evil.example/", {}, 404),
    ],
)
def test_attack_29_strange_request_is_no_bug(
    watched: WatchedRelay, path: str, header: dict[str, str | bytes], status: int
) -> None:
    """A traceback for whoever asks would fill the log and hide what matters."""
    assert watched.get(path, header).status == status
    assert "this is a bug" not in watched.process.output
