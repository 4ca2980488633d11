"""A program that goes on in another process: nothing of the one before counts, in virtual time."""

from collections.abc import Callable
from typing import Final

import pytest

from packhorse.core.events import Joined, PeerId, PeerJoined, PeerLeft
from packhorse.testing.link import CUT, PERFECT, Conditions
from packhorse.wire.constants import DropReason, ErrorCode, FirstByte, Mode
from packhorse.wire.frames import FrameDatagram, decode_frames
from packhorse.wire.header import decode_header
from tests.support.network import RELAY, Member, Network, room_of

GOOD: Final = Conditions(latency=0.02)
ORDERED: Final = Mode.UNRELIABLE_ORDERED
OLD, NEW = b"for the process before", b"for this process"
CLIENT: Final = PeerId(2)
RESTARTED: Final = [PeerLeft(CLIENT, ErrorCode.REPLACED), PeerJoined(CLIENT)]


class Stage:
    """A host, a client that will be restarted, and another one."""

    def __init__(self, conditions: Conditions = GOOD) -> None:
        self.network = Network(conditions)
        self.host, self.client, self.other = room_of(self.network, 3)

    def crash(self, member: Member) -> None:
        """Let a program end without a word."""
        member.conditions = CUT

    def restart(self, member: Member) -> Member:
        """Let another process go on where one has crashed."""
        return self.network.resume(member.session.saved)

    def restart_unheard(self, data: bytes, to: int, mode: Mode) -> Member:
        """Restart the client; the host sends a message before it is told of that."""
        self.crash(self.client)
        self.host.takes_events = False
        again = self.restart(self.client)
        self.network.run(0.5)
        assert self.host.try_post(data, to, mode)
        self.network.run(1.0)
        self.host.takes_events = True
        self.host.wake()
        return again

    def frames_of(self, sender: Member, holds: Callable[[FrameDatagram], bool]) -> list[bytes]:
        """Return the FRAME datagrams that a member has sent to the relay and that hold it."""
        frames = [
            sent.data
            for sent in self.network.sent
            if sent.source == sender.address and sent.data[0] == FirstByte.FRAME
        ]
        return [data for data in frames if holds(decode_frames(data[6:]))]

    def copies_for(self, receiver: Member, sender: Member) -> list[bytes]:
        """Return the FRAME datagrams of a member that the relay has sent to another."""
        return [
            sent.data
            for sent in self.network.sent
            if (sent.source, sent.target) == (RELAY, receiver.address)
            and sent.data[0] == FirstByte.FRAME
            and decode_header(sent.data).source == sender.session.peer_id
        ]

    def arrive_late(self, sender: Member, *datagrams: bytes) -> None:
        """Let the relay receive now what was under way to it."""
        for data in datagrams:
            self.network.deliver_to_relay(data, sender.address)


def texts(member: Member, source: PeerId) -> list[bytes]:
    return [message.data for message in member.messages if message.source == source]


def numbered(count: int) -> list[bytes]:
    return [b"new %d" % number for number in range(count)]


def assert_both_hear_each_other(stage: Stage, one: Member, other: Member) -> None:
    """Let each say ten reliable things; nothing else may be heard."""
    for data in numbered(10):
        assert one.try_post(data, other.session.peer_id, Mode.RELIABLE)
        assert other.try_post(data, one.session.peer_id, Mode.RELIABLE)
    stage.network.run(5.0)

    assert texts(other, one.session.peer_id) == numbered(10)
    assert texts(one, other.session.peer_id) == numbered(10)
    assert one.session.is_idle
    assert other.session.is_idle


@pytest.mark.parametrize("number", [255, 256, 299])
def test_old_datagram_with_a_large_number_does_not_stall_the_new_process(number: int) -> None:
    """DEL-21: else what comes after it was too old, and its acknowledgement of the future."""
    stage = Stage()
    for _ in range(300):
        assert stage.host.try_post(OLD, CLIENT, ORDERED)
    old = stage.frames_of(stage.host, lambda frame: frame.number == number)
    stage.network.run(1.0)
    stage.crash(stage.client)

    again = stage.restart(stage.client)
    stage.network.run(0.5)
    stage.arrive_late(stage.host, *old)
    stage.network.run(0.1)

    assert len(old) == 1
    assert again.session.drops == {DropReason.WRONG_GENERATION: 1}
    assert again.messages == []
    assert_both_hear_each_other(stage, stage.host, again)


def test_old_reliable_message_does_not_take_the_place_of_a_new_one() -> None:
    """DEL-21: the second of the process before comes before the first of this one."""
    stage = Stage()
    for _ in range(3):
        stage.host.try_post(OLD, CLIENT, Mode.RELIABLE)
        stage.network.run(0.01)
    old = stage.frames_of(stage.host, lambda frame: bool(frame.messages) and frame.number > 0)
    stage.crash(stage.client)

    again = stage.restart(stage.client)
    stage.network.run(0.5)
    stage.arrive_late(stage.host, *old)
    stage.network.run(0.1)

    assert again.session.drops == {DropReason.WRONG_GENERATION: len(old)} != {}
    assert again.messages == []
    assert_both_hear_each_other(stage, stage.host, again)


@pytest.mark.parametrize("to", [CLIENT, 0, -3])
@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.RELIABLE_UNORDERED])
def test_what_is_sent_between_the_restart_and_the_news_does_not_arrive(to: int, mode: Mode) -> None:
    """ROOM-5: whom the application means is gone."""
    stage = Stage()

    again = stage.restart_unheard(OLD, to, mode)

    assert stage.host.events_of(PeerLeft, PeerJoined) == RESTARTED
    assert again.messages == []
    assert_both_hear_each_other(stage, stage.host, again)


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE, ORDERED])
@pytest.mark.parametrize("size", [10, 3000])
def test_unreliable_message_between_the_restart_and_the_news_does_not_arrive(
    mode: Mode, size: int
) -> None:
    """ROOM-5: as DATA, as frame, in pieces."""
    stage = Stage()

    again = stage.restart_unheard(bytes(size), CLIENT, mode)
    stage.host.try_post(NEW, CLIENT, mode)
    stage.network.run(1.0)

    assert texts(again, PeerId(1)) == [NEW]


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE, ORDERED])
@pytest.mark.parametrize("size", [10, 3000])
def test_message_to_all_between_the_restart_and_the_news_reaches_only_the_others(
    mode: Mode, size: int
) -> None:
    """ROOM-5: one peer can be left out of what goes to all."""
    stage = Stage()

    again = stage.restart_unheard(bytes(size), 0, mode)
    stage.host.try_post(NEW, 0, mode)
    stage.network.run(1.0)

    assert texts(again, PeerId(1)) == [NEW]
    assert texts(stage.other, PeerId(1)) == [bytes(size), NEW]


def test_restart_that_nobody_could_tell_of_is_seen_in_the_roster() -> None:
    """ROOM-6: the events about it are not kept any more when the host is back."""
    stage = Stage()
    stage.host.try_post(OLD, CLIENT, Mode.RELIABLE)
    stage.network.run(1.0)
    stage.crash(stage.client)
    stage.host.down.conditions = CUT
    again = stage.restart(stage.client)
    stage.network.run(0.5)
    for _ in range(17):
        guest = stage.network.join(stage.other.session.code)
        stage.network.run(0.3)
        guest.leave()
        stage.network.run(0.3)
    stage.host.down.conditions = GOOD
    stage.network.run(10.0)

    assert stage.host.events_of(PeerLeft, PeerJoined) == RESTARTED
    assert_both_hear_each_other(stage, stage.host, again)


def test_new_process_that_speaks_before_the_news_have_come_is_heard_once() -> None:
    """DEL-21: what came too early is repeated."""
    stage = Stage()
    stage.host.try_post(OLD, CLIENT, Mode.RELIABLE)
    stage.network.run(1.0)
    stage.crash(stage.client)
    again = stage.restart(stage.client)
    stage.host.down.conditions = CUT  # the news are lost
    assert stage.network.run_until(lambda: bool(again.events_of(Joined)), within=1.0)
    stage.host.down.conditions = GOOD

    assert again.try_post(NEW, 1, Mode.RELIABLE)
    stage.network.run(0.2)
    assert stage.host.session.drops[DropReason.WRONG_GENERATION] == 1
    stage.network.run(10.0)

    assert texts(stage.host, CLIENT) == [NEW]
    assert again.session.is_idle


def test_restarts_of_both_ends_are_told_apart_from_each_other() -> None:
    """DEL-21: one restart of each counts twice."""
    stage = Stage()
    stage.host.try_post(OLD, CLIENT, Mode.RELIABLE)
    stage.network.run(1.0)
    old = stage.frames_of(stage.host, lambda frame: bool(frame.messages))
    stage.crash(stage.client)
    again = stage.restart(stage.client)
    stage.network.run(1.0)
    stage.arrive_late(stage.host, *old)
    stage.crash(stage.host)
    host = stage.restart(stage.host)
    stage.network.run(1.0)

    copies = stage.copies_for(again, stage.host)
    for data in copies:
        again.receive(data)

    assert again.session.drops[DropReason.WRONG_GENERATION] == 2 * len(copies) > 0
    assert_both_hear_each_other(stage, host, again)
    sent = stage.frames_of(host, lambda frame: bool(frame.messages))
    assert {decode_frames(data[6:]).generation for data in sent} == {2}


def test_what_the_process_before_sent_to_all_does_not_count_after_the_news() -> None:
    """DEL-21: with source bit 31."""
    stage = Stage()
    for _ in range(5):
        stage.client.try_post(OLD, 0, ORDERED)
    stage.network.run(1.0)
    copies = stage.copies_for(stage.host, stage.client)
    stage.crash(stage.client)
    again = stage.restart(stage.client)
    stage.network.run(1.0)
    stage.host.events.clear()

    for data in copies:
        stage.host.receive(data)
    again.try_post(NEW, 0, ORDERED)
    stage.network.run(1.0)

    assert stage.host.session.drops == {DropReason.WRONG_GENERATION: len(copies)} != {}
    assert texts(stage.host, CLIENT) == texts(stage.other, CLIENT)[-1:] == [NEW]


def test_relay_that_was_restarted_knows_how_often_its_members_were() -> None:
    """RES-13: nobody is told of a restart of a member, and what is under way goes on."""
    stage = Stage()
    stage.crash(stage.client)
    again = stage.restart(stage.client)
    stage.network.run(6.0)  # a PONG brings the newest ticket
    stage.host.events.clear()

    stage.host.try_post(b"new 0", CLIENT, Mode.RELIABLE)
    stage.network.restart_relay()
    stage.network.run(15.0)
    newcomer = stage.network.join(stage.host.session.code)
    stage.network.run(2.0)

    assert stage.host.events_of(PeerLeft) == []
    assert texts(again, PeerId(1)) == [b"new 0"]
    assert_both_hear_each_other(stage, newcomer, again)


def test_member_that_was_restarted_together_with_the_relay_is_told_of() -> None:
    """RES-13, ROOM-6: the relay has no history of the peer, but its count."""
    stage = Stage()
    stage.host.try_post(OLD, CLIENT, Mode.RELIABLE)
    stage.network.run(6.0)
    stage.crash(stage.client)
    stage.network.restart_relay()
    again = stage.restart(stage.client)
    stage.network.run(15.0)

    assert stage.host.events_of(PeerLeft) == RESTARTED[:1]
    assert_both_hear_each_other(stage, stage.host, again)


def test_sixty_four_restarts_are_as_none_at_all() -> None:
    """DEL-21: six bits, with time enough in between."""
    stage = Stage(PERFECT)
    member = stage.client
    for _ in range(64):
        stage.crash(member)
        stage.network.run(1.0)
        member = stage.restart(member)
        stage.network.run(1.0)

    assert stage.host.events_of(PeerLeft, PeerJoined) == 64 * RESTARTED
    assert_both_hear_each_other(stage, stage.host, member)
    sent = stage.frames_of(stage.host, lambda frame: bool(frame.messages))
    assert [decode_frames(data[6:]).generation for data in sent][-1] == 0
