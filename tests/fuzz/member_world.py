"""A member's session and a relay that has its key and says anything, driven by a script.

The one place that knows how `MemberSession` is made and what it may hold at most.
"""

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from packhorse.core.events import Closed, Message, PeerId
from packhorse.core.joining import CreateRoom, JoinRoom, ResumeSession, Wish
from packhorse.core.saved_session import SavedSession
from packhorse.wire import constants as c
from packhorse.wire import messages as m
from packhorse.wire.binding import epoch_key, grant_proof
from packhorse.wire.constants import FirstByte, Kind, MemberState, Mode
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.errors import LocalProtocolError
from packhorse.wire.fields import Sender
from packhorse.wire.frames import decode_frames
from packhorse.wire.header import decode_header, encode_header
from packhorse.wire.room_code import RoomCode
from packhorse.wire.seal import derive_keys
from tests.fuzz.oracles import advance, check, decoded
from tests.fuzz.script import Script
from tests.support.scripted_relay import COOKIE, GRANT, RELAY, ScriptedRelay, SealedSide

_WAITS: Final = (0.5, 1.0, 5.0, 16.0, 61.0, 301.0)  # seconds
_PEERS: Final = (1, 2, 3, 4, 1 << 20, c.FANOUT_BIT - 1)
_ELSEWHERE: Final = RELAY._replace(port=7000)
_RELAY_KEY: Final = derive_keys(GRANT.key).relay_to_member


class MemberWorld:
    """What a script can do to a member, and what must hold all the while."""

    def __init__(self, script: Script) -> None:
        options = script.number()
        grant = replace(
            GRANT,
            topology=options >> 1 & 1,
            max_datagram=256 if options & 4 else 1200,
            resume_ticket=b"ticket" if options & 8 else None,
        )
        self._relay = ScriptedRelay(_wish(options), grant)
        self._former = self._relay.sealed
        self._bind: m.Bind | None = None
        self._session = self._relay.session
        self._given: list[bytes] = []
        self._messages: list[Message] = []
        self._is_closed = False
        if options & 0x40:
            self._join()

    @property
    def steps(self) -> dict[str, Callable[[Script], None]]:
        """What a script can do, by name; append new ones, or the corpus means other things."""
        return {
            "raw": lambda script: self._give(script.blob()),
            "tick": lambda script: self._pass(script.number() / 64),
            "wait": lambda script: self._pass(script.pick(_WAITS)),
            "early": lambda _: self._session.handle_timeout(now=self._relay.now),
            "challenge": self._challenge,
            "grant": self._grant,
            "error": self._refuse,
            "body": self._give_body,
            "signed": self._give_signed,
            "roster": self._give_roster,
            "events": self._give_events,
            "pong": self._give_pong,
            "ack": lambda script: self._say(m.Ack(seq=1, request=script.number(), code=0)),
            "closed": lambda script: self._say(m.Closed(seq=1, code=script.number())),
            "path": lambda _: self._say(m.PathChallenge(seq=1, challenge=bytes(8))),
            "data": self._give_data,
            "again": self._give_again,
            "send": self._send,
            "kick": self._kick,
            "leave": lambda _: self._session.leave(now=self._relay.now),
            "measure": self._measure,
            "consume": self._consume,
            "foreign": self._give_foreign,
            "bind": self._ask_to_bind,
            "bound": self._grant_bind,
        }

    def finish(self) -> None:
        """See that a session whose relay has fallen silent ends."""
        for _ in range(4):
            self._pass(max(_WAITS))
        check(self._session.state is MemberState.CLOSED, "a session outlives its relay")
        check(self._is_closed, "a session ends without a word")

    # Steps.

    def _join(self) -> None:
        self._drain(self._relay.now)
        self._answer(m.Challenge(version=1, features=0, cookie=COOKIE))
        self._drain(self._relay.now)
        self._answer(self._relay.grant)
        self._give(self._relay.sealed.roster(self._relay.grant.rev, ((1, 0), (2, 0), (3, 0))))

    def _challenge(self, script: Script) -> None:
        self._answer(m.Challenge(version=1, features=script.number(4), cookie=COOKIE))

    def _grant(self, script: Script) -> None:
        features, code = script.number(4), script.pick(("K7QM2XPA", "", "K7QM-2XPA"))
        grant = replace(self._relay.grant, features=features, code=code)
        self._answer(grant)

    def _refuse(self, script: Script) -> None:
        code, wait_ms, word = script.number(), script.number(4), script.number()
        error = m.Error(code=code, retry_after_ms=wait_ms)
        transaction = self._relay.grant.session if word & 1 else self._relay.transaction
        self._give_encoded(lambda: encode_ctrl(error, transaction))

    def _give_body(self, script: Script) -> None:
        word = script.pick((self._relay.transaction, 0, self._relay.grant.session))
        self._give(encode_header(FirstByte.CTRL, 0, word) + script.blob())

    def _give_signed(self, script: Script) -> None:
        """Sign a body; a sequence number of its own would seldom be fresh."""
        header = encode_header(FirstByte.SEAL, GRANT.tag, GRANT.session)
        signed = header + script.blob()
        self._give(signed + hmac.digest(_RELAY_KEY, signed, "sha256")[: c.MAC_SIZE])

    def _give_roster(self, script: Script) -> None:
        rev, page, pages = script.number(), script.number() % 17, 1 + script.number() % 16
        peers = tuple(
            (script.pick(_PEERS), script.number() % 3) for _ in range(script.number() % 8)
        )
        self._say(m.Roster(seq=1, rev=rev, page=page, pages=pages, peers=peers))

    def _give_events(self, script: Script) -> None:
        events = tuple(
            (script.number(), script.number() % 6, script.pick(_PEERS), script.number())
            for _ in range(script.number() % 8)
        )
        self._say(m.Events(seq=1, events=events))

    def _give_pong(self, script: Script) -> None:
        ping, rev = script.number(), script.number()
        self._say(m.Pong(seq=1, ping=ping, rev=rev, mapped=GRANT.mapped))

    def _give_data(self, script: Script) -> None:
        first = script.pick((FirstByte.DATA, FirstByte.FRAME))
        source = script.pick(_PEERS) | script.pick((0, c.FANOUT_BIT))
        self._give(encode_header(first, GRANT.tag, source) + script.blob())

    def _give_again(self, script: Script) -> None:
        index, change, at = script.number(), script.number(), script.number(2)
        if self._given:
            data = bytearray(self._given[-1 - index % len(self._given)])
            if data:
                data[at % len(data)] ^= change
            self._give(bytes(data))

    def _give_foreign(self, script: Script) -> None:
        before = self._session.drops.total()
        self._session.receive_datagram(script.blob(), _ELSEWHERE, now=self._relay.now)
        check(self._session.drops.total() == before + 1, "a datagram from elsewhere counts")

    def _send(self, script: Script) -> None:
        to, mode, channel = script.number() - 128, script.pick(tuple(Mode)), script.number()
        data = bytes(script.number(2))
        with suppress(LocalProtocolError):
            plain = self._session.send(data, to=to, mode=mode, channel=channel, now=self._relay.now)
            check(plain is None or len(plain) <= self._relay.grant.max_datagram, "size of DATA")

    def _kick(self, script: Script) -> None:
        with suppress(LocalProtocolError):
            self._session.kick(PeerId(script.pick(_PEERS)), now=self._relay.now)

    def _measure(self, script: Script) -> None:
        with suppress(LocalProtocolError):
            self._session.ping_peer(PeerId(script.pick(_PEERS)), now=self._relay.now)

    def _consume(self, script: Script) -> None:
        if self._messages:
            index = script.number() % len(self._messages)
            self._session.consume(self._messages.pop(index))

    def _ask_to_bind(self, _script: Script) -> None:
        with suppress(LocalProtocolError):
            self._session.bind(now=self._relay.now)

    def _grant_bind(self, script: Script) -> None:
        """Answer the newest BIND; from then on both sides have the keys of the new epoch."""
        tag, is_forged = script.number(), script.number() & 1
        if self._bind is None:
            return
        share = bytes(32)
        key = epoch_key(GRANT.key, self._bind.nonce, share)
        grant = replace(self._relay.grant, key=share, tag=tag, features=0)
        grant = replace(grant, proof=bytes(16) if is_forged else grant_proof(key, grant))
        self._answer(grant)
        if self._session._membership and self._session._membership.grant.tag == tag:
            self._former = self._relay.sealed
            self._relay.sealed = SealedSide(replace(grant, key=key))

    # Parts of steps.

    def _answer(self, message: m.RelayCtrl) -> None:
        self._give_encoded(lambda: encode_ctrl(message, self._relay.transaction))

    def _say(self, message: m.RelaySeal) -> None:
        sealed = self._relay.sealed
        self._give_encoded(lambda: sealed.seal(replace(message, seq=sealed.take_seq())))

    def _give_encoded(self, encode: Callable[[], bytes]) -> None:
        """Give a message unless there is none with such values."""
        try:
            data = encode()
        except LocalProtocolError:
            return
        self._give(data)

    def _give(self, data: bytes) -> None:
        self._given.append(data)
        self._relay.give(data)
        self._take_events()

    def _pass(self, seconds: float) -> None:
        until = self._relay.now + seconds
        advance(self._session, self._drain, now=self._relay.now, until=until)
        self._relay.now = until
        self._take_events()

    def _drain(self, now: float) -> None:
        """Take what is sent: the relay must be able to read it."""
        self._relay.now = now
        for data in self._relay.sent():
            check(len(data) <= c.MAX_DATAGRAM, "size of a datagram")
            header = decode_header(data)
            if header.kind is Kind.CTRL:
                message = decode_ctrl(data, Sender.MEMBER, max_nodes=c.CTRL_MAX_NODES)
                self._bind = message if isinstance(message, m.Bind) else self._bind
            elif header.kind is Kind.SEAL:
                sides = (self._relay.sealed, self._former)
                opened = (decoded(lambda: side.open(data)) for side in sides)  # noqa: B023
                check(any(opened), "SEAL that the relay cannot read")
            elif header.kind is Kind.FRAME:
                decode_frames(data[c.HEADER_SIZE :])
                check(len(data) <= self._relay.grant.max_datagram, "size of FRAME")
        self._take_events()

    def _take_events(self) -> None:
        while (event := self._session.next_event()) is not None:
            check(not self._is_closed, "an event after the end")
            if isinstance(event, Message):
                self._messages.append(event)
            self._is_closed = isinstance(event, Closed)
        is_over = self._session.state is MemberState.CLOSED
        check(is_over == self._is_closed, "the state and the events differ")
        check(not is_over or self._session.next_timeout() is None, "a deadline after the end")
        self._check_inside()

    def _check_inside(self) -> None:
        membership = self._session._membership
        if membership is None:
            return
        mail = membership.mail
        check(len(mail._early._datagrams) <= c.EARLY_DATA, "early datagrams")
        check(0 <= mail._delivery._budget.used <= c.REASSEMBLY_TOTAL, "memory")
        check(set(mail._delivery._peers) <= set(membership.roster.peers), "state of strangers")


def _wish(options: int) -> Wish:
    if options & 0x10:
        return ResumeSession(SavedSession(GRANT.session, GRANT.key, 1200, b"ticket"))
    return JoinRoom(RoomCode("K7QM2XPA")) if options & 1 else CreateRoom()
