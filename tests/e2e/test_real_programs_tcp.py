"""TCP programs that know nothing of Packhorse, at both ends of a room."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.middleman_process import DEADLINE, LOOPBACK
from tests.support.processes import Started, run
from tests.support.programs import program
from tests.support.tcp_process import TcpPath, tcp_path, wait_for_listener

MIB = 1 << 20
PATIENCE = 25.0  # seconds for some MiB on a busy machine
# Exit codes of curl: while connecting, without an answer, while sending, while receiving.
RESET_BY_PEER = (7, 52, 55, 56)


@pytest.fixture
def path() -> Iterator[TcpPath]:
    with tcp_path() as path:
        yield path


@contextmanager
def files_served(path: TcpPath, folder: Path) -> Iterator[str]:
    """Serve a folder by HTTP; yields its address as the client's programs see it."""
    port = str(path.server_port)
    command = [sys.executable, "-m", "http.server", "--bind", LOOPBACK, port]
    with Started([*command, "--directory", str(folder)]):
        wait_for_listener(path.server_port)
        yield f"http://{LOOPBACK}:{path.port}"


def hash_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@pytest.mark.parametrize(
    "size",
    [
        8 * MIB,
        pytest.param(100 * MIB, marks=[pytest.mark.slow, pytest.mark.timeout(400)]),
    ],
)
def test_curl_fetches_a_file_unchanged(path: TcpPath, tmp_path: Path, size: int) -> None:
    curl, served, fetched = program("curl"), tmp_path / "served", tmp_path / "fetched"
    served.write_bytes(os.urandom(size))

    with files_served(path, tmp_path) as url:
        command = [curl, "--fail", "--silent", "--show-error", "--output", str(fetched)]
        done = run([*command, f"{url}/served"], timeout=max(PATIENCE, size / 500_000))

    assert (done.returncode, done.stdout) == (0, "")
    assert hash_of(fetched) == hash_of(served)


def test_curl_fetches_several_files_at_once(path: TcpPath, tmp_path: Path) -> None:
    curl, names = program("curl"), [f"file{number}" for number in range(8)]
    for name in names:
        (tmp_path / name).write_bytes(os.urandom(MIB // 4))

    with files_served(path, tmp_path) as url:
        command = [curl, "--fail", "--silent", "--parallel", "--parallel-max", "8"]
        for name in names:
            command += ["--output", str(tmp_path / f"{name}.fetched"), f"{url}/{name}"]
        assert run(command, timeout=PATIENCE).returncode == 0

    for name in names:
        assert hash_of(tmp_path / f"{name}.fetched") == hash_of(tmp_path / name)


@pytest.mark.parametrize("direction", [[], ["--reverse"]], ids=["up", "down"])
def test_iperf3_measures_in_both_directions(path: TcpPath, direction: list[str]) -> None:
    iperf3 = program("iperf3")
    serve = [iperf3, "--server", "--one-off", "--bind", LOOPBACK]
    measure = [iperf3, "--client", LOOPBACK, "--port", str(path.port), "--json", "--parallel", "3"]

    with Started([*serve, "--port", str(path.server_port), "--forceflush"]) as server:
        server.wait_for("Server listening")
        done = run([*measure, "--time", "2", *direction], timeout=PATIENCE)

    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["end"]["sum_received"]["bytes"] >= MIB


def test_redis_session_with_large_value_and_pipeline(path: TcpPath, tmp_path: Path) -> None:
    redis_server, redis_cli = program("redis-server"), program("redis-cli")
    config = f"port {path.server_port}\nbind {LOOPBACK}\nsave ''\ndir {tmp_path}\n"
    (tmp_path / "redis.conf").write_text(config)
    ask = [redis_cli, "-h", LOOPBACK, "-p", str(path.port)]
    large = os.urandom(MIB).hex()

    with Started([redis_server, str(tmp_path / "redis.conf")]):
        wait_for_listener(path.server_port)

        assert run([*ask, "SET", "name", "anna"], timeout=DEADLINE).stdout == "OK"
        assert run([*ask, "GET", "name"], timeout=DEADLINE).stdout == "anna"
        assert feed([*ask, "-x", "SET", "large"], large) == "OK\n"
        assert run([*ask, "GET", "large"], timeout=PATIENCE).stdout == large
        commands = "".join(f"INCRBY sum {number}\n" for number in range(5000))
        assert "errors: 0, replies: 5000" in feed([*ask, "--pipe"], commands)
        assert run([*ask, "GET", "sum"], timeout=DEADLINE).stdout == str(sum(range(5000)))


def feed(command: list[str], text: str) -> str:
    """Run a command that reads `text`; return what it prints."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return done.stdout


def test_half_close_lets_the_server_answer_after_the_end(path: TcpPath) -> None:
    socat, nc = program("socat"), program("nc")
    listen = f"TCP4-LISTEN:{path.server_port},bind={LOOPBACK},fork,reuseaddr"

    with Started([socat, listen, "SYSTEM:sort"]):  # which needs the end before it can begin
        wait_for_listener(path.server_port)

        assert feed([nc, "-N", LOOPBACK, str(path.port)], "b\nc\na\n") == "a\nb\nc\n"


def test_server_that_refuses_resets_its_clients_at_once(path: TcpPath) -> None:
    done = run([program("curl"), "-sS", f"http://{LOOPBACK}:{path.port}"], timeout=DEADLINE)

    assert done.returncode in RESET_BY_PEER
    assert path.host.expect("nothing_listens")["has_listened"] is False
    assert path.client.expect("connection_failed") == {
        "event": "connection_failed",
        "address": f"{LOOPBACK}:{path.port}",
        "reason": "refused",
    }


def test_client_that_is_killed_ends_the_connection_of_the_server(path: TcpPath) -> None:
    ended = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(bytes(65536))
            except ConnectionError:
                ended.set()

    with socket.create_server((LOOPBACK, path.server_port)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        command = [program("nc"), LOOPBACK, str(path.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
            assert client.stdout is not None
            assert len(client.stdout.read(MIB)) == MIB
            client.kill()

        assert ended.wait(DEADLINE)
    assert path.client.stop()["tcp"]["connections"] == 1
