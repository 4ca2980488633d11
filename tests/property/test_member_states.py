"""What a member does with each message in each state, as SPEC.md section 5.7 has it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

import protocol_spec
from packhorse.core.events import PeerId
from packhorse.core.joining import JoinRoom
from packhorse.wire.constants import ErrorCode, FirstByte, MemberState
from packhorse.wire.ctrl import encode_ctrl
from packhorse.wire.header import encode_header
from packhorse.wire.messages import (
    Ack,
    Challenge,
    Closed,
    Drain,
    Error,
    JoinRequest,
    Limited,
    Nudge,
    PathChallenge,
    Pending,
    Pong,
    RelayCtrl,
    RelaySeal,
    RoomList,
    Signaled,
)
from packhorse.wire.room_code import RoomCode
from tests.support.scripted_relay import COOKIE, GRANT, ScriptedRelay

SPEC = Path(protocol_spec.__file__).with_name("SPEC.md").read_text("utf-8")
STATES = [state.name for state in MemberState]
Make = Callable[[ScriptedRelay, int], bytes]


def cells() -> Iterator[tuple[str, str, str]]:
    """Yield message, state and what the table says."""
    section = SPEC.split("### 5.7")[1].split("### 5.8")[0]
    for row in re.findall(r"^\| ([A-Z_]+)[ ¹²³⁴⁵]* \| (.*) \|$", section, re.MULTILINE):
        for state, cell in zip(STATES, row[1].split(" | "), strict=True):
            yield row[0], state, cell


TABLE = list(cells())


def challenge(relay: ScriptedRelay, _: int) -> bytes:
    return encode_ctrl(Challenge(version=1, features=0, cookie=COOKIE), relay.transaction)


def error(relay: ScriptedRelay, _: int) -> bytes:
    return encode_ctrl(Error(code=ErrorCode.NOT_ALLOWED), relay.transaction)


def path_challenge(relay: ScriptedRelay, _: int) -> bytes:
    seq = relay.sealed.take_seq()
    return relay.sealed.seal(PathChallenge(seq=seq, challenge=bytes(8)))


def pong(relay: ScriptedRelay, _: int) -> bytes:
    seq = relay.sealed.take_seq()
    return relay.sealed.seal(Pong(seq=seq, ping=1, rev=2, mapped=GRANT.mapped))


MAKE: dict[str, Make] = {
    "CHALLENGE": challenge,
    "GRANT": lambda relay, _: encode_ctrl(GRANT, relay.transaction),
    "ERROR": error,
    "NUDGE": lambda _relay, _request: encode_ctrl(Nudge(), 0),
    "PENDING": lambda relay, _: encode_ctrl(Pending(), relay.transaction),
    "ROOM_LIST": lambda relay, _: encode_ctrl(RoomList(rooms=b"", more=False), relay.transaction),
    "PONG": pong,
    "JOIN_REQUEST": lambda relay, _: relay.sealed.seal(
        JoinRequest(seq=relay.sealed.take_seq(), request=1, name="")
    ),
    "LIMITED": lambda relay, _: relay.sealed.seal(
        Limited(seq=relay.sealed.take_seq(), bytes_per_second=1, datagrams_per_second=1, dropped=1)
    ),
    "SIGNALED": lambda relay, _: relay.sealed.seal(
        Signaled(seq=relay.sealed.take_seq(), peer=1, data=b"")
    ),
    "DRAIN": lambda relay, _: relay.sealed.seal(Drain(seq=relay.sealed.take_seq(), deadline_ms=1)),
    "EVENTS": lambda relay, _: relay.sealed.events((3, 1, 3, 0)),
    "ROSTER": lambda relay, _: relay.sealed.roster(),
    "PATH_CHALLENGE": path_challenge,
    "ACK": lambda relay, request: relay.sealed.seal(
        Ack(seq=relay.sealed.take_seq(), request=request, code=0)
    ),
    "CLOSED": lambda relay, _: relay.sealed.seal(Closed(seq=relay.sealed.take_seq(), code=0)),
    "DATA": lambda relay, _: relay.sealed.data(b"x", 1),
    "FRAME": lambda _relay, _request: encode_header(FirstByte.FRAME, GRANT.tag, 1) + bytes(3),
}


def member_in(state: str) -> tuple[ScriptedRelay, int]:
    """Return a member in a state, and the number of its open request, or any."""
    relay = ScriptedRelay(JoinRoom(RoomCode(GRANT.code)))
    if state == "GREETING":
        relay.sent()
        return relay, 1
    relay.challenge()
    relay.sent()
    if state == "JOINING":
        return relay, 1
    relay.answer(GRANT)
    relay.give(relay.sealed.roster())
    relay.sent()
    request = relay.session.kick(PeerId(1 << 20), now=relay.now) if state == "JOINED" else 1
    if state in {"LEAVING", "CLOSED"}:
        relay.session.leave(now=relay.now)
        request = relay.said()[-1].seq
    if state == "CLOSED":
        relay.give(MAKE["ACK"](relay, request))
    return relay, request


def test_table_has_every_message_of_the_relay() -> None:
    messages = {kind.TYPE.name for kind in (*get_args(RelayCtrl), *get_args(RelaySeal))}

    assert {message for message, _, _ in TABLE} == messages | {"DATA", "FRAME"}


@pytest.mark.parametrize(("message", "state", "cell"), TABLE)
def test_member_does_with_a_message_what_the_table_says(
    message: str, state: str, cell: str
) -> None:
    relay, request = member_in(state)
    assert relay.session.state.name == state
    before = relay.session.drops.copy()

    relay.give(MAKE[message](relay, request))

    drops = [reason.value for reason in relay.session.drops - before]
    assert drops == ([cell.strip("`")] if "`" in cell else [])
    assert relay.session.state.name == (cell[2:] if cell.startswith("→") else state)
