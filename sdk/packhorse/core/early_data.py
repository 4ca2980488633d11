"""Data of peers that the roster does not have yet: held back until they are announced."""

from collections.abc import Callable

from packhorse.core.events import Message, PeerId
from packhorse.wire.constants import EARLY_DATA


class EarlyData:
    """A bounded store; what comes when it is full is refused."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    def hold(self, message: Message) -> bool:
        """Keep a message; False when there is no place."""
        if len(self._messages) >= EARLY_DATA:
            return False
        self._messages.append(message)
        return True

    def release(self, peer: PeerId) -> list[Message]:
        """Hand out the messages of a peer that has been announced."""
        released = [message for message in self._messages if message.source == peer]
        if released:
            self._messages = [message for message in self._messages if message.source != peer]
        return released

    def discard(self, may_come: Callable[[PeerId], bool]) -> int:
        """Drop the messages of peers that cannot come any more; returns how many that were."""
        kept = [message for message in self._messages if may_come(message.source)]
        count = len(self._messages) - len(kept)
        self._messages = kept
        return count
