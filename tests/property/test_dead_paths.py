"""A path that dies under a session is found dead in time, and a lossy one is not; virtual time."""

from typing import Final

import pytest

from packhorse.core.events import SessionLost
from packhorse.core.path_watch import PathWatch, Verdict
from packhorse.testing.link import CUT, Conditions
from packhorse.wire.constants import Mode
from tests.support.network import Member, Network

GOOD: Final = Conditions(latency=0.03)
LOSSY: Final = Conditions(latency=0.05, jitter=0.04, loss=0.05, reorder=0.1, duplicate=0.1)
STEP: Final = 0.05  # seconds
WORST: Final = 10.5 + 2 * STEP  # seconds; SPEC.md section 8.2 and `PathWatch`


def run_watched(network: Network, member: Member, watch: PathWatch, seconds: float) -> float | None:
    """Do what the driver does; return when the path was to be replaced, if it was."""
    start = network.clock.now
    while network.clock.now < start + seconds:
        network.run(STEP)
        verdict = watch.judge(member.session.pings, now=network.clock.now)
        if verdict is Verdict.REPLACE:
            return network.clock.now - start
        if verdict is Verdict.ASK:
            member.session.check_path(now=network.clock.now)
            member.wake()
    return None


@pytest.mark.parametrize("seed", range(10))
def test_session_goes_on_over_another_path_before_it_is_lost(seed: int) -> None:
    network = Network(GOOD, seed=seed)
    host = network.create_room()
    network.run(1.0)
    guest = network.join(host.session.code)
    network.run(1.0)
    watch = PathWatch()
    assert run_watched(network, guest, watch, 20.0 + seed / 2) is None

    guest.conditions = CUT
    messages = [bytes([number]) * 500 for number in range(50)]
    for message in messages:
        assert guest.try_post(message, 1, Mode.RELIABLE)
        assert host.try_post(message, guest.session.peer_id, Mode.RELIABLE)
    silence = run_watched(network, guest, watch, 15.0)
    network.rebind(guest)
    guest.conditions = GOOD
    guest.bind()
    network.run(5.0)

    assert silence is not None
    assert 5.0 <= silence <= WORST
    assert [[message.data for message in each.messages] for each in (host, guest)] == [messages] * 2
    assert guest.events_of(SessionLost) == []


@pytest.mark.parametrize("seed", range(3))
def test_lossy_path_is_kept_for_an_hour(seed: int) -> None:
    """5 % loss each way: one PING in ten is not answered."""
    network = Network(LOSSY, seed=seed)
    host = network.create_room()
    network.run(10.0)

    assert run_watched(network, host, PathWatch(), 3600.0) is None
