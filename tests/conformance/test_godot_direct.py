"""The addon looks for direct paths, byte for byte, as the Python session does."""

from itertools import count
from pathlib import Path
from random import Random
from typing import Final

import pytest

from packhorse.testing.link import Conditions
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import CandidateKind, DropReason, MemberState, Mode, Topology
from tests.support.godot_replay import assert_answered_alike, recording
from tests.support.nat_network import Filtering, Mapping, NatNetwork
from tests.support.network import Member
from tests.support.recorded_session import RecordedSession

pytestmark = pytest.mark.usefixtures("godot")

_NETWORKS: Final = 2  # for each of the conditions
_STEPS: Final = 30
_CONDITIONS: Final = (
    Conditions(latency=0.02),
    Conditions(latency=0.03, jitter=0.03, loss=0.1, reorder=0.1, duplicate=0.1),
)
_UNUSABLE: Final = ("fe80::1", "127.0.0.1", "224.0.0.1", "::")
_HOSTS: Final = ("10.0.0.7", "2001:db8::7", "::ffff:10.1.1.1", *_UNUSABLE)

Recorded = list[RecordedSession]


@pytest.fixture(scope="module")
def recordings() -> list[Recorded]:
    """Live through every network once; the sessions of each of the conditions."""
    return [_record(number) for number in range(len(_CONDITIONS))]


@pytest.mark.parametrize("number", range(len(_CONDITIONS)))
def test_sessions_that_seek_answer_alike(
    recordings: list[Recorded], tmp_path: Path, number: int
) -> None:
    assert_answered_alike(recordings[number], tmp_path)


def test_recordings_hold_paths_that_come_and_go(recordings: list[Recorded]) -> None:
    addresses = [
        event[2]
        for sessions in recordings
        for session in sessions
        for step in session.record["steps"]
        for event in step["events"]
        if event[0] == "PEER_PATH_CHANGED"
    ]

    assert sum(address != "" for address in addresses) > 20
    assert sum(address == "" for address in addresses) > 5


def test_recordings_hold_data_that_goes_directly_and_data_that_does_not(
    recordings: list[Recorded],
) -> None:
    sent = [
        step["result"]
        for sessions in recordings
        for session in sessions
        for step in session.record["steps"]
        if step["do"] == "send"
    ]

    assert sent.count("") > 100
    assert len(sent) - sent.count("") > 100


def test_recordings_hold_every_reason_to_drop_what_comes_directly(
    recordings: list[Recorded],
) -> None:
    drops = {reason for sessions in recordings for session in sessions for reason in session.drops}

    assert drops >= {
        DropReason.TOO_SHORT,
        DropReason.UNEXPECTED_SOURCE,
        DropReason.UNKNOWN_SESSION,
        DropReason.UNKNOWN_TRANSACTION,
        DropReason.UNKNOWN_PEER,
        DropReason.WRONG_TAG,
        DropReason.BAD_MAC,
        DropReason.REPLAYED,
    }


def _record(number: int) -> Recorded:
    with recording() as sessions:
        for seed in range(_NETWORKS):
            network = NatNetwork(latency=0.03, loss=0.03 * number, seed=100 * number + seed)
            network.conditions = _CONDITIONS[number]
            _live_through(network)
    return sessions


def _live_through(network: NatNetwork) -> None:
    """Let members behind all kinds of routers come, look for paths, talk and go."""
    random = Random(network.seed)  # noqa: S311 - repeatable by design
    ports = count(41_000)
    host = network.create_room(topology=random.choice(list(Topology)))
    network.run(2.0)
    for _ in range(4):
        network.join(host.session.code)
        network.run(1.0)
    for member in network.members:
        _put_behind(network, member, random)
    actions = [_talk, _talk, _talk, _seek, _disturb, _forge, _cut, _rebind, _bind, _wait]
    for step in range(_STEPS):
        action = _leave if step == _STEPS // 2 else random.choice(actions)
        action(network, random, next(ports))
        network.run(random.choice([0.01, 0.1, 0.4, 1.0]))
    network.is_cut = True
    network.run(15.0)


def _joined(network: NatNetwork) -> list[Member]:
    return [member for member in network.members if member.session.state is MemberState.JOINED]


def _put_behind(network: NatNetwork, member: Member, random: Random) -> None:
    filters = [Filtering.INDEPENDENT, Filtering.ADDRESS, Filtering.ADDRESS_AND_PORT]
    mapping = random.choice([Mapping.INDEPENDENT] * 3 + [Mapping.DEPENDENT])
    network.put_behind(member, mapping, random.choice(filters))


def _seek(network: NatNetwork, random: Random, port: int) -> None:
    """Let one more look for paths, or offer other addresses than before."""
    hosts = random.sample(_HOSTS, random.randrange(4))
    found = [Candidate(CandidateKind.HOST, TransportAddress(host, port)) for host in hosts]
    for member in random.sample(_joined(network), min(3, len(_joined(network)))):
        if random.random() < 0.2:
            found.append(Candidate(CandidateKind.HOST, member.session.mapped_address))
        network.seek(member, found)


def _talk(network: NatNetwork, random: Random, _port: int) -> None:
    """Let everybody say something to somebody or to several, now and then."""
    for _ in range(random.choice([1, 10])):
        for member in _joined(network):
            peers = [peer for peer in member.session.roster if peer != member.session.peer_id]
            is_client = member.session.peer_id != 1
            is_bound = member.session.topology is Topology.STAR and is_client
            to = 1 if is_bound else random.choice([0, 0, *peers])
            member.try_post(random.randbytes(random.choice([1, 500])), to, Mode.UNRELIABLE)
            network.tend(member)
        network.run(0.02)


def _disturb(network: NatNetwork, random: Random, _port: int) -> None:
    """Say something again that came directly, perhaps damaged, perhaps from elsewhere."""
    if not network.direct:
        return
    for _ in range(10):
        _, said, source = random.choice(network.direct[-100:])
        data = bytearray(said)
        if random.random() < 0.7:
            data[random.randrange(len(data))] = random.randrange(256)
        if random.random() < 0.3:
            source = source._replace(host="203.0.113.9")
        _hand(network, random.choice(network.members), bytes(data), source)


def _forge(network: NatNetwork, random: Random, port: int) -> None:
    """Say anything, from a stranger's address or from that of another member."""
    source = random.choice([TransportAddress("2001:db8::66", port), *_addresses(network)])
    head = random.choice([b"\xa4", b"\xa5", b"\xa6", b"\xa7"]) + random.randbytes(1)
    data = head + random.choice([1, 2, 3, 90]).to_bytes(4, "big") + random.randbytes(30)
    for said in (data, data[:5], random.randbytes(8), b"\xa5\x00\x00\x00\x00\x02x"):
        _hand(network, random.choice(network.members), said, source)


def _addresses(network: NatNetwork) -> list[TransportAddress]:
    return [member.address for member in network.members]


def _hand(network: NatNetwork, member: Member, data: bytes, source: TransportAddress) -> None:
    member.session.receive_datagram(data, source, now=network.clock.now)
    member.flush()
    network.tend(member)


def _cut(network: NatNetwork, random: Random, _port: int) -> None:
    """Let nothing through directly for a while, with traffic or without."""
    network.is_cut = True
    for _ in range(random.randrange(8)):
        _talk(network, random, 0)
    network.run(random.choice([0.3, 3.0, 20.0]))
    network.is_cut = False


def _rebind(network: NatNetwork, random: Random, _port: int) -> None:
    member = random.choice(network.members)
    network.rebind(member)
    _put_behind(network, member, random)


def _bind(network: NatNetwork, random: Random, _port: int) -> None:
    if _joined(network):
        random.choice(_joined(network)).bind()


def _leave(network: NatNetwork, _random: Random, _port: int) -> None:
    network.members[-1].leave()


def _wait(network: NatNetwork, random: Random, _port: int) -> None:
    network.run(random.choice([6.0, 16.0]))
