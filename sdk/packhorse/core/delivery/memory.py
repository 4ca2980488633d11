"""What unfinished and early messages may take: each peer its share, within one for all."""

from collections.abc import Callable

from packhorse.wire.constants import MESSAGE_COST, RECEIVE_WINDOW


class MemoryBudget:
    """Bytes, perhaps within a larger budget; what is offered in it gives way to what must stay."""

    __slots__ = ("_limit", "_offers", "_whole", "used")

    def __init__(self, limit: int, whole: "MemoryBudget | None" = None) -> None:
        self._limit = limit
        self._whole = whole
        self._offers: dict[object, Callable[[], None]] = {}  # oldest first
        self.used = 0

    def acquire(self, size: int, *, displaces: bool = False) -> bool:
        """Take `size` bytes; False when they are not there.

        Args:
            size: Bytes.
            displaces: What was offered gives way.
        """
        if displaces:
            self._make_place(size)
        if self.used + size > self._limit:
            return False
        if self._whole is not None and not self._whole.acquire(size, displaces=displaces):
            return False
        self.used += size
        return True

    def release(self, size: int) -> None:
        """Give back `size` bytes."""
        self.used -= size
        if self._whole is not None:
            self._whole.release(size)

    def offer(self, key: object, give_up: Callable[[], None]) -> None:
        """Say how to get memory back when all is used up; `give_up` withdraws the offer."""
        if self._whole is None:
            self._offers[key] = give_up
        else:
            self._whole.offer(key, give_up)

    def withdraw(self, key: object) -> None:
        """Take an offer back; harmless when there is none."""
        if self._whole is None:
            self._offers.pop(key, None)
        else:
            self._whole.withdraw(key)

    def _make_place(self, size: int) -> None:
        while self._offers and self.used + size > self._limit:
            next(iter(self._offers.values()))()


class PeerMemory:
    """Two accounts of one peer: if tiny messages use theirs up, large ones still come through."""

    __slots__ = ("_is_reliable", "_messages", "_payload")

    def __init__(self, whole: MemoryBudget, *, is_reliable: bool) -> None:
        """Start with nothing taken.

        Args:
            whole: Of all peers.
            is_reliable: Reliable messages displace unreliable ones.
        """
        self._is_reliable = is_reliable
        self._payload = MemoryBudget(RECEIVE_WINDOW, whole)
        self._messages = MemoryBudget(RECEIVE_WINDOW, whole)

    def acquire(self, size: int, *, messages: int = 0) -> bool:
        """Take memory for `size` bytes of payload and so many messages, or nothing and False."""
        cost = messages * MESSAGE_COST
        if not self._messages.acquire(cost, displaces=self._is_reliable):
            return False
        if self._payload.acquire(size, displaces=self._is_reliable):
            return True
        self._messages.release(cost)
        return False

    def release(self, size: int, *, messages: int = 0) -> None:
        """Give memory back."""
        self._payload.release(size)
        self._messages.release(messages * MESSAGE_COST)

    def offer(self, key: object, give_up: Callable[[], None]) -> None:
        """Offer what unreliable messages have taken, under a key of its own."""
        self._payload.offer(key, give_up)

    def withdraw(self, key: object) -> None:
        """Take an offer back; harmless when there is none."""
        self._payload.withdraw(key)
