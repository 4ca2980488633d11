"""Tests of what fuzzing builds on: how bytes become choices, and that broken rules are seen."""

import pytest

from packhorse.core.delivery.hub import Delivery
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from packhorse_relay.core.approval import Approvals
from packhorse_relay.core.outbox import Outbox
from packhorse_relay.core.public_rooms import PublicRooms
from packhorse_relay.core.request import Request
from packhorse_relay.core.rooms import Session
from packhorse_relay.core.sealed import SealedRequests
from tests.fuzz import registry
from tests.fuzz.guarded_world import GuardedWorld
from tests.fuzz.member_world import MemberWorld
from tests.fuzz.oracles import BrokenRuleError, advance, check, decoded, settle
from tests.fuzz.relay_world import RelayWorld
from tests.fuzz.script import Script, blob, written
from tests.fuzz.targets import delivery_pair, header, multiplexer, relay


class Machine:
    """Has work at certain times; does all of it that is due, or none."""

    def __init__(self, *times: float, is_lazy: bool = False) -> None:
        self.times = list(times)
        self.handled: list[float] = []
        self._is_lazy = is_lazy

    def next_timeout(self) -> float | None:
        return min(self.times, default=None)

    def handle_timeout(self, *, now: float) -> None:
        self.handled.append(now)
        if not self._is_lazy:
            self.times = [time for time in self.times if time > now]


def refuse() -> None:
    raise ParseError(DropReason.BAD_FRAME)


def test_choices_are_read_as_they_were_written() -> None:
    script = Script(written(["one", "two"], "two", 7, b"x" * 600, b"hi"))

    assert [script.number(), script.number()] == [1, 7]
    assert [script.blob(), script.blob()] == [b"x" * 600, b"hi"]
    assert script.is_over


def test_used_up_script_makes_the_first_choice() -> None:
    script = Script(b"")

    assert (script.number(4), script.pick("ab"), script.blob()) == (0, "a", b"")


def test_script_that_is_cut_still_ends() -> None:
    taken: list[bytes] = []

    Script(blob(b"hello")[:3]).play({"take": lambda script: taken.append(script.blob())})

    assert taken == [b"e"]


def test_time_passes_from_deadline_to_deadline() -> None:
    machine = Machine(2.0, 1.0, 9.0)
    drained: list[float] = []

    advance(machine, drained.append, now=0.0, until=5.0)

    assert machine.handled == drained == [1.0, 2.0]


def test_machine_that_never_gets_on_is_seen() -> None:
    with pytest.raises(BrokenRuleError, match="stays in the past"):
        settle(Machine(1.0, is_lazy=True), lambda _now: None, now=2.0)


def test_refusal_is_an_answer_and_a_broken_rule_is_none() -> None:
    assert decoded(refuse) is None
    with pytest.raises(BrokenRuleError, match="rule"):
        decoded(lambda: check(False, "rule"))  # noqa: FBT003 - a condition


@pytest.mark.parametrize("name", registry.TARGETS)
def test_target_takes_the_empty_input(name: str) -> None:
    registry.load(name).run(b"")


def test_decoder_that_raises_another_error_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "decode_header", lambda data: data[99])

    with pytest.raises(IndexError):
        header.run(b"\xa4")


def test_answer_larger_than_the_question_of_a_stranger_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """JOIN-2."""

    def reply(
        self: Outbox, _reply: bytes, request: bytes, address: TransportAddress, **_: float
    ) -> bool:
        self._datagrams.append((request + b"x", address))
        return True

    monkeypatch.setattr(Outbox, "try_reply_unproven", reply)
    steps = list(RelayWorld(Script(b"")).steps)

    with pytest.raises(BrokenRuleError, match="more bytes to a stranger"):
        relay.run(b"\0" + written(steps, "raw", b"\xa4\0\0\0\0\1hello", 0))


def test_move_without_a_proof_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH-1."""

    def move(self: SealedRequests, session: Session, _message: object, request: Request) -> None:
        self._registry.table.move(session.endpoint, request.source)

    monkeypatch.setattr(SealedRequests, "_check_path", move)
    steps = list(RelayWorld(Script(b"")).steps)

    with pytest.raises(BrokenRuleError, match="stranger"):
        relay.run(b"\x40" + written(steps, "ping", 1, 0x83, "data", 0, 0, 200, 0, 9, 0, 0))


def test_listed_room_that_is_over_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """ADM-10."""
    monkeypatch.setattr(PublicRooms, "remove", lambda *_: None)
    steps = list(GuardedWorld(Script(b"")).steps)

    with pytest.raises(BrokenRuleError, match="listed"):
        relay.run(b"\x40" + written(steps, "change", 16, 8, 0, 0, "leave", 0, 0))


def test_request_to_join_that_is_kept_for_ever_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """ADM-9."""
    monkeypatch.setattr(Approvals, "next_timeout", lambda _: None)
    monkeypatch.setattr(Approvals, "handle_timeout", lambda *_, **__: None)
    steps = list(GuardedWorld(Script(b"")).steps)
    knock = ("change", 8, 4, 0, 0, "hello", 5, 9, "knock", 5, 9, 0, 0)

    with pytest.raises(BrokenRuleError, match="a request outlives its room"):
        relay.run(b"\x42" + written(steps, *knock))


def test_scripts_reach_rooms_and_members() -> None:
    assert RelayWorld(Script(b"\x40"))._rig.core.session_count == 3
    assert MemberWorld(Script(b"\x40"))._session.stage.value == "connected"


def test_messages_in_the_wrong_order_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = Delivery.receive
    monkeypatch.setattr(Delivery, "receive", lambda *args, **named: receive(*args, **named)[::-1])
    push = ("push", 0, 2, 0, 0)
    steps = list(delivery_pair.World(Script(b"")).steps)

    with pytest.raises(BrokenRuleError, match="order"):
        delivery_pair.run(written(steps, *push, *push, "deliver", 1, 1, "deliver", 1, 0))


def test_window_that_is_not_given_back_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(multiplexer, "GROWTH_BUDGET", 1)

    with pytest.raises(BrokenRuleError, match="growth"):
        multiplexer.run(b"\0")
