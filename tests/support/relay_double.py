"""A relay core with the face that the admin listener sees."""

from collections import Counter
from collections.abc import Collection

from packhorse.aio.udp import SocketAddress
from packhorse.wire.constants import DropReason
from packhorse_relay.admin.status import Identity
from packhorse_relay.core.connections import ConnectionEnd
from packhorse_relay.core.rooms import Room
from packhorse_relay.core.settings import Settings
from tests.support.relay_harness import Rig

IDENTITY = Identity("1.2.3", "portable", legacy=False, started_at=1000.0)


class CoreAsRelay:
    """What a server shows of its core."""

    def __init__(self, rig: Rig, settings: Settings | None = None) -> None:
        self.rig = rig
        self.settings = settings or Settings()

    addresses: list[SocketAddress] = [("192.0.2.1", 6969), ("::", 6969)]  # noqa: RUF012 - constant

    @property
    def drops(self) -> Counter[DropReason]:
        return self.rig.core.drops

    @property
    def datagrams_forwarded(self) -> int:
        return self.rig.core.datagrams_forwarded

    @property
    def rooms(self) -> Collection[Room]:
        return self.rig.core.rooms

    websocket_scheme = "ws"
    websocket_count = 3

    @property
    def websocket_ends(self) -> Counter[ConnectionEnd]:
        return Counter({ConnectionEnd.STALLED: 2})

    @property
    def room_count(self) -> int:
        return self.rig.core.room_count

    @property
    def session_count(self) -> int:
        return self.rig.core.session_count
