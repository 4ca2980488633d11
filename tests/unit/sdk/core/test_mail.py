"""Messages from and to the peers of the room."""

from collections import Counter
from dataclasses import replace

import pytest

from packhorse.core.events import Event, Message, PeerId, PeerJoined, PingAnswered
from packhorse.core.mail import Mail
from packhorse.core.roster import Roster
from packhorse.wire.constants import (
    EARLY_DATA,
    EARLY_DATA_LIFETIME,
    FANOUT_BIT,
    MAX_RELIABLE_MESSAGE,
    MAX_UNRELIABLE_MESSAGE,
    MESSAGE_COST,
    RECEIVE_WINDOW,
    DropReason,
    FirstByte,
    Kind,
    Mode,
    RoomEventKind,
    Topology,
)
from packhorse.wire.errors import LocalProtocolError, ParseError
from packhorse.wire.frames import decode_frames
from packhorse.wire.header import Header, decode_header
from packhorse.wire.messages import Grant
from tests.support.scripted_relay import GRANT

HOST, ME, BOB = PeerId(1), PeerId(2), PeerId(3)
LATER = PeerId(4)
STRANGER = PeerId(5)
FRAME_HI = bytes.fromhex("02 0000 40 0000 6869")


class Post:
    """Mail, and what it told."""

    def __init__(self, grant: Grant = GRANT) -> None:
        self.now = 0.0
        self.roster = Roster()
        self.events: list[Event] = []
        self.drops: Counter[DropReason] = Counter()
        self.mail = Mail(grant, self.roster, self.events.append, self.drops)
        for news in self.roster.apply_page(1, 0, 1, [(1, 0), (2, 0), (3, 0)]):
            if isinstance(news, PeerJoined) and news.peer != ME:
                self.mail.welcome(news, now=0.0)
                self.mail.note_told(news)

    def join(self, peer: PeerId) -> PeerJoined:
        """Let a peer join, of whom the application has not been told yet."""
        record = (self.roster.rev + 1, RoomEventKind.PEER_JOINED, peer, 0)
        (news,) = self.roster.apply_events([record])
        assert isinstance(news, PeerJoined)
        self.mail.welcome(news, now=0.0)
        return news

    def take(self, payload: bytes, source: int, kind: Kind = Kind.DATA) -> None:
        self.mail.receive(Header(kind, GRANT.tag, source), payload, now=self.now)

    def refusal(self, payload: bytes, source: int, kind: Kind = Kind.DATA) -> DropReason:
        with pytest.raises(ParseError) as caught:
            self.take(payload, source, kind)
        return caught.value.reason

    def push(self, data: bytes, to: int, mode: Mode, channel: int = 0) -> list[tuple[int, bytes]]:
        """Push a message; return destinations and payloads of what goes out."""
        self.mail.check(data, to, mode, channel)
        self.mail.push(data, to, mode, channel, now=0.0)
        datagrams = self.mail.datagrams_to_send(now=0.0)
        return [(decode_header(datagram).destination, datagram[6:]) for datagram in datagrams]


@pytest.mark.parametrize(
    ("mode", "size"),
    [
        (Mode.RELIABLE, MAX_RELIABLE_MESSAGE),
        (Mode.RELIABLE_UNORDERED, MAX_RELIABLE_MESSAGE),
        (Mode.UNRELIABLE, MAX_UNRELIABLE_MESSAGE),
        (Mode.UNRELIABLE_ORDERED, MAX_UNRELIABLE_MESSAGE),
    ],
)
def test_message_over_the_largest_size_is_refused(mode: Mode, size: int) -> None:
    mail = Post().mail

    mail.check(bytes(size), BOB, mode, 0)
    with pytest.raises(LocalProtocolError, match=f"message of {size + 1} bytes"):
        mail.check(bytes(size + 1), BOB, mode, 0)


def test_message_of_more_pieces_than_can_be_counted_is_refused() -> None:
    mail = Post(replace(GRANT, max_datagram=256)).mail

    mail.check(bytes(229 * 65535), BOB, Mode.RELIABLE, 0)
    with pytest.raises(LocalProtocolError, match="at most 15007515"):
        mail.check(bytes(229 * 65535 + 1), BOB, Mode.RELIABLE, 0)


@pytest.mark.parametrize("channel", [-1, 256])
def test_channel_out_of_range_is_refused(channel: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"channel {channel}"):
        Post().mail.check(b"", BOB, Mode.UNRELIABLE, channel)


@pytest.mark.parametrize("to", [2**31, -(2**31), ME])
def test_destination_that_cannot_be_named_is_refused(to: int) -> None:
    with pytest.raises(LocalProtocolError, match="cannot be addressed"):
        Post().mail.check(b"", to, Mode.UNRELIABLE, 0)


def test_reliable_message_to_a_stranger_is_refused_and_an_unreliable_one_goes_nowhere() -> None:
    post = Post()

    with pytest.raises(LocalProtocolError, match="peer 5 is not in the room"):
        post.mail.check(b"", STRANGER, Mode.RELIABLE, 0)

    assert post.push(b"x", STRANGER, Mode.UNRELIABLE, 1) == []


@pytest.mark.parametrize("to", [BOB, 0, -BOB])
def test_client_of_a_star_room_addresses_only_the_host(to: int) -> None:
    mail = Post(replace(GRANT, topology=Topology.STAR)).mail

    mail.check(b"", HOST, Mode.RELIABLE, 0)
    with pytest.raises(LocalProtocolError, match="only the host"):
        mail.check(b"", to, Mode.RELIABLE, 0)


def test_host_of_a_star_room_addresses_everybody() -> None:
    mail = Post(replace(GRANT, topology=Topology.STAR, peer=HOST)).mail

    for to in (ME, BOB, 0, -BOB):
        mail.check(b"", to, Mode.RELIABLE, 0)


@pytest.mark.parametrize(
    ("size", "mode", "channel", "is_plain"),
    [
        (1, Mode.UNRELIABLE, 0, True),
        (1194, Mode.UNRELIABLE, 0, True),
        (1195, Mode.UNRELIABLE, 0, False),
        (0, Mode.UNRELIABLE, 0, False),
        (1, Mode.UNRELIABLE, 1, False),
        (1, Mode.UNRELIABLE_ORDERED, 0, False),
        (1, Mode.RELIABLE, 0, False),
    ],
)
def test_only_what_needs_no_frame_is_plain(
    size: int, mode: Mode, channel: int, *, is_plain: bool
) -> None:
    assert Post().mail.is_plain(bytes(size), mode, channel) is is_plain


def test_plain_message_has_only_the_header() -> None:
    datagram = Post().mail.encode_plain(b"hi", -3)

    assert datagram == bytes([FirstByte.DATA, GRANT.tag]) + b"\xff\xff\xff\xfd" + b"hi"


def test_reliable_message_to_all_goes_to_each_of_the_others() -> None:
    post = Post()

    payloads = post.push(b"hi", 0, Mode.RELIABLE)

    assert payloads == [(HOST, FRAME_HI), (BOB, FRAME_HI)]


def test_reliable_message_to_all_but_one_leaves_it_out() -> None:
    assert [to for to, _ in Post().push(b"hi", -BOB, Mode.RELIABLE)] == [HOST]


def test_unreliable_message_to_several_goes_out_once() -> None:
    ((to, payload),) = Post().push(b"hi", -BOB, Mode.UNRELIABLE_ORDERED)

    assert to == -BOB
    assert not decode_frames(payload).asks_ack


def test_unreliable_message_to_one_peer_goes_to_it_alone() -> None:
    assert [to for to, _ in Post().push(b"hi", BOB, Mode.UNRELIABLE_ORDERED)] == [BOB]


def test_full_send_buffer_holds_back_reliable_messages_only() -> None:
    mail = Post().mail
    mail.push(bytes(256 * 1024), BOB, Mode.RELIABLE, 0, now=0.0)

    assert not mail.may_push(BOB, Mode.RELIABLE)
    assert not mail.may_push(0, Mode.RELIABLE_UNORDERED)
    assert mail.may_push(-BOB, Mode.RELIABLE)
    assert mail.may_push(HOST, Mode.RELIABLE)
    assert mail.may_push(BOB, Mode.UNRELIABLE)


def test_mail_is_idle_when_reliable_messages_have_arrived() -> None:
    post = Post()
    post.push(b"hi", BOB, Mode.RELIABLE)
    idle = [post.mail.is_idle]

    post.take(bytes.fromhex("01 0000 0000 00 00"), BOB, Kind.FRAME)

    assert [*idle, post.mail.is_idle] == [False, True]


def test_data_is_a_message() -> None:
    post = Post()

    post.take(b"hi", BOB)

    assert post.events == [Message(b"hi", BOB)]


def test_frames_are_messages_with_mode_and_channel() -> None:
    post = Post()

    post.take(bytes.fromhex("02 0000 48 07 0000 6869"), BOB, Kind.FRAME)
    post.take(bytes.fromhex("00 0000 20 0000 6869"), BOB | FANOUT_BIT, Kind.FRAME)

    assert post.events == [
        Message(b"hi", BOB, Mode.RELIABLE, 7),
        Message(b"hi", BOB, Mode.UNRELIABLE_ORDERED),
    ]


def test_frames_that_bring_nothing_are_refused_by_reason() -> None:
    post = Post()
    post.take(FRAME_HI, BOB, Kind.FRAME)

    assert post.refusal(FRAME_HI, BOB, Kind.FRAME) is DropReason.DUPLICATE_NUMBER
    assert post.refusal(FRAME_HI, BOB | FANOUT_BIT, Kind.FRAME) is DropReason.BAD_FRAME


def test_datagram_of_this_side_or_of_one_who_left_is_refused() -> None:
    post = Post()
    post.roster.apply_events([(2, RoomEventKind.PEER_LEFT, BOB, 0)])

    assert post.refusal(b"x", ME) is DropReason.UNKNOWN_PEER
    assert post.refusal(b"x", BOB) is DropReason.UNKNOWN_PEER
    assert post.events == []


def test_what_comes_before_the_news_of_a_peer_is_kept_for_it() -> None:
    post = Post()
    post.take(b"early", LATER)
    post.take(FRAME_HI, LATER, Kind.FRAME)
    assert post.events == []

    post.join(LATER)

    assert post.events == [Message(b"early", LATER), Message(b"hi", LATER, Mode.RELIABLE)]


def test_what_came_early_and_is_malformed_counts_as_dropped() -> None:
    post = Post()
    post.take(b"\xff", LATER, Kind.FRAME)

    post.join(LATER)

    assert post.drops == {DropReason.BAD_FRAME: 1}


def test_early_datagrams_are_bounded() -> None:
    post = Post()
    for _ in range(EARLY_DATA):
        post.take(b"x", LATER)

    assert post.refusal(b"x", LATER) is DropReason.BUFFER_FULL


def test_forged_early_data_keeps_a_peers_real_early_data_out_for_4_s_only() -> None:
    """64 datagrams with the right tag, of a peer that never comes."""
    post = Post()
    for _ in range(EARLY_DATA):
        post.take(b"forged", 9)
    post.now += EARLY_DATA_LIFETIME
    post.take(b"early", LATER)
    post.join(LATER)

    assert post.events == [Message(b"early", LATER)]
    assert post.drops == {DropReason.UNKNOWN_PEER: EARLY_DATA}


def test_early_datagrams_of_those_who_never_come_make_place() -> None:
    post = Post()
    for _ in range(EARLY_DATA):
        post.take(b"x", LATER)
    post.roster.apply_events([(2, RoomEventKind.PEER_JOINED, STRANGER, 0)])

    post.mail.discard_early()
    post.mail.discard_early()

    assert post.drops == {DropReason.UNKNOWN_PEER: EARLY_DATA}


def test_ping_is_answered_with_its_number() -> None:
    post = Post()
    ping = post.mail.ping(BOB, now=0.0)
    post.mail.datagrams_to_send(now=0.0)

    post.take(bytes.fromhex("01 0000 0000 00 00"), BOB, Kind.FRAME)

    assert post.events == [PingAnswered(ping, 0.0)]
    assert post.mail.statistics(BOB).rtt == 0.0


@pytest.mark.parametrize("peer", [ME + 10, STRANGER, 0])
def test_ping_to_a_stranger_is_refused(peer: int) -> None:
    with pytest.raises(LocalProtocolError, match="is not in the room"):
        Post().mail.ping(peer, now=0.0)


def test_ping_to_oneself_is_refused() -> None:
    """The relay would drop it, and no answer would ever come."""
    with pytest.raises(LocalProtocolError, match="peer 2 cannot be addressed"):
        Post().mail.ping(ME, now=0.0)


def test_consumed_messages_are_granted_anew() -> None:
    post = Post()
    post.take(FRAME_HI, BOB, Kind.FRAME)
    post.mail.datagrams_to_send(now=1.0)

    for _ in range(8):
        post.mail.consume(Message(bytes(RECEIVE_WINDOW // 64 - MESSAGE_COST), BOB, Mode.RELIABLE))

    (datagram,) = post.mail.datagrams_to_send(now=1.0)
    assert decode_frames(datagram[6:]).credit == RECEIVE_WINDOW * 9 // 8 // 1024


def test_peer_that_left_is_sent_nothing_any_more() -> None:
    post = Post()
    post.mail.push(b"hi", BOB, Mode.RELIABLE, 0, now=0.0)
    assert post.mail.next_timeout() is not None

    post.mail.forget(BOB)

    assert post.mail.next_timeout() is None
    assert post.mail.datagrams_to_send(now=0.0) == []


@pytest.mark.parametrize(
    ("to", "mode"),
    [(LATER, Mode.RELIABLE), (0, Mode.RELIABLE_UNORDERED), (LATER, Mode.UNRELIABLE_ORDERED)],
)
def test_frames_go_only_to_whom_the_application_has_been_told_of(to: int, mode: Mode) -> None:
    """Source: SPEC.md ROOM-5."""
    post = Post()
    news = post.join(LATER)
    before = post.push(b"not for it", to, mode)
    post.mail.note_told(news)
    after = post.push(b"for it", to, mode)

    assert LATER not in dict(before)
    (message,) = decode_frames(dict(after)[LATER]).messages
    assert (message.sequence, message.payload) == (0, b"for it")


def test_data_goes_only_to_whom_the_application_has_been_told_of() -> None:
    """Source: SPEC.md ROOM-5."""
    post = Post()
    news = post.join(LATER)
    before = post.mail.post_plain(b"not for it", LATER, now=0.0)
    post.mail.note_told(news)

    assert before is None
    assert post.mail.post_plain(b"for it", LATER, now=0.0) is not None
    assert post.mail.post_plain(b"to nobody", STRANGER, now=0.0) is None


def test_message_that_is_lost_goes_out_again() -> None:
    post = Post()
    post.push(b"hi", BOB, Mode.RELIABLE)
    assert post.mail.next_timeout() == 0.5

    (datagram,) = post.mail.datagrams_to_send(now=0.5)

    assert decode_header(datagram).destination == BOB
    assert decode_frames(datagram[6:]).messages[0].payload == b"hi"


def test_side_that_leaves_takes_nothing_in_and_sends_nothing() -> None:
    post = Post()
    post.mail.push(b"hi", BOB, Mode.RELIABLE, 0, now=0.0)

    post.mail.close()

    assert post.refusal(b"x", BOB) is DropReason.UNEXPECTED_MESSAGE
    assert post.mail.next_timeout() is None
    assert post.mail.datagrams_to_send(now=0.0) == []
