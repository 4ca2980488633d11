"""Asks the host which services it has, and tells the user what is missing.

Who wants one UDP service and nothing else does not ask: what it sends are plain datagrams,
which hosts of all kinds understand, and not all of them want to be asked. A host that has
no such service tells so by itself.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from packhorse.core.events import HOST, Event, PeerFound, PeerLost
from packhorse.middleman.notices import HostSilent, Notice
from packhorse.middleman.room_face import DeliveryRoom, RoomFace
from packhorse.middleman.services import CONTROL_CHANNEL, QUESTION, Wanted, decode_answer
from packhorse.wire.constants import Mode

_PLAIN: Final = Wanted(udp=1, tcp=0)
ANSWER_WITHIN: Final = 10.0  # seconds; then the user is told


class Question:
    """One question to the host; its first answer counts."""

    def __init__(self, wanted: Wanted, notify: Callable[[Notice], None]) -> None:
        """Ask nothing yet.

        Args:
            wanted: What the user wants.
            notify: Called with what is missing, or when the host does not answer.
        """
        self._wanted = wanted
        self._notify = notify
        self._timer: asyncio.TimerHandle | None = None
        self._is_paused = False
        self._is_answered = False

    def ask(self, room: RoomFace) -> None:
        """Ask the host of a room, unless nobody need or could answer."""
        if self._wanted != _PLAIN and isinstance(room, DeliveryRoom):
            room.try_send(QUESTION, to=HOST, mode=Mode.RELIABLE, channel=CONTROL_CHANNEL)
            self._await_answer()

    def watch(self, event: Event) -> None:
        """Blame nothing for a silence of which the relay has told; go on waiting after it."""
        match event:
            case PeerLost(peer) if peer == HOST and self._timer is not None:
                self.close()
                self._is_paused = True
            case PeerFound(peer) if peer == HOST and self._is_paused:
                self._is_paused = False
                self._await_answer()

    def answer(self, message: bytes) -> None:
        """Take in an answer; the first one counts.

        Raises:
            ParseError: It is no answer.
            ConfigurationError: The host offers nothing that is wanted.
        """
        offered = decode_answer(message)
        if self._is_answered:
            return
        self._is_answered = True
        self._is_paused = False
        self.close()
        self._wanted.require_any(offered)
        for notice in self._wanted.missing(offered):
            self._notify(notice)

    def close(self) -> None:
        """Await no answer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _await_answer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(ANSWER_WITHIN, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        self._notify(HostSilent())
