"""What the host of a room asks of the relay, and says again to one that has forgotten it."""

from collections.abc import Callable

from packhorse.core.events import PeerId
from packhorse.core.join_requests import JoinRequests
from packhorse.core.kick_list import KickList
from packhorse.core.requests import Requests
from packhorse.core.room_change import RoomChange
from packhorse.core.room_memory import RoomMemory
from packhorse.core.seal_channel import SealChannel
from packhorse.wire.constants import NONCE_SIZE, Topology
from packhorse.wire.messages import Admit, Kick


class HostRequests:
    """KICK, SET_ROOM and ADMIT; each method that sends returns the number of its request.

    Those of a member that is not the host are refused by the relay.
    """

    def __init__(
        self,
        channel: SealChannel,
        requests: Requests,
        session_key: bytes,
        random_bytes: Callable[[int], bytes],
        *,
        is_locked: bool | None,
    ) -> None:
        """Ask nothing yet.

        Args:
            channel: Numbers and seals the requests.
            requests: Sends them until they are answered.
            session_key: Of GRANT in answer to CREATE, 32 bytes.
            random_bytes: Returns as many bytes as asked for.
            is_locked: Whether the room was made locked; None where this is not known.
        """
        self._channel = channel
        self._requests = requests
        self._session_key = session_key
        self._random_bytes = random_bytes
        self._kicked = KickList()
        self._room = RoomMemory(is_locked=is_locked)
        self._join_requests = JoinRequests()

    @property
    def topology(self) -> Topology | None:
        """What the topology was changed to since the last GRANT."""
        return self._room.topology

    @property
    def is_guarded(self) -> bool:
        """Tell whether not everybody may join, as far as this side knows."""
        return self._room.is_guarded

    def kick(self, peer: PeerId, *, ban: bool, now: float) -> int:
        """End a peer's session."""
        self._kicked.add(peer, ban=ban)
        return self._send_kick(peer, ban=ban, now=now)

    def set_room(self, change: RoomChange, *, now: float) -> int:
        """Change the room."""
        return self._send_change(change, is_own=False, now=now)

    def decide(self, request: int, *, admit: bool, now: float) -> int:
        """Admit or refuse somebody who waits."""
        seq = self._channel.take_seq()
        message = Admit(seq=seq, request=request, admit=admit)
        self._requests.open(seq, self._channel.encode(message), now=now)
        return seq

    def is_new(self, request: int) -> bool:
        """Tell whether a request to join is heard of for the first time."""
        return self._join_requests.is_new(request)

    def end(self, seq: int, code: int | None) -> bool:
        """Note how a request ended; True when it was not the application's."""
        is_change = self._room.close(seq, code)
        return self._kicked.end_request(seq) or is_change

    def begin_epoch(self) -> None:
        """Note that the relay may have forgotten everything."""
        self._kicked.begin_epoch()
        self._room.begin_epoch()

    def tell_again(self, *, now: float) -> None:
        """Tell a relay that has forgotten it what was done, once (SPEC.md section 8.7)."""
        if not self._room.is_told:
            self._join_requests = JoinRequests()  # such a relay numbers them anew
        for peer, ban in self._kicked.take_untold():
            self._kicked.note_request(self._send_kick(peer, ban=ban, now=now))
        for change in self._room.take_untold():
            self._send_change(change, is_own=True, now=now)

    def _send_kick(self, peer: PeerId, *, ban: bool, now: float) -> int:
        seq = self._channel.take_seq()
        message = Kick(seq=seq, peer=peer, ban=True if ban else None)
        self._requests.open(seq, self._channel.encode(message), now=now)
        return seq

    def _send_change(self, change: RoomChange, *, is_own: bool, now: float) -> int:
        seq = self._channel.take_seq()
        nonce = self._random_bytes(NONCE_SIZE) if change.password_key else b""
        message = change.message(seq, self._session_key, nonce)
        self._requests.open(seq, self._channel.encode(message), now=now)
        self._room.open(seq, change, is_own=is_own)
        return seq
