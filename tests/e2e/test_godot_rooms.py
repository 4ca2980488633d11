"""Real Godot processes in one room, through a real relay and Godot's MultiplayerAPI."""

import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.godot_member import PATIENCE, GodotMember, Start
from tests.support.rebinding_proxy import RebindingProxy
from tests.support.relay_process import RelayProcess

pytestmark = pytest.mark.usefixtures("godot")

_SILENCE: Final = 1.0  # seconds; the network thread then comes less often


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    """Give a relay of the test's own."""
    with RelayProcess() as process:
        yield process


def test_rpcs_travel_both_ways(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    client.join(relay.address, host.create(relay.address))
    host.expect("peer_connected", peer=2)

    host.do("say", text="to all")
    client.do("say", text="to the host", to=1, reliable=True)

    client.expect("heard", peer=1, text="to all")
    host.expect("heard_reliably", peer=2, text="to the host")


def test_client_learns_of_its_id_and_of_the_host(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    code = host.create(relay.address)
    client.join(relay.address, code.lower().replace("-", " "))

    client.expect("connected_to_server")
    client.expect("peer_connected", peer=1)

    told = client.report()
    assert (told["id"], told["code"], told["peers"]) == (2, code, [1])


def test_stages_are_told_in_order(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    client.join(relay.address, host.create(relay.address))

    stages = [event["stage"] for event in client.unexpected("stage_changed")]

    assert stages == ["RESOLVING", "REACHING_UDP", "JOINING"]  # and CONNECTED, taken by join()


def test_mesh_clients_see_and_call_each_other(relay: RelayProcess, start: Start) -> None:
    host, second, third = start(3)
    code = host.create(relay.address)
    second.join(relay.address, code)
    third.join(relay.address, code)
    for member, peers in ((host, (2, 3)), (second, (1, 3)), (third, (1, 2))):
        for peer in peers:
            member.expect("peer_connected", peer=peer)

    third.do("say", text="between clients", to=2)
    introduce(second, third)
    second.do("say", text="to everybody")

    second.expect("heard", peer=3, text="between clients")
    host.expect("heard", peer=2, text="to everybody")
    third.expect("heard", peer=2, text="to everybody")


def test_star_clients_call_each_other_through_the_host(relay: RelayProcess, start: Start) -> None:
    host, second, third = start(3)
    code = host.create(relay.address, topology="star")
    second.join(relay.address, code)
    third.join(relay.address, code)
    second.expect("peer_connected", peer=3)
    third.expect("peer_connected", peer=2)

    third.do("say", text="through the host", to=2)
    second.do("say", text="to everybody", reliable=True)

    second.expect("heard", peer=3, text="through the host")
    host.expect("heard_reliably", peer=2, text="to everybody")
    third.expect("heard_reliably", peer=2, text="to everybody")


def test_star_client_that_leaves_is_told_to_the_others(relay: RelayProcess, start: Start) -> None:
    host, second, third = start(3)
    code = host.create(relay.address, topology="star")
    second.join(relay.address, code)
    third.join(relay.address, code)
    second.expect("peer_connected", peer=3)

    third.do("close")

    host.expect("peer_disconnected", peer=3)
    second.expect("peer_disconnected", peer=3)


def introduce(speaker: GodotMember, *listeners: GodotMember) -> None:
    """Let listeners know that the speaker knows them: before that they refuse its broadcasts."""
    speaker.do("say", text="hello", reliable=True)
    for listener in listeners:
        listener.expect("heard_reliably", text="hello")


def test_a_broadcast_is_uploaded_once(relay: RelayProcess, start: Start) -> None:
    host, second, third = start(3)
    code = host.create(relay.address)
    second.join(relay.address, code)
    third.join(relay.address, code)
    host.expect("peer_connected", peer=3)
    introduce(host, second, third)
    for turn in ("first", "second", "third"):  # until Godot knows that both know the node's path
        host.do("say", text=turn)
        third.expect("heard", text=turn)
        second.expect("heard", text=turn)
        host.report()
    before = host.report()["statistics"]["datagrams_sent"]

    host.do("spray", times=200)
    host.do("say", text="last")
    for client in (second, third):
        client.expect("heard", text="last")

    sent = host.report()["statistics"]["datagrams_sent"] - before
    assert 1 <= sent <= 20, "the calls of one frame are joined, and some PINGs"
    assert [client.report()["calls"] for client in (second, third)] == [205, 205]


def test_kicked_client_is_disconnected_and_told_why(relay: RelayProcess, start: Start) -> None:
    host, second, third = start(3)
    code = host.create(relay.address)
    second.join(relay.address, code)
    third.join(relay.address, code)
    host.expect("peer_connected", peer=3)

    host.do("kick", peer=2)

    error = second.expect("connection_error")
    assert (error["name"], error["advice"]) == ("KICKED", "ask the host")
    second.expect("server_disconnected")
    host.expect("peer_disconnected", peer=2)
    third.expect("peer_disconnected", peer=2)


def test_forced_kick_tells_the_host_nothing(relay: RelayProcess, start: Start) -> None:
    host, second, third = start(3)
    code = host.create(relay.address)
    second.join(relay.address, code)
    third.join(relay.address, code)
    host.expect("peer_connected", peer=3)

    host.do("kick", peer=2, force=True)

    second.expect("server_disconnected")
    third.expect("peer_disconnected", peer=2)
    third.do("say", text="after it", to=1)
    host.expect("heard", text="after it")
    assert host.unexpected("peer_disconnected") == []


def test_host_that_leaves_ends_the_room(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    client.join(relay.address, host.create(relay.address))

    host.do("close")

    assert client.expect("connection_error")["name"] == "ROOM_CLOSED"
    client.expect("peer_disconnected", peer=1)
    client.expect("server_disconnected")
    assert client.report()["status"] == 0


def test_host_whose_peer_is_dropped_leaves_too(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    client.join(relay.address, host.create(relay.address))

    host.do("unassign")

    assert client.expect("connection_error")["name"] == "ROOM_CLOSED"


def test_process_that_quits_leaves_its_room(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    client.join(relay.address, host.create(relay.address))
    host.expect("peer_connected", peer=2)

    client.do("quit")

    host.expect("peer_disconnected", peer=2)


@pytest.mark.parametrize("reuse", [False, True], ids=["new object", "same object"])
def test_client_leaves_and_comes_back(relay: RelayProcess, start: Start, *, reuse: bool) -> None:
    host, client = start(2)
    code = host.create(relay.address)
    client.join(relay.address, code)
    host.expect("peer_connected", peer=2)

    client.do("close")
    host.expect("peer_disconnected", peer=2)
    client.expect("server_disconnected")
    client.join(relay.address, code, reuse=reuse)

    host.expect("peer_connected", peer=3)
    client.do("say", text="back", to=1)
    host.expect("heard", peer=3, text="back")
    host.do("say", text="welcome", to=3)
    client.expect("heard", peer=1, text="welcome")


@pytest.mark.parametrize("reuse", [False, True], ids=["new object", "same object"])
def test_host_opens_another_room(relay: RelayProcess, start: Start, *, reuse: bool) -> None:
    host, client = start(2)
    first = host.create(relay.address)
    client.join(relay.address, first)
    host.expect("peer_connected", peer=2)
    host.do("close")
    client.expect("server_disconnected")
    host.expect("server_disconnected")

    second = host.create(relay.address, reuse=reuse)
    client.join(relay.address, second, reuse=reuse)

    assert first != second
    host.expect("peer_connected", peer=2)
    host.do("say", text="again")
    client.expect("heard", text="again")


def test_host_may_refuse_new_connections(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    code = host.create(relay.address)

    host.do("refuse")
    client.do("join", relay=relay.address, code=code)

    assert client.expect("connection_error")["name"] == "KICKED"
    assert host.unexpected("peer_connected") == []


def test_full_room_refuses(relay: RelayProcess, start: Start) -> None:
    host, second, third = start(3)
    code = host.create(relay.address, max_peers=2)
    second.join(relay.address, code)

    third.do("join", relay=relay.address, code=code)

    assert third.expect("connection_error")["name"] == "ROOM_FULL"
    third.expect("connection_failed")


@pytest.mark.quiet  # who receives must not stand still for long
def test_burst_of_large_packets_after_silence_arrives(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    client.join(relay.address, host.create(relay.address))
    host.expect("peer_connected", peer=2)
    host.do("say", text="first")
    client.expect("heard", text="first")
    time.sleep(_SILENCE)

    host.do("spray", times=300, size=1100)
    host.do("say", text="last")

    client.expect("heard", text="last")
    assert client.report()["calls"] - 2 >= 0.95 * 300


def test_packets_survive_a_game_that_freezes(relay: RelayProcess, start: Start) -> None:
    host, client = start(2)
    client.join(relay.address, host.create(relay.address))
    host.expect("peer_connected", peer=2)
    host.do("say", text="first")
    client.expect("heard", text="first")

    client.do("freeze", seconds=0.5)
    host.do("spray", times=200)
    host.do("say", text="last")

    client.expect("heard", text="last")
    assert client.report()["calls"] == 202


def test_ipv6_relay(start: Start) -> None:
    with RelayProcess(host="::1") as relay:
        host, client = start(2)
        client.join(relay.address, host.create(relay.address))

        client.do("say", text="over IPv6", to=1)

        host.expect("heard", peer=2, text="over IPv6")


def test_relay_by_name(start: Start) -> None:
    with RelayProcess() as relay:
        host, client = start(2)
        name = f"localhost:{relay.port}"
        client.join(name, host.create(name))

        client.do("say", text="by name", to=1)

        host.expect("heard", text="by name")


def test_session_survives_a_new_address(relay: RelayProcess, start: Start) -> None:
    with RebindingProxy(relay.port) as proxy:
        host, client = start(2)
        client.join(proxy.address, host.create(relay.address))
        host.expect("peer_connected", peer=2)
        client.do("say", text="before", to=1)
        host.expect("heard", text="before")

        proxy.rebind()
        deadline = time.monotonic() + PATIENCE
        while not host.has("heard", text="after"):  # the first ones are lost: NUDGE, PING, proof
            client.do("say", text="after", to=1)
            client.expect("said")
            assert time.monotonic() < deadline, host.output

        host.do("say", text="to the new address", to=2)
        client.expect("heard", peer=1, text="to the new address")
        assert client.report()["id"] == 2


@pytest.mark.parametrize("topology", ["mesh", "star"])
def test_spawner_and_synchronizer_work(relay: RelayProcess, start: Start, topology: str) -> None:
    host, early, late = start(3)
    code = host.create(relay.address, topology=topology)
    early.join(relay.address, code)
    host.expect("peer_connected", peer=2)

    host.do("spawn", value=7)
    early.expect("value_taken", value=7)
    host.do("mark", mark=1)
    early.expect("mark_taken", mark=1)
    late.join(relay.address, code)
    late.expect("value_taken", value=7)
    late.expect("mark_taken", mark=1)
    host.do("change", value=8)
    host.do("mark", mark=2)

    for client in (early, late):
        client.expect("value_taken", value=8)
        client.expect("mark_taken", mark=2)


def meet_with_secrets(relay: RelayProcess, members: list[GodotMember], *secrets: str) -> None:
    """Let all enter a mesh that admit only who knows their own secret."""
    for member, secret in zip(members, secrets, strict=True):
        member.do("authenticate", secret=secret)
    host, *clients = members
    code = host.create(relay.address)
    for client in clients:
        client.join(relay.address, code)


def test_all_pairs_of_a_mesh_authenticate(relay: RelayProcess, start: Start) -> None:
    members = start(3)
    meet_with_secrets(relay, members, "open", "open", "open")

    for own, member in enumerate(members, start=1):
        for peer in {1, 2, 3} - {own}:
            member.expect("peer_connected", peer=peer)
    for member in members:
        member.do("say", text="to all", reliable=True)
    for own, member in enumerate(members, start=1):
        for peer in {1, 2, 3} - {own}:
            member.expect("heard_reliably", peer=peer, text="to all")


def test_client_without_the_secret_is_missing_at_all(relay: RelayProcess, start: Start) -> None:
    members = start(3)
    host, second, third = members
    meet_with_secrets(relay, members, "open", "open", "wrong")

    host.expect("peer_connected", peer=2)
    second.expect("peer_connected", peer=1)
    for member in (host, second):
        member.expect("peer_authentication_failed", peer=3)
    second.do("say", text="without it", reliable=True)

    host.expect("heard_reliably", peer=2, text="without it")
    assert [member.report()["peers"] for member in (host, second, third)] == [[2], [1], []]
    assert [member.unexpected("peer_connected") for member in members] == [[], [], []]
