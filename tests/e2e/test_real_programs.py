"""Programs that know nothing of Packhorse, at both ends of a room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.middleman_process import (
    DEADLINE,
    LOOPBACK,
    MiddlemanProcess,
    free_port,
    hosting,
    is_free,
    joining,
    wait_until,
)
from tests.support.processes import Started, run
from tests.support.programs import program
from tests.support.relay_process import RelayProcess


@pytest.fixture
def server_port() -> int:
    return free_port()


@pytest.fixture
def host(server_port: int) -> Iterator[MiddlemanProcess]:
    with RelayProcess() as relay, hosting(relay.address, server_port) as process:
        yield process


def talk(socat: str, port: int, text: str) -> str:
    """Send `text` to a port with socat; returns the answer that comes within a second."""
    done = subprocess.run(
        [socat, "-T", "1", "-", f"UDP4:{LOOPBACK}:{port}"],
        input=text,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    return done.stdout


def test_socat_talks_to_socat(host: MiddlemanProcess, server_port: int) -> None:
    socat = program("socat")
    # Forks for each address that it sees, and tells each the port that it has.
    echo = ["SYSTEM:echo $SOCAT_PEERPORT; cat", f"UDP4-LISTEN:{server_port},bind={LOOPBACK},fork"]
    with Started([socat, "-T", "1", *reversed(echo)]), joining(host) as one, joining(host) as other:
        wait_until(lambda: not is_free((LOOPBACK, server_port)))

        annas = talk(socat, one.port, "anna\n").split()
        berts = talk(socat, other.port, "bert\n").split()

        assert (annas[1:], berts[1:]) == (["anna"], ["bert"])
        assert annas[0] != berts[0]


def test_dig_asks_dnsmasq(host: MiddlemanProcess, server_port: int, tmp_path: Path) -> None:
    dnsmasq, dig = program("dnsmasq"), program("dig")
    command = [
        *(dnsmasq, "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null"),
        *(f"--port={server_port}", f"--listen-address={LOOPBACK}", "--bind-interfaces"),
        *("--no-resolv", "--no-hosts", f"--pid-file={tmp_path / 'pid'}", "--user="),
        *("--address=/game.test/192.0.2.7", f"--txt-record=long.test,{'x' * 250},{'y' * 250}"),
    ]
    with Started(command) as server, joining(host) as client:
        server.wait_for("started")
        question = [dig, f"@{LOOPBACK}", "-p", str(client.port), "+short", "+tries=3", "+time=2"]

        for name in ("one", "two", "three"):  # each from a port of its own
            assert run([*question, f"{name}.game.test"], timeout=DEADLINE).stdout == "192.0.2.7"
        text = run([*question, "+ignore", "TXT", "long.test"], timeout=DEADLINE).stdout

        assert text == f'"{"x" * 250}" "{"y" * 250}"'
        assert client.stop()["drops"] == {}
