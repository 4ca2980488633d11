"""What `packhorse doctor` says behind real routers of all kinds."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.nat_kinds import Kind
from tests.support.nat_lab import PUBLIC, PUBLIC_V6, Internet, Plan
from tests.support.netns import Host
from tests.support.processes import run
from tests.support.traversal import start_relay
from tests.support.upnp_router import RELAY_HOST, ForwardingLab

pytestmark = pytest.mark.usefixtures("netns")

EASY = "endpoint-independent or address-dependent"
HARD = "address-and-port-dependent"


def examine(machine: Host, relay: str) -> dict[str, Any]:
    """Run the command on a machine; return its findings by stage, and the verdict."""
    command = (sys.executable, "-m", "packhorse", "doctor", "--json", "--relay", relay)
    done = run(machine.command(command), timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {line["stage"]: line for line in lines if line["event"] == "finding"}
    return found | {"verdict": lines[-1]}


@pytest.mark.parametrize(
    ("kind", "mapping", "filtering"),
    [
        (Kind.FULL_CONE, EASY, EASY),
        (Kind.ADDRESS_RESTRICTED, EASY, EASY),
        (Kind.PORT_RESTRICTED, EASY, HARD),
        (Kind.SYMMETRIC_BY_ADDRESS, EASY, HARD),
        (Kind.SYMMETRIC_IN_ORDER, HARD, HARD),
        (Kind.SYMMETRIC_RANDOM, HARD, HARD),
    ],
)
def test_kind_of_the_nat_is_named(kind: Kind, mapping: str, filtering: str) -> None:
    with Internet(Plan(kind)) as lab:
        start_relay(lab)
        found = examine(lab.homes[0].machine, PUBLIC[0])
    assert found["mapping"]["words"].startswith(f"{mapping}; seen as ")
    assert found["filtering"]["words"] == filtering
    assert (found["mapping"]["result"] == "warning") is (mapping == HARD)
    assert found["gateway"]["words"] == "the router forwards no ports by itself"
    assert found["verdict"]["usable"]


@pytest.mark.parametrize(("kind", "works"), [(Kind.HAIRPIN, True), (Kind.PORT_RESTRICTED, False)])
def test_hairpin_is_found_out(*, kind: Kind, works: bool) -> None:
    with Internet(Plan(kind)) as lab:
        # A bridge sends nothing back to where it came from, unless the router has routed it.
        lab.homes[0].router.run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0")
        start_relay(lab)
        found = examine(lab.homes[0].machine, PUBLIC[0])
    assert (found["hairpin"]["words"] == "works") is works


def test_network_that_drops_udp_is_named() -> None:
    with Internet(Plan(Kind.UDP_BLOCKED)) as lab:
        start_relay(lab)
        found = examine(lab.homes[0].machine, PUBLIC[0])
    assert found["udp"]["result"] == "failed"
    assert found["websocket"]["result"] == "passed"
    assert "WebSocket only" in found["verdict"]["words"]


def test_ipv6_that_answers_is_told() -> None:
    with Internet(Plan(Kind.PORT_RESTRICTED, has_v6=True)) as lab:
        start_relay(lab)
        found = examine(lab.homes[0].machine, f"[{PUBLIC_V6}]")
    assert found["ipv6"]["words"] == f"{PUBLIC_V6} answers"
    assert found["mapping"]["result"] == "skipped"


def test_router_that_forwards_ports_is_named(tmp_path: Path) -> None:
    if shutil.which("miniupnpd") is None:
        pytest.skip("no miniupnpd")
    with ForwardingLab(tmp_path) as lab:
        lab.start_relay()
        lab.let_forward(lab.homes[0])
        found = examine(lab.homes[0].machine, RELAY_HOST)
    assert found["mapping"]["words"].startswith(HARD)
    assert found["gateway"]["words"].startswith("PCP forwards 5.9.0.11:")
