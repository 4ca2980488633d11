"""The dock's test of a connection: against a real relay, against none, and against silence."""

import socket
from typing import Any, Final

import pytest

from tests.support.editor_project import told
from tests.support.godot import run_godot
from tests.support.relay_process import RelayProcess

pytestmark = pytest.mark.usefixtures("godot")

_SCRIPT: Final = "res://tests/e2e/dock.gd"
_PATIENCE: Final = 120.0  # seconds; a test has to end by itself long before
_FRAME: Final = 2.0  # seconds; less than any stage without an answer takes
_STAGES: Final = ["Name", "UDP", "WebSocket", "Version", "Round trip", "Largest datagram"]

Findings = dict[str, dict[str, str]]


def examine(address: str) -> tuple[str, Findings]:
    """Return the verdict of the dock and its findings by stage; it must never stop the editor."""
    done = run_godot(["-s", _SCRIPT, "--", address], timeout=_PATIENCE)
    assert done.returncode == 0, done.stdout
    assert "ERROR" not in done.stdout, done.stdout
    result: dict[str, Any] = told(done.stdout)[-1]
    assert result["longest"] < _FRAME
    return result["verdict"], {finding["stage"]: finding for finding in result["findings"]}


def results(findings: Findings) -> list[str]:
    assert list(findings) == _STAGES
    return [finding["result"] for finding in findings.values()]


def test_relay_that_runs_passes_every_stage() -> None:
    with RelayProcess() as relay:
        verdict, findings = examine(relay.address)

    assert results(findings) == ["PASSED"] * 6
    assert verdict == "All is well: the relay can be used."
    assert findings["UDP"]["words"] == f"{relay.address} answers"
    assert "of 10 lost" in findings["Round trip"]["words"]
    assert findings["Largest datagram"]["words"] == "1200 bytes reach the relay"


def test_address_of_a_websocket_is_examined_by_websocket() -> None:
    with RelayProcess() as relay:
        verdict, findings = examine(f"ws://{relay.address}")

    assert results(findings) == ["PASSED", "SKIPPED", "PASSED", "PASSED", "PASSED", "SKIPPED"]
    assert "can be used" in verdict


def test_port_without_a_relay_is_told_with_advice() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        verdict, findings = examine(f"127.0.0.1:{port}")

    assert results(findings) == ["PASSED", "FAILED", "FAILED", *["SKIPPED"] * 3]
    assert verdict == "The relay does not answer."
    assert "firewall" in findings["UDP"]["advice"]


def test_relay_that_takes_and_never_answers_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        port = silent.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        verdict, findings = examine(f"127.0.0.1:{port}")

    assert verdict == "The relay does not answer."
    assert "no answer" in findings["WebSocket"]["words"]


def test_name_without_an_address_is_told_with_advice() -> None:
    verdict, findings = examine("relay.invalid")

    assert results(findings) == ["FAILED", *["SKIPPED"] * 5]
    assert verdict == "The relay cannot be found."
    assert "spelling" in findings["Name"]["advice"]


def test_text_that_is_no_address_is_told_at_once() -> None:
    verdict, findings = examine("what is this")

    assert findings == {}
    assert verdict.startswith("Write the relay as host or host:port")
