"""TCP punching through two routers."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.netns import Host, NatLab
from tests.support.processes import Started

_RELAY = "198.51.100.1:6969"
# Keeps the port number, lets only answers in, and makes no state for what it drops.
_PORT_RESTRICTED = """
flush ruleset
table ip nat {
    chain post {
        type nat hook postrouting priority 100; policy accept;
        oifname "wan" masquerade
    }
}
table ip guard {
    chain input {
        type filter hook input priority 0; policy accept;
        iifname "wan" ct state established,related accept
        iifname "wan" drop
    }
}
"""


@pytest.fixture
def programs(netns: None) -> Iterator[tuple[NatLab, ExitStack]]:  # noqa: ARG001 - see below
    """A laboratory with a relay, where namespaces can be made."""
    with NatLab(homes=2) as lab, ExitStack() as stack:
        relay = _start(stack, lab.net, "packhorse", "relay", "--json")
        relay.wait_for("listening")
        yield lab, stack


def test_port_restricted_routers_are_crossed(programs: tuple[NatLab, ExitStack]) -> None:
    lab, stack = programs
    for home in lab.homes:
        _run_nft(stack, home.router)

    ends = _punch(stack, lab)

    for end, other in zip(ends, reversed(lab.homes), strict=True):
        told = json.loads(end.wait_for("got"))
        assert told["got"] == "over tcp"
        assert told["remote"].startswith(f"{other.router.address}:")
        assert json.loads(end.wait_for("relayed"))["relayed"] == "over the relay"


def test_routers_that_change_ports_are_not_and_the_pipe_goes_on(
    programs: tuple[NatLab, ExitStack],
) -> None:
    lab, stack = programs

    for end in _punch(stack, lab):
        assert "no connection within 5.0 s" in json.loads(end.wait_for("error"))["error"]
        assert json.loads(end.wait_for("relayed"))["relayed"] == "over the relay"


def _punch(stack: ExitStack, lab: NatLab) -> list[Started]:
    host = _start(stack, lab.homes[0].machine, *_puncher())
    code = json.loads(host.wait_for("code"))["code"]
    return [host, _start(stack, lab.homes[1].machine, *_puncher(), "--code", code)]


def _puncher() -> list[str]:
    return ["tests.netns.puncher", "--relay", _RELAY]


def _run_nft(stack: ExitStack, router: Host) -> None:
    done = stack.enter_context(Started(router.command(["nft", _PORT_RESTRICTED])))
    done.wait()


def _start(stack: ExitStack, host: Host, *module: str) -> Started:
    return stack.enter_context(Started(host.command([sys.executable, "-m", *module])))
