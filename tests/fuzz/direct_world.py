"""A member's direct paths among peers that know every key and say anything, driven by a script.

The one place that knows how `DirectPaths` is made and what it may hold and send at most.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Final

from packhorse.core.direct.channel import DirectChannel, DirectDatagram, DirectEnd
from packhorse.core.direct.direct_paths import DirectPaths
from packhorse.core.events import Event, PeerId, PeerPathChanged
from packhorse.wire import constants as c
from packhorse.wire import messages as m
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate, encode_candidates
from packhorse.wire.codec import decode_body, encode_body
from packhorse.wire.constants import BirthdayPart, CandidateKind, FirstByte
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.header import Header, decode_header, encode_header
from packhorse.wire.seal import decode_seal, encode_seal
from tests.fuzz.oracles import advance, check, decoded
from tests.fuzz.script import Script

OWN: Final = 3
PEERS: Final = (1, 2, 4, 9)
_RELAY: Final = TransportAddress("192.0.2.1", 6969)
_WAITS: Final = (0.05, 0.35, 1.0, 5.0, 16.0, 61.0)  # seconds
_LARGEST: Final = 1200
_SEEN: Final = TransportAddress("203.0.113.50", 7000)
"""Where the relay sees peers that it shows."""


def address_of(number: int) -> TransportAddress:
    """Return one of 64 addresses, some of which must never be sent to."""
    special = ("127.0.0.1", "224.0.0.1", "169.254.0.1", _RELAY.host)
    if number % 64 < len(special):
        return TransportAddress(special[number % 64], _RELAY.port)
    return TransportAddress("198.51.100.7", 1000 + number % 64)


class DirectWorld:
    """What a script can do to direct paths, and what must hold all the while."""

    def __init__(self, script: Script) -> None:
        random = Random(script.number())  # noqa: S311 - repeatable by design
        self._now = 100.0
        self._paths = DirectPaths(OWN, _LARGEST, random.randbytes, self._take_event, relay=_RELAY)
        self._told: dict[int, m.Offer] = {}  # by peer: the own newest offer
        self._ends: dict[int, DirectEnd] = {}
        self._seqs: dict[int, int] = {}
        self._learned: set[TransportAddress] = set()
        self._challenges: list[tuple[int, TransportAddress, m.Check]] = []
        self._answered: set[TransportAddress] = set()
        self._sent: list[bytes] = []
        self._unproven = 0
        self._part: BirthdayPart | None = None
        self._was_told_to_probe = False
        self._probes = 0
        self._offer(Script(b"\x05"))

    @property
    def steps(self) -> dict[str, Callable[[Script], None]]:
        """What a script can do, by name; append new ones, or the corpus means other things."""
        return {
            "tick": lambda script: self._pass(script.number() / 64),
            "wait": lambda script: self._pass(script.pick(_WAITS)),
            "welcome": lambda script: self._welcome(script.pick(PEERS)),
            "forget": lambda script: self._forget(script.pick(PEERS)),
            "offer": self._offer,
            "offered": self._hear_offer,
            "raw_signal": self._hear_signal,
            "raw_seal": self._hear_seal,
            "check": self._hear_check,
            "answer": self._answer,
            "guess": self._guess,
            "again": self._again,
            "data": self._hear_data,
            "post": self._post,
            "part": self._take_part,
        }

    def finish(self) -> None:
        """See that an address that is silent is not sent data for long."""
        self._pass(c.CONSENT_TIME + 1)
        paths = [self._paths.path(PeerId(peer)) for peer in PEERS]
        check(paths == [None] * len(PEERS), "a path outlives its peer")

    # Steps.

    def _welcome(self, peer: int) -> None:
        self._paths.welcome(PeerId(peer), now=self._now)
        self._drain(self._now)

    def _forget(self, peer: int) -> None:
        self._paths.forget(PeerId(peer))
        check(self._paths.path(PeerId(peer)) is None, "a path to nobody")

    def _offer(self, script: Script) -> None:
        ports = range(1, 1 + script.number() % 20)
        named = [TransportAddress("203.0.113.3", port) for port in ports]
        found = [Candidate(CandidateKind.HOST, each) for each in named]
        self._paths.offer(found, part=self._part, now=self._now)

    def _take_part(self, script: Script) -> None:
        self._part = script.pick((None, *BirthdayPart))
        self._was_told_to_probe |= self._part is not None
        self._offer(script)

    def _hear_offer(self, script: Script) -> None:
        peer, start, count, options = (script.number() for _ in range(4))
        sender = PEERS[peer % len(PEERS)]
        end = DirectEnd(7, 40 + (options & 1), bytes(15) + bytes([options & 1]))
        if options & 8 and sender in self._told:
            end = end._replace(connection=self._told[sender].connection)
        kind = CandidateKind(1 + count % 4)
        found = [Candidate(kind, address_of(start + each)) for each in range(count % 17)]
        self._ends[sender] = end
        offer = m.Offer(
            seq=max(1, script.number()),
            tag=end.tag,
            connection=end.connection,
            share=end.share,
            candidates=encode_candidates(found),
            heard=script.number(),
            attempt=options >> 4,
            ask=True if options & 4 else None,
            part=1 + (options >> 4) % 2 if options & 2 else None,
        )
        self._signal(sender, encode_body(offer), seen=_SEEN if options & 2 else None)

    def _hear_signal(self, script: Script) -> None:
        self._signal(script.pick(PEERS), script.blob())

    def _hear_seal(self, script: Script) -> None:
        peer, source = script.pick(PEERS), address_of(script.number())
        body = script.blob()
        told = self._told.get(peer)
        word = told.connection if told else 0
        data = encode_header(FirstByte.SEAL, told.tag if told else 0, word) + body
        self._seal(data, source)

    def _hear_check(self, script: Script) -> None:
        peer, source, size = script.pick(PEERS), address_of(script.number()), script.number()
        pad = bytes(size) if size else None
        message = m.Check(seq=self._take_seq(peer), challenge=bytes(8), pad=pad)
        known = set(self._learned)
        self._learned.add(source)  # what is acted upon is answered at once
        if not self._say(peer, message, source):
            self._learned = known

    def _answer(self, script: Script) -> None:
        """Answer a CHECK that was sent, the newest first, from where it went."""
        if self._challenges:
            peer, target, asked = script.pick(self._challenges[::-1])
            message = m.Checked(seq=self._take_seq(peer), challenge=asked.challenge)
            self._answered.add(target)
            self._say(peer, message, target)

    def _guess(self, script: Script) -> None:
        """Answer what was not asked there: nothing may be believed of that address."""
        peer, source = script.pick(PEERS), address_of(script.number())
        message = m.Checked(seq=self._take_seq(peer), challenge=script.rest()[:8].ljust(8, b"\0"))
        self._say(peer, message, source)

    def _again(self, script: Script) -> None:
        if self._sent:
            self._seal(script.pick(self._sent), address_of(script.number()))

    def _hear_data(self, script: Script) -> None:
        peer, source, tag = script.number(), address_of(script.number()), script.number()
        told = self._told.get(peer)
        header = decode_header(
            encode_header(FirstByte.DATA, told.tag if told else tag, peer) + b"x"
        )
        self._take_data(header, source)

    def _post(self, script: Script) -> None:
        to, start = script.number(), script.pick((FirstByte.DATA, FirstByte.FRAME))
        receivers = [to] if to else list(self._paths.peers)
        was_taken = self._paths.post(start, to, b"hello", receivers, now=self._now)
        reached = [self._paths.path(PeerId(peer)) for peer in receivers]
        check(not was_taken or None not in reached, "taken for a peer that is not reached")
        self._drain(self._now)

    # What goes in and out.

    def _take_data(self, header: Header, source: TransportAddress) -> None:
        def take() -> bool:
            self._paths.hear_data(header, source, now=self._now)
            return True

        is_heard = decoded(take)
        vouched = source in self._learned | self._answered
        check(is_heard is None or vouched, "data of an address that nobody vouched for")

    def _signal(self, peer: int, data: bytes, seen: TransportAddress | None = None) -> None:
        decoded(lambda: self._paths.receive_signal(peer, data, seen=seen, now=self._now))
        self._drain(self._now)

    def _say(self, peer: int, message: m.PeerSeal, source: TransportAddress) -> bool:
        """Sign a message with the key that both know; tell whether it was taken."""
        told, end = self._told.get(peer), self._ends.get(peer)
        if told is None or end is None:
            return False
        own = DirectEnd(told.tag, told.connection, told.share)
        channel = DirectChannel(end, own, is_lower=peer < OWN)
        data = encode_seal(message, told.connection, told.tag, channel._key)
        return self._seal(data, source)

    def _seal(self, data: bytes, source: TransportAddress) -> bool:
        word = int.from_bytes(data[2:6], "big")
        before = len(self._sent)
        try:
            self._paths.receive_seal(data, word, source, now=self._now)
        except ParseError:
            check(not self._paths.datagrams_to_send(), "an answer to what was refused")
            return False
        finally:
            self._check_tables()
        answers = self._paths.datagrams_to_send()
        for answer in answers:
            check(answer.address == source, "an answer to somebody else")
            is_proof = source in self._answered
            check(len(answer.data) <= len(data) or is_proof, "a larger answer to a stranger")
        self._note(answers)
        check(len(self._sent) - before <= 1, "more than one answer")
        return True

    def _drain(self, now: float) -> None:
        for peer, data in self._paths.signals_to_send(now=now):
            offer = decode_body(data, FirstByte.SEAL, Sender.PEER)
            if isinstance(offer, m.Offer):
                self._told[peer] = offer
        self._note(self._paths.datagrams_to_send())
        self._check_tables()

    def _note(self, datagrams: list[DirectDatagram]) -> None:
        for datagram in datagrams:
            self._sent.append(datagram.data)
            if datagram.data[0] == FirstByte.SEAL:
                self._note_seal(datagram)
            else:
                check(datagram.address in self._answered, "data to an address that never answered")

    def _note_seal(self, datagram: DirectDatagram) -> None:
        known = datagram.address in self._learned or datagram.address in self._answered
        is_named = datagram.address.host in {address_of(63).host, _SEEN.host}
        check(is_named or known, "a check to an address that must not be checked")
        for peer, end in self._ends.items():
            told = self._told.get(peer)
            if told is None:
                continue
            own = DirectEnd(told.tag, told.connection, told.share)
            key = _key_of(end, own, is_lower=peer < OWN)
            message = decoded(lambda key=key: decode_seal(datagram.data, key, Sender.PEER))  # type: ignore[misc]
            if isinstance(message, m.Check):
                self._note_check(peer, datagram, message)

    def _note_check(self, peer: int, datagram: DirectDatagram, message: m.Check) -> None:
        self._challenges.append((peer, datagram.address, replace(message, pad=None)))
        del self._challenges[:-32]
        if datagram.address in self._answered:
            return
        if datagram.address.host == _SEEN.host:
            self._note_probe(datagram)
            return
        self._unproven += 1
        budget = c.CHECK_BURST + (self._now - 99.0) * c.CHECK_RATE
        check(self._unproven <= budget, "too many checks to strangers")
        check(len(datagram.data) < 64, "a large check to a stranger")

    def _note_probe(self, datagram: DirectDatagram) -> None:
        self._probes += 1
        runs = 1 + (self._now - 99.0) // c.BIRTHDAY_PAUSE
        check(self._was_told_to_probe, "probes that nobody asked for")
        check(self._probes <= runs * c.BIRTHDAY_PROBES, "too many probes")
        check(len(datagram.data) < 64, "a large probe")

    def _check_tables(self) -> None:
        for peer in self._paths._peers.values():
            check(len(list(peer._remotes)) <= c.MAX_REMOTES, "too many addresses")
        check(len(self._paths._by_connection) == len(self._paths.peers), "lost connections")

    def _take_event(self, event: Event) -> None:
        check(isinstance(event, PeerPathChanged), "another event")
        if isinstance(event, PeerPathChanged):
            check(event.address in {None, *self._answered}, "a path to a stranger")

    def _take_seq(self, peer: int) -> int:
        self._seqs[peer] = self._seqs.get(peer, 0) + 1
        return self._seqs[peer]

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        advance(self._paths, self._turn, now=self._now, until=until)
        self._now = until

    def _turn(self, now: float) -> None:
        self._now = max(self._now, now)
        self._drain(now)


@lru_cache
def _key_of(end: DirectEnd, own: DirectEnd, *, is_lower: bool) -> bytes:
    return DirectChannel(end, own, is_lower=is_lower)._key
