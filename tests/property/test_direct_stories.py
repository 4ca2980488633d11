"""Random stories of three members that send to each other directly and over the relay."""

from collections import Counter
from random import Random
from typing import Final

import pytest

from packhorse.testing.link import Conditions
from packhorse.wire.constants import HEADER_SIZE, MAX_REMOTES, FirstByte, MemberState, Mode
from tests.support.nat_network import Filtering, Mapping, NatNetwork
from tests.support.network import RELAY, Member, room_of

SEEDS: Final = 8
_STEPS: Final = 40
_BAD: Final = Conditions(latency=0.02, jitter=0.01, loss=0.03, reorder=0.03, duplicate=0.03)
_KINDS: Final = (
    (Mapping.INDEPENDENT, Filtering.INDEPENDENT),
    (Mapping.INDEPENDENT, Filtering.ADDRESS),
    (Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT),
    (Mapping.DEPENDENT, Filtering.ADDRESS_AND_PORT),
)


class Story:
    """Three members, what they have sent to each other, and what may happen to them."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 - repeatable by design
        self.network = NatNetwork(latency=0.02, loss=0.02, seed=seed)
        self.network.duplicate = 0.05
        self.network.jitter = 0.03
        self.members = room_of(self.network, 3)
        self.posted: dict[tuple[int, int, Mode], list[bytes]] = {}
        self.number = 0
        self.network.conditions = _BAD
        for member in self.members:
            member.conditions = _BAD
            self.settle(member)

    def settle(self, member: Member) -> None:
        """Put a member behind a router and let it look for paths."""
        self.network.put_behind(member, *self.dice.choice(_KINDS))
        self.network.seek(member)

    def play(self) -> None:
        """Let things happen, then let everything heal."""
        happenings = [self.post] * 6 + [self.post_plain] * 3
        happenings += [self.cut, self.mend, self.move, self.rejoin]
        for _ in range(_STEPS):
            self.dice.choice(happenings)()
            self.network.run(self.dice.choice((0.01, 0.05, 0.3, 1.5)))
            self.check_tables()
        self.network.is_cut = False
        self.network.heal()
        self.network.loss = self.network.duplicate = 0.0
        self.network.run(30.0)

    def present(self) -> list[Member]:
        """Return who is in the room."""
        return [one for one in self.members if one.session.state is MemberState.JOINED]

    def pair(self) -> tuple[Member, Member] | None:
        """Return two members that know each other."""
        one, other = self.dice.sample(self.present(), 2)
        known = other.session.peer_id in one.session.roster
        return (one, other) if known and one.session.peer_id in other.session.roster else None

    def post(self) -> None:
        """Send some reliable messages."""
        self._post(self.dice.choice((Mode.RELIABLE, Mode.RELIABLE_UNORDERED)), 5)

    def post_plain(self) -> None:
        """Send some plain datagrams."""
        self._post(Mode.UNRELIABLE, 10)

    def _post(self, mode: Mode, count: int) -> None:
        pair = self.pair()
        if pair is None:
            return
        one, other = pair
        ids = (one.session.peer_id, other.session.peer_id, mode)
        for _ in range(count):
            self.number += 1
            data = self.number.to_bytes(4, "big")
            if one.try_post(data, ids[1], mode):
                self.posted.setdefault(ids, []).append(data)
        self.network.tend(one)

    def cut(self) -> None:
        """Let nothing pass directly."""
        self.network.is_cut = True

    def mend(self) -> None:
        """Let everything pass again."""
        self.network.is_cut = False

    def move(self) -> None:
        """Give a member another address and another router."""
        member = self.dice.choice(self.present())
        self.network.rebind(member)
        self.settle(member)

    def rejoin(self) -> None:
        """Let a client leave and another one come."""
        clients = self.present()[1:]
        if len(clients) < 2:
            return
        self.dice.choice(clients).leave()
        self.network.run(2.0)
        member = self.network.join(self.members[0].session.code)
        joined = self.network.run_until(
            lambda: member.session.state is MemberState.JOINED, within=60.0
        )
        assert joined
        self.members.append(member)
        self.settle(member)

    def check_tables(self) -> None:
        """See that nobody knows more addresses than allowed, or peers that are not there."""
        for member in self.present():
            direct = member.session._direct
            assert direct is not None
            paths = direct._paths
            assert paths.peers <= set(member.session.roster)
            assert len(paths._by_connection) == len(paths.peers)
            for peer in paths._peers.values():
                assert len(list(peer._remotes)) <= MAX_REMOTES
                assert all(len(remote._open) <= 32 for remote in peer._remotes)


def arrived(story: Story, ids: tuple[int, int, Mode]) -> list[bytes]:
    """Return what came of a sender, in a mode, at a receiver."""
    receiver = next(one for one in story.members if one.session.peer_id == ids[1])
    return [
        message.data
        for message in receiver.messages
        if message.source == ids[0] and message.mode is ids[2]
    ]


def plain_copies(network: NatNetwork) -> Counter[bytes]:
    """Return how often members have sent each plain datagram, over all paths."""
    sent = [each.data for each in network.sent if each.target == RELAY]
    sent += [datagram.data for datagram in network.posted]
    return Counter(data[HEADER_SIZE:] for data in sent if data[0] == FirstByte.DATA)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_story_loses_and_doubles_no_reliable_message(seed: int) -> None:
    """DIR-6, DIR-7."""
    story = Story(seed)
    story.play()
    copies = plain_copies(story.network)
    here = {member.session.peer_id for member in story.present()}
    assert len(here) == 3
    for ids, posted in story.posted.items():
        got = arrived(story, ids)
        if ids[2] is Mode.UNRELIABLE:
            assert set(got) <= set(posted)
            assert all(copies[data] == 1 for data in posted)
        elif {*ids[:2]} <= here:
            is_ordered = ids[2] is Mode.RELIABLE
            assert (got if is_ordered else sorted(got)) == posted
        else:
            assert len(got) == len(set(got))
            if ids[2] is Mode.RELIABLE:
                assert got == posted[: len(got)]


def test_stories_are_about_direct_paths() -> None:
    story = Story(0)
    story.play()
    direct = [data for _, data, _ in story.network.direct if data[0] != FirstByte.SEAL]
    assert len(direct) > 50
