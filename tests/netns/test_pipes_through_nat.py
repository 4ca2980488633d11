"""Pipes through two routers: TCP punching, and rooms whose pipes must be direct."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum

import pytest

from tests.support.netns import Home, Host, NatLab
from tests.support.processes import Started

_RELAY = "198.51.100.1:6969"
_GUARD = """
table ip guard {
    chain input {
        type filter hook input priority 0; policy accept;
        iifname "wan" ct state established,related accept
        iifname "wan" drop
    }
}
"""
_KEEPS_PORTS = """
flush ruleset
table ip nat {
    chain pre {
        type nat hook prerouting priority -100; policy accept;
        FORWARD
    }
    chain post {
        type nat hook postrouting priority 100; policy accept;
        oifname "wan" masquerade
    }
}
"""


class Kind(StrEnum):
    """Of a router."""

    FULL_CONE = "full cone"
    PORT_RESTRICTED = "port-restricted"
    SYMMETRIC = "symmetric"

    def set_up(self, stack: ExitStack, home: Home) -> None:
        """Make a router behave so; the laboratory's are symmetric."""
        if self is Kind.SYMMETRIC:
            return
        to_machine = f'iifname "wan" meta l4proto tcp dnat to {home.machine.address}'
        forward = to_machine if self is Kind.FULL_CONE else ""
        rules = _KEEPS_PORTS.replace("FORWARD", forward) + _GUARD
        nft = stack.enter_context(Started(home.router.command(["nft", rules])))
        assert nft.wait() == 0, nft.output


@pytest.fixture
def programs(netns: None) -> Iterator[tuple[NatLab, ExitStack]]:  # noqa: ARG001 - see below
    """A laboratory with a relay, where namespaces can be made."""
    with NatLab(homes=2) as lab, ExitStack() as stack:
        relay = _start(stack, lab.net, "packhorse", "relay", "--json", "--drain-time", "0")
        relay.wait_for("listening")
        yield lab, stack


@pytest.mark.parametrize(
    "kinds",
    [
        (Kind.FULL_CONE, Kind.FULL_CONE),
        (Kind.FULL_CONE, Kind.PORT_RESTRICTED),
        (Kind.PORT_RESTRICTED, Kind.PORT_RESTRICTED),
        (Kind.FULL_CONE, Kind.SYMMETRIC),
        (Kind.SYMMETRIC, Kind.FULL_CONE),
    ],
    ids=" x ".join,
)
def test_routers_are_crossed(programs: tuple[NatLab, ExitStack], kinds: tuple[Kind, Kind]) -> None:
    lab, stack = programs

    for end, other in zip(_punch(stack, lab, kinds), reversed(lab.homes), strict=True):
        told = json.loads(end.wait_for("got"))
        assert told["got"] == "over tcp"
        assert told["remote"].startswith(f"{other.router.address}:")
        assert json.loads(end.wait_for("relayed"))["relayed"] == "over the relay"


@pytest.mark.parametrize(
    "kinds",
    [(Kind.PORT_RESTRICTED, Kind.SYMMETRIC), (Kind.SYMMETRIC, Kind.SYMMETRIC)],
    ids=" x ".join,
)
def test_routers_that_cannot_be_crossed_leave_the_pipe_as_it_was(
    programs: tuple[NatLab, ExitStack], kinds: tuple[Kind, Kind]
) -> None:
    lab, stack = programs

    for end in _punch(stack, lab, kinds):
        assert "no connection within 5.0 s" in json.loads(end.wait_for("error"))["error"]
        assert json.loads(end.wait_for("relayed"))["relayed"] == "over the relay"


def test_pipe_to_a_room_that_must_be_direct_is_direct(
    programs: tuple[NatLab, ExitStack],
) -> None:
    lab, stack = programs

    told = json.loads(_open(stack, lab, Kind.PORT_RESTRICTED).wait_for("answer"))

    assert (told["answer"], told["kind"]) == ("directly", "direct")
    assert told["remote"].startswith(f"{lab.homes[0].router.address}:")


def test_pipe_that_cannot_be_direct_is_refused_when_it_must_be(
    programs: tuple[NatLab, ExitStack],
) -> None:
    lab, stack = programs

    told = json.loads(_open(stack, lab, Kind.SYMMETRIC).wait_for("error"))

    assert "no direct path within 5.0 s" in told["error"]


def _open(stack: ExitStack, lab: NatLab, kind: Kind) -> Started:
    """Start a listener and who opens a pipe to it, both behind such a router."""
    for home in lab.homes:
        kind.set_up(stack, home)
    piper = "tests.netns.piper"
    listener = _start(stack, lab.homes[0].machine, piper, "--relay", _RELAY)
    address = json.loads(listener.wait_for("address"))["address"]
    return _start(stack, lab.homes[1].machine, piper, "--open", address)


def _punch(stack: ExitStack, lab: NatLab, kinds: tuple[Kind, Kind]) -> list[Started]:
    for kind, home in zip(kinds, lab.homes, strict=True):
        kind.set_up(stack, home)
    host = _start(stack, lab.homes[0].machine, *_puncher())
    code = json.loads(host.wait_for("code"))["code"]
    return [host, _start(stack, lab.homes[1].machine, *_puncher(), "--code", code)]


def _puncher() -> list[str]:
    return ["tests.netns.puncher", "--relay", _RELAY]


def _start(stack: ExitStack, host: Host, *module: str) -> Started:
    return stack.enter_context(Started(host.command([sys.executable, "-m", *module])))
