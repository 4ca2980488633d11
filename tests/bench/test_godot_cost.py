"""What an RPC costs a Godot game: PackhorseMultiplayerPeer next to Godot's own peers.

The games are exported, as players run them; `--godot-editor` takes the editor's binary.
"""

import json
from collections.abc import Iterator
from statistics import mean
from typing import Any, Final

import pytest

from tests.bench.counting_proxy import CountingProxy, Traffic
from tests.bench.godot_scripts import GodotScripts
from tests.support.inside import inside
from tests.support.netns import Host, Namespaces
from tests.support.relay_process import RelayProcess

_RPCS: Final = "peers.gd"
_GAME: Final = "room_game.gd"
_GAMES: Final = ("packhorse", "packhorse star", "enet", "websocket")
_HOST_PORT: Final = 45137  # of games.gd
_TIMEOUT: Final = 240.0  # seconds; the run takes 100
_CASES: Final = 36  # three peers, three modes, four sizes and numbers of RPCs
_FRAME: Final = 1e6 / 60  # microseconds
_SECONDS: Final = 10.0  # of the game

Case = dict[str, Any]


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    with RelayProcess("--profile", "unlimited") as relay:
        yield relay


class _Machine(Namespaces):
    """A machine with an address that is not loopback's, so that peers seek direct paths."""

    address: Final = "192.0.2.1"

    def _build(self) -> None:
        self.namespace = self._add_namespace("machine")
        machine = Host(self.namespace, self.address)
        self._connect(machine, "own", machine, "other")
        machine.ip(f"addr add {self.address}/24 dev own")


@pytest.mark.timeout(600)
def test_godot_cost_per_rpc(relay: RelayProcess, godot_scripts: GodotScripts) -> None:
    lines = godot_scripts.run(_RPCS, [relay.address, "relayed"], timeout=_TIMEOUT)

    _print_rpcs(f"{godot_scripts.build}, over a relay", _cases(lines))


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("netns")
def test_godot_cost_per_rpc_on_direct_paths(godot_scripts: GodotScripts) -> None:
    with (
        _Machine() as machine,
        inside(machine.namespace),
        RelayProcess("--profile", "unlimited", host=machine.address) as relay,
    ):
        lines = godot_scripts.run(_RPCS, [relay.address, "direct"], timeout=_TIMEOUT)

    _print_rpcs(f"{godot_scripts.build}, on direct paths", _cases(lines))


def _print_rpcs(title: str, cases: list[Case]) -> None:
    print(f"\n{title}: microseconds per RPC in the median frame at 60 frames a second,")
    print("poll() included; 0 per frame: of a poll() in an idle room. Ratio: to ENet, both sides.")
    print("Slow: the sum of both in one of a hundred frames. Processor: all threads")
    print(
        "peer        mode         bytes  per frame    sent  received  ratio    slow  ratio"
        "  processor  arrived"
    )
    for case in cases:
        print(
            f"{case['peer']:11} {case['mode']:11} {case['bytes']:6} {case['per_frame']:10}"
            f" {case['sent_usec']:7.1f} {case['received_usec']:9.1f}"
            f" {_total(case) / _total(_of_enet(case, cases)):6.2f} {_slow(case):7.1f}"
            f" {_slow(case) / _slow(_of_enet(case, cases)):6.2f}"
            f" {case['processor_usec']:10.1f} {case['arrived']:8.0%}"
        )
    assert len(cases) == _CASES


@pytest.mark.timeout(600)
def test_godot_cost_of_a_game_of_eight(relay: RelayProcess, godot_scripts: GodotScripts) -> None:
    cases = [_play(godot_scripts, kind, relay) for kind in _GAMES]

    print(f"\n{godot_scripts.build}: eight players tell each other their positions (28 bytes)")
    print("30 times a second; share of a core of the median frame at 60 frames a second; bytes a")
    print("second at the socket, both ways, and with the headers of IP and UDP")
    print("peer             host  client    idle  | host: bytes  with IP | client: bytes  with IP")
    for case in cases:
        print(
            f"{case['kind']:14} {case['host_usec'] / _FRAME:6.2%} "
            f"{case['client_usec'] / _FRAME:7.2%} {case['idle_usec'] / _FRAME:7.2%}  |"
            f" {case['host_bytes']:11.0f} {case['host_wire']:8.0f} |"
            f" {case['client_bytes']:13.0f} {case['client_wire']:8.0f}"
        )
    assert len(cases) == len(_GAMES)
    assert min(case["arrived"] for case in cases) > 0.9


def _play(scripts: GodotScripts, kind: str, relay: RelayProcess) -> Case:
    """Play once for the time it takes, and once more through the proxy for the bytes."""
    (case,) = _cases(scripts.run(_GAME, [relay.address, kind, "0"], timeout=_TIMEOUT))
    is_relayed = kind.startswith("packhorse")
    traffic = _count(scripts, kind, relay) if kind != "websocket" else []
    host = traffic[:1] if is_relayed else traffic
    clients = traffic[1:] if is_relayed else traffic
    case["host_bytes"] = sum(one.octets for one in host) / _SECONDS
    case["host_wire"] = sum(one.on_the_wire for one in host) / _SECONDS
    case["client_bytes"] = mean(one.octets for one in clients) / _SECONDS if clients else 0.0
    case["client_wire"] = mean(one.on_the_wire for one in clients) / _SECONDS if clients else 0.0
    return case


def _count(scripts: GodotScripts, kind: str, relay: RelayProcess) -> list[Traffic]:
    """Return the traffic of each client of the proxy during the game."""
    is_relayed = kind.startswith("packhorse")
    server = int(relay.address.rpartition(":")[2]) if is_relayed else _HOST_PORT
    with CountingProxy(server) as proxy:
        address = f"127.0.0.1:{proxy.port}" if is_relayed else relay.address
        with scripts.start(_GAME, [address, kind, str(proxy.port)]) as game:
            game.wait_for("playing", timeout=30.0)
            before = proxy.count()
            game.wait_for("played", timeout=60.0)
            after = proxy.count()
            game.wait(timeout=30.0)
    return [
        Traffic(end.datagrams - start.datagrams, end.octets - start.octets)
        for start, end in zip(before, after, strict=True)
    ]


def _cases(lines: list[str]) -> list[Case]:
    return [json.loads(line) for line in lines if line.startswith("{")]


def _of_enet(case: Case, cases: list[Case]) -> Case:
    same = ("mode", "bytes", "per_frame")
    return next(
        other
        for other in cases
        if other["peer"] == "enet" and all(other[key] == case[key] for key in same)
    )


def _slow(case: Case) -> float:
    slow: float = case["slow_sent_usec"] + case["slow_received_usec"]
    return slow


def _total(case: Case) -> float:
    total: float = case["sent_usec"] + case["received_usec"]
    return total
