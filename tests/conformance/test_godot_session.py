"""The addon's session answers, byte for byte, what the Python session answers."""

from pathlib import Path
from random import Random
from typing import Final

import pytest

from packhorse.core.credentials import NO_ACCESS, Access
from packhorse.core.events import JoinRequested
from packhorse.core.room_change import RoomChange
from packhorse.testing.link import CUT, Conditions
from packhorse.wire.constants import DropReason, FirstByte, MemberState, Topology
from packhorse_relay.core.settings import Settings
from tests.support.godot_replay import assert_answered_alike, recording
from tests.support.network import RELAY, Network
from tests.support.recorded_session import EVENT_NAMES, RecordedSession, try_data

pytestmark = pytest.mark.usefixtures("godot")

_STEPS: Final = 100  # of the driver, each of some seconds
_MAX_MEMBERS: Final = 12
_SEEDS: Final = 6  # networks for each of the conditions
_CONDITIONS: Final = (
    Conditions(latency=0.03),
    Conditions(latency=0.05, jitter=0.04, loss=0.1, reorder=0.1, duplicate=0.1),
    Conditions(latency=0.1, jitter=0.2, loss=0.4, reorder=0.2, duplicate=0.2),
    Conditions(latency=0.02, mtu=600),
)


ACCESSES: Final = (NO_ACCESS, Access(ticket="A" * 72), Access(key="k_-" * 8))
"""The relay asks for none of them, but they are sent."""

PASSWORD_KEY: Final = bytes(range(32))
_STRICT: Final = Settings(client_byte_rate=4000, client_datagram_rate=8, host_datagram_rate=8)

Recorded = list[RecordedSession]


@pytest.fixture(scope="module")
def recordings() -> list[Recorded]:
    """Live through every network once; the sessions of each of the conditions."""
    return [_record(number) for number in range(len(_CONDITIONS))]


@pytest.mark.parametrize("number", range(len(_CONDITIONS)))
def test_sessions_answer_alike(recordings: list[Recorded], tmp_path: Path, number: int) -> None:
    assert_answered_alike(recordings[number], tmp_path)


def test_recordings_hold_every_kind_of_event(recordings: list[Recorded]) -> None:
    seen = {
        event[0]
        for sessions in recordings
        for session in sessions
        for step in session.record["steps"]
        for event in step["events"]
    }

    assert seen == EVENT_NAMES - {"PEER_PATH_CHANGED"}  # test_godot_direct.py


def test_recordings_hold_drops_at_every_level(recordings: list[Recorded]) -> None:
    drops = {reason for sessions in recordings for session in sessions for reason in session.drops}

    assert drops >= {
        DropReason.TOO_SHORT,
        DropReason.UNKNOWN_PREFIX,
        DropReason.UNKNOWN_TRANSACTION,
        DropReason.WRONG_TAG,
        DropReason.BAD_MAC,
        DropReason.REPLAYED,
        DropReason.UNEXPECTED_MESSAGE,
        DropReason.UNKNOWN_PEER,
        DropReason.BUFFER_FULL,
    }


def _record(number: int) -> Recorded:
    with recording() as sessions:
        for seed in range(_SEEDS):
            settings = Settings() if seed % 2 else _STRICT
            conditions, chance = _CONDITIONS[number], 100 * number + seed
            _live_through(Network(conditions, seed=chance, settings=settings))
    return sessions


def _live_through(network: Network) -> None:
    """Let members come, talk, quarrel and go, with an unreliable network between them."""
    random = Random(network.seed)  # noqa: S311 - repeatable by design
    topology = random.choice(list(Topology))
    host = network.create_room(topology=topology, access=random.choice(ACCESSES))
    network.run_until(lambda: host.session.state is not MemberState.GREETING, within=10)
    network.run(1.0)
    for _ in range(3):
        _join(network, random)
    network.run(2.0)
    actions = [_join, _talk, _talk, _talk, _disturb, _disturb, _rebind, _forge, _forge, _wait]
    actions += [_restart, _bind, _resume, _drain]
    actions += [_set_room, _ask, _decide, _decide]
    actions += [_kick, _leave, _cut] if random.random() < 0.7 else []  # otherwise all stay
    for _ in range(_STEPS):
        random.choice(actions)(network, random)
        network.run(random.choice([0.01, 0.1, 1.0, 3.0]))
    if random.random() < 0.5:
        network.stop_relay()
    else:
        network.restart_relay(secret=None)
    network.run(200.0)


def _join(network: Network, random: Random) -> None:
    host = network.members[0]
    if len(network.members) < _MAX_MEMBERS:  # more would only make the recording longer
        is_known = host.session.state is MemberState.JOINED and random.random() < 0.9
        code = host.session.code if is_known else "00000000"
        key = random.choice([None, PASSWORD_KEY])
        network.join(code, random.choice(ACCESSES), password_key=key, name="é")


def _ask(network: Network, random: Random) -> None:
    """Let somebody ask the host to be admitted, while all others talk."""
    host = network.members[0]
    if host.session.state is MemberState.JOINED:
        host.set_room(RoomChange(locked=False, approval=True, password_key=b""))
        network.run(1.0)
        _join(network, random)
        for _ in range(4):
            _talk(network, random)


def _talk(network: Network, random: Random) -> None:
    for member in network.members:
        data = random.randbytes(random.choice([1, 20, 570, 1194, 1195]))
        datagram = try_data(member.session, data, random.randrange(-6, 7))
        if datagram is not None:
            network.send_up(member, datagram)


def _disturb(network: Network, random: Random) -> None:
    """Say something again that the relay said before, perhaps damaged, or something new."""
    member = random.choice(network.members)
    said = [sent.data for sent in network.sent[-400:] if sent.source == RELAY]
    data = bytearray(random.choice(said) if said else b"")
    if data and random.random() < 0.7:
        data[random.randrange(len(data))] = random.randrange(256)
    member.receive(bytes(data) if random.random() < 0.8 else random.randbytes(random.randrange(40)))


def _forge(network: Network, random: Random) -> None:
    """Say NUDGE, deny the session, or send data as anybody, knowing ids and tags."""
    member = random.choice(network.members)
    seals = [sent.data for sent in network.sent if sent.data[0] == FirstByte.SEAL]
    told = [sent.data for sent in network.sent if sent.target == member.address]
    session = random.choice(seals)[2:6] if seals else bytes(4)
    tag = next((data[1:2] for data in reversed(told) if data[0] == FirstByte.SEAL), b"\0")
    denial = bytes.fromhex("a500") + session + bytes.fromhex("82 0006 14cccc")
    nudge = bytes.fromhex("a500 00000000 81 0007")
    data = b"\xa4" + tag + random.choice([1, 2, 3, 90]).to_bytes(4, "big") + b"forged"
    said = random.choice([nudge, denial, data, data])
    for _ in range(random.choice([1, 1, 70])):
        member.receive(said)


def _kick(network: Network, random: Random) -> None:
    joined = [member for member in network.members if member.session.state is MemberState.JOINED]
    if len(joined) > 1:
        one, other = random.sample(joined, 2)
        if other.session.peer_id != 1:
            one.kick(other, ban=random.random() < 0.3)


def _set_room(network: Network, random: Random) -> None:
    """Change something; a client asks in vain."""
    member = random.choice(network.members)
    if member.session.state is MemberState.JOINED:
        member.set_room(
            RoomChange(
                topology=random.choice([None, *Topology]),
                max_peers=random.choice([None, 2, 12, 1024]),
                locked=random.choice([None, True, False, False]),
                listed=random.choice([None, True, False]),
                metadata=random.choice([None, b"", b"tag"]),
                approval=random.choice([None, True, False]),
                password_key=random.choice([None, b"", b"", PASSWORD_KEY]),
            )
        )


def _decide(network: Network, random: Random) -> None:
    """Answer somebody who waits, or nobody."""
    host = network.members[0]
    if host.session.state is MemberState.JOINED:
        asked = [each.request for each in host.events if isinstance(each, JoinRequested)]
        host.decide(random.choice([*asked[-3:], 99]), admit=random.random() < 0.7)


def _leave(network: Network, random: Random) -> None:
    if random.random() < 0.5:
        random.choice(network.members[random.random() < 0.9 :] or network.members).leave()


def _rebind(network: Network, random: Random) -> None:
    network.rebind(random.choice(network.members))


def _restart(network: Network, random: Random) -> None:
    if random.random() < 0.3:
        network.restart_relay()


def _bind(network: Network, random: Random) -> None:
    joined = [member for member in network.members if member.session.state is MemberState.JOINED]
    if joined:
        random.choice(joined).bind()


def _resume(network: Network, random: Random) -> None:
    """Let another program take a session over."""
    joined = [member for member in network.members if member.session.state is MemberState.JOINED]
    if joined and len(network.members) < _MAX_MEMBERS:
        network.resume(random.choice(joined).session.saved, is_restarted=random.random() < 0.5)


def _drain(network: Network, random: Random) -> None:
    if random.random() < 0.1:
        network.drain_relay(random.choice([30.0, 300.0]))


def _cut(network: Network, random: Random) -> None:
    """Cut a member off for a while, in one direction or both."""
    member = random.choice(network.members)
    if random.random() < 0.7:
        member.down.conditions = CUT
    else:
        member.conditions = CUT
    network.run(random.choice([1.0, 20.0, 70.0]))
    member.conditions = network.conditions


def _wait(network: Network, random: Random) -> None:
    network.run(random.choice([6.0, 16.0]))
