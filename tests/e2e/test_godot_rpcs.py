"""RPCs of every mode on two channels between three Godot games, in a mesh and through a host."""

from itertools import permutations, product
from typing import Final

import pytest

from tests.support.godot_member import GodotMember, Start
from tests.support.relay_process import RelayProcess

pytestmark = pytest.mark.usefixtures("godot")

_PEERS: Final = (1, 2, 3)
_TIMES: Final = 40  # calls in each lane, as in godot_addon/tests/e2e/rpc_lanes.gd
_MODES: Final = ("unreliable", "ordered", "reliable")
_CHANNELS: Final = (0, 7)


@pytest.mark.parametrize("to", ["each", "all"])
@pytest.mark.parametrize("topology", ["mesh", "star"])
def test_rpcs_of_all_modes_and_channels_arrive(start: Start, topology: str, to: str) -> None:
    with RelayProcess() as relay:
        members = dict(zip(_PEERS, start(len(_PEERS)), strict=True))
        meet(members, relay.address, topology)

        for peer, member in members.items():
            others = [other for other in _PEERS if other != peer]
            member.do("call_up", to=others if to == "each" else [0])

        lanes = product(permutations(_PEERS, 2), _MODES, _CHANNELS)
        for (speaker, listener), mode, channel in lanes:
            check_lane(members[listener], speaker, mode, channel)
        for member in members.values():
            assert member.unexpected("lane_heard") == [], "numbers that came twice"


def meet(members: dict[int, GodotMember], relay: str, topology: str) -> None:
    """Enter one room, and say hello: before that, broadcasts are refused."""
    code = members[1].create(relay, topology=topology)
    members[2].join(relay, code)
    members[3].join(relay, code)
    for listener, speaker in permutations(members, 2):
        members[listener].expect("peer_connected", peer=speaker)
    for member in members.values():
        member.do("say", text="hello", reliable=True)
    for listener, speaker in permutations(members, 2):
        members[listener].expect("heard_reliably", peer=speaker, text="hello")


def check_lane(listener: GodotMember, speaker: int, mode: str, channel: int) -> None:
    """See that the listener has heard all numbers once; in order, unless the mode leaves it open.

    So few datagrams are not lost on the loopback interface, though their mode would allow it.
    """
    heard = listener.expect("lane_heard", peer=speaker, lane=f"{mode}_{channel}")["numbers"]
    assert (sorted(heard) if mode == "unreliable" else heard) == list(range(_TIMES))
