"""A real gateway (miniupnpd) forwards ports, and members who could not be punched meet."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Started
from tests.support.upnp_router import RELAY_HOST, ForwardingLab

MEMBER = (sys.executable, "-m", "tests.netns.member", "--relay", f"{RELAY_HOST}:6969")
CLIENT = (sys.executable, "-m", "tests.netns.gateway_client")
PATIENCE = 8.0  # seconds in which a direct path is there, or does not come


@pytest.fixture
def lab(netns: None, tmp_path: Path) -> Iterator[ForwardingLab]:  # noqa: ARG001 - see conftest
    if shutil.which("miniupnpd") is None:
        pytest.skip("no miniupnpd")
    with ForwardingLab(tmp_path) as lab:
        yield lab


def meet(lab: ForwardingLab, *environment: str) -> Started:
    """Let a host in the first home and a client in the second talk; return the client."""
    lab.start_relay()
    host = lab.start(lab.homes[0], "env", *environment, *MEMBER)
    code = json.loads(host.wait_for("code"))["code"]
    return lab.start(lab.homes[1], *MEMBER, "--code", code)


def test_symmetric_routers_stay_on_the_relay_without_a_forwarded_port(lab: ForwardingLab) -> None:
    client = meet(lab)
    with pytest.raises(AssertionError):
        client.wait_for('"direct"', timeout=PATIENCE)
    assert any("echo" in line for line in client.lines)


def test_symmetric_routers_are_passed_where_one_forwards_a_port(lab: ForwardingLab) -> None:
    lab.let_forward(lab.homes[0])
    client = meet(lab)
    path = json.loads(client.wait_for('"direct"', timeout=PATIENCE))["direct"]
    assert path.startswith("5.9.0.11:")


def test_gateway_is_not_asked_where_the_user_does_not_want_it(lab: ForwardingLab) -> None:
    gateway = lab.let_forward(lab.homes[0])
    meet(lab, "PACKHORSE_NO_PORT_MAPPING=1").wait_for("echo")
    assert "request received" not in gateway.output


def test_gateway_forwards_by_pcp_and_gets_the_port_back(lab: ForwardingLab) -> None:
    gateway = lab.let_forward(lab.homes[0])
    client = lab.start(lab.homes[0], *CLIENT, "--port", "40123")
    answer = json.loads(client.wait_for("protocol"))
    assert answer == {"protocol": "PCP", "address": "5.9.0.11:40123"}
    gateway.wait_for("UDP port 40123 mapping removed")


def test_gateway_answers_nat_pmp(lab: ForwardingLab) -> None:
    lab.let_forward(lab.homes[0])
    client = lab.start(lab.homes[0], *CLIENT, "--nat-pmp")
    address, mapping = json.loads(client.wait_for("answers"))["answers"]
    assert address == [0, "5.9.0.11"]
    assert mapping == [0, 5000, 5000, 60]


def test_router_that_forwards_nothing_is_given_up(lab: ForwardingLab) -> None:
    client = lab.start(lab.homes[0], *CLIENT, "--port", "40123")
    answer = json.loads(client.wait_for("protocol"))
    assert answer == {"protocol": "", "address": "None"}


def test_gateway_that_speaks_only_upnp_forwards_and_gets_the_port_back(lab: ForwardingLab) -> None:
    pytest.importorskip("async_upnp_client")
    gateway = lab.let_forward(lab.homes[0], only_upnp=True)
    client = lab.start(lab.homes[0], *CLIENT, "--port", "40123")
    answer = json.loads(client.wait_for("protocol"))
    assert answer == {"protocol": "UPnP", "address": "5.9.0.11:40123"}
    gateway.wait_for("removing redirect rule port 40123 UDP")
