"""What a host may do about its room, and what members say to one another through the relay."""

from collections.abc import Callable
from typing import Final

from packhorse.core.room_change import RoomChange
from packhorse.wire import constants as c
from packhorse.wire.constants import Topology
from packhorse.wire.messages import Signal
from tests.fuzz.oracles import check
from tests.fuzz.relay_world import RelayWorld
from tests.fuzz.script import Script
from tests.support.applicant import Applicant
from tests.support.relay_harness import RawMember

_LONGEST_SIGNAL: Final = 512  # bytes
_KEYS: Final = (bytes(32), b"k" * 32)
_GUESSES: Final = (None, *_KEYS)


class GuardedWorld(RelayWorld):
    """A relay whose rooms have doors, a place in the list and members that say SIGNAL."""

    @property
    def steps(self) -> dict[str, Callable[[Script], None]]:
        """What a script can do, by name; append new ones, or the corpus means other things."""
        return {
            **super().steps,
            "change": self._change_room,
            "knock": self._knock,
            "decide": self._decide,
            "list": self._ask_for_list,
            "signal": self._signal,
        }

    def finish(self) -> None:
        """See that nothing is left of doors either."""
        super().finish()
        core = self._rig.core
        check(len(core._approvals) == 0, "a request outlives its room")
        check(len(core._registry.public) == 0, "a room that is over is listed")

    # Steps.

    def _change_room(self, script: Script) -> None:
        change = _read_change(script)
        self._say(
            script,
            lambda member: member.seal(
                change.message(member._take_seq(), member.grant.key, bytes(16))
            ),
        )

    def _knock(self, script: Script) -> None:
        applicant, member = self._applicant(script), self._member(script)
        key = script.pick(_GUESSES)
        if member is not None:
            cookie = self._cookie_of(applicant)
            self._apply(applicant.join(cookie, member.code, password_key=key), applicant)

    def _decide(self, script: Script) -> None:
        request, admit = 1 + script.number() % 8, script.number() & 1
        self._say(script, lambda member: member.decide(request, admit=bool(admit)))

    def _ask_for_list(self, script: Script) -> None:
        applicant, member = self._applicant(script), self._member(script)
        after = member.code if member is not None and script.number() & 1 else ""
        self._give(applicant.list_rooms(self._cookie_of(applicant), after), applicant.address)

    def _signal(self, script: Script) -> None:
        peer, is_shown = 1 + script.number() % 8, script.number() & 1
        data = script.blob()[:_LONGEST_SIGNAL]
        self._say(script, lambda member: _signal_of(member, peer, data, is_shown=bool(is_shown)))

    # Parts of steps.

    def _cookie_of(self, applicant: Applicant) -> bytes:
        return self._cookies.get(applicant.address, bytes(c.COOKIE_SIZE))

    def _check_inside(self) -> None:
        super()._check_inside()
        core = self._rig.core
        public, approvals = core._registry.public, core._approvals
        check(public._codes == sorted(public._rooms), "order of the list")
        check(public._rooms.items() <= core._registry.rooms.items(), "a room of no one is listed")
        held = approvals._by_room.values()
        check(sum(map(len, held)) == len(approvals), "requests")
        check(all(0 < len(each) <= c.PENDING_PER_ROOM for each in held), "requests of a room")


def _signal_of(member: RawMember, peer: int, data: bytes, *, is_shown: bool) -> bytes:
    shown = True if is_shown else None
    return member.seal(Signal(seq=member._take_seq(), peer=peer, data=data, show=shown))


def _read_change(script: Script) -> RoomChange:
    which, how = script.number(), script.number()
    return RoomChange(
        topology=Topology(how & 1) if which & 1 else None,
        max_peers=2 + (how >> 4) if which & 2 else None,
        locked=bool(how & 2) if which & 4 else None,
        approval=bool(how & 4) if which & 8 else None,
        listed=bool(how & 8) if which & 16 else None,
        metadata=bytes(how) if which & 32 else None,
        password_key=(b"", *_KEYS)[how % 3] if which & 64 else None,
    )
