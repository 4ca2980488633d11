"""A session that writes down all it is given and all it answers, for another implementation."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from packhorse.core import events
from packhorse.core.direct.attachment import Part
from packhorse.core.direct.channel import DirectDatagram
from packhorse.core.joining import FindRooms, JoinRoom, ResumeSession, Wish
from packhorse.core.room_change import RoomChange
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import Mode
from packhorse.wire.errors import (
    LocalProtocolError,
    PackhorseError,
    RelayRefusedError,
    SessionClosedByError,
)

Step = dict[str, Any]
_NAMES: dict[type, str] = {
    events.Joined: "JOINED",
    events.SessionLost: "SESSION_LOST",
    events.SessionResumed: "SESSION_RESUMED",
    events.RelayDraining: "RELAY_DRAINING",
    events.Limited: "LIMITED",
    events.PeerJoined: "PEER_JOINED",
    events.PeerLost: "PEER_LOST",
    events.PeerFound: "PEER_FOUND",
    events.PeerLeft: "PEER_LEFT",
    events.Message: "MESSAGE",
    events.RequestEnded: "REQUEST_ENDED",
    events.StageChanged: "STAGE_CHANGED",
    events.JoinRequested: "JOIN_REQUESTED",
    events.PeerPathChanged: "PEER_PATH_CHANGED",
    events.Closed: "CLOSED",
}
EVENT_NAMES = frozenset(_NAMES.values())
NO_ANSWER = -1  # code of the addon for a request or an attempt that was not answered


class RecordedSession(MemberSession):
    """Behaves as its base; `record` has the wish, the random bytes, and every step.

    Floats are written as the hex of their 8 bytes, so that none is rounded on the way.
    """

    def __init__(
        self,
        wish: Wish,
        relay: TransportAddress,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
    ) -> None:
        """Start recording."""
        self._steps: list[Step] = []
        self._random: list[str] = []
        self.record: dict[str, Any] = {
            "wish": _wish(wish),
            "now": _exact(now),
            "random": self._random,
            "steps": self._steps,
        }

        def recorded_random_bytes(count: int) -> bytes:
            drawn = random_bytes(count)
            self._random.append(drawn.hex())
            return drawn

        super().__init__(wish, relay, recorded_random_bytes, now=now)

    def encode_data(self, data: bytes, to: int) -> bytes:
        step = self._start("data", data=data.hex(), to=to, result="")
        datagram = super().encode_data(data, to)
        step["result"] = datagram.hex()
        return datagram

    def send(self, data: bytes, *, to: int, mode: Mode, channel: int, now: float) -> bytes | None:
        step = self._start("send", now=_exact(now), data=data.hex(), to=to, result="")
        datagram = super().send(data, to=to, mode=mode, channel=channel, now=now)
        step["result"] = "" if datagram is None else datagram.hex()
        return datagram

    def seek_direct_paths(
        self, candidates: Sequence[Candidate], *, shares_socket: bool, part: Part = None, now: float
    ) -> None:
        assert part is None  # scripts take none
        found = {str(address): int(kind) for kind, address in candidates}
        self._start("seek", now=_exact(now), found=found, shares_socket=shares_socket)
        super().seek_direct_paths(candidates, shares_socket=shares_socket, now=now)

    def direct_datagrams_to_send(self) -> list[DirectDatagram]:
        sent = super().direct_datagrams_to_send()
        if sent:
            step = self._start("send_directly")
            step["direct"] = [[str(each.address), each.data.hex()] for each in sent]
        return sent

    def kick(self, peer: events.PeerId, *, ban: bool = False, now: float) -> int:
        self._start("kick", now=_exact(now), peer=peer, ban=ban)
        return super().kick(peer, ban=ban, now=now)

    def set_room(self, change: RoomChange, *, now: float) -> int:
        self._start("set_room", now=_exact(now), change=_change(change))
        return super().set_room(change, now=now)

    def decide(self, request: int, *, admit: bool, now: float) -> int:
        self._start("decide", now=_exact(now), request=request, admit=admit)
        return super().decide(request, admit=admit, now=now)

    def bind(self, *, now: float) -> None:
        self._start("bind", now=_exact(now))
        super().bind(now=now)

    def leave(self, *, now: float) -> None:
        self._start("leave", now=_exact(now))
        super().leave(now=now)

    def receive_datagram(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        where = "" if source[:2] == self._relay[:2] else str(source)
        self._start("receive", now=_exact(now), data=data.hex(), source=where)
        super().receive_datagram(data, source, now=now)

    def handle_timeout(self, *, now: float) -> None:
        self._start("timeout", now=_exact(now))
        super().handle_timeout(now=now)

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        sent = super().datagrams_to_send()
        step = self._steps[-1]
        step["sent"] += [datagram.hex() for datagram, _ in sent]
        timeout = super().next_timeout()
        step["next"] = None if timeout is None else _exact(timeout)
        step["state"] = self.state.value
        step["drops"] = {reason.value: count for reason, count in self.drops.items()}
        return sent

    def next_event(self) -> events.Event | None:
        event = super().next_event()
        if event is not None:
            self._steps[-1]["events"].append(_event(event))
        return event

    def _start(self, operation: str, **arguments: object) -> Step:
        self._steps.append({"do": operation, **arguments, "sent": [], "events": []})
        return self._steps[-1]


def try_data(session: MemberSession, data: bytes, to: int) -> bytes | None:
    """Encode data; None where the session refuses."""
    try:
        return session.encode_data(data, to)
    except LocalProtocolError:
        return None


def _exact(number: float) -> str:
    return struct.pack("<d", number).hex()


def _wish(wish: Wish) -> dict[str, Any]:
    assert not isinstance(wish, FindRooms), "no recording lists rooms"
    if isinstance(wish, ResumeSession):
        return {"saved": wish.saved.to_text(), "restarted": wish.is_restarted}
    access = {
        "ticket": (wish.access._ticket or b"").hex(),
        "access_key": (wish.access._key or b"").hex(),
    }
    if isinstance(wish, JoinRoom):
        return {
            "code": wish.code,
            "name": wish.name,
            "password_key": (wish.password_key or b"").hex(),
            **access,
        }
    return {
        "topology": int(wish.topology),
        "max_peers": wish.max_peers or 0,
        "locked": wish.locked,
        **access,
    }


def _change(change: RoomChange) -> dict[str, Any]:
    """Return what is changed; what is not is -1, as in the addon."""
    return {
        "topology": -1 if change.topology is None else int(change.topology),
        "max_peers": -1 if change.max_peers is None else change.max_peers,
        "listed": -1 if change.listed is None else int(change.listed),
        "metadata": None if change.metadata is None else change.metadata.hex(),
        "approval": -1 if change.approval is None else int(change.approval),
        "locked": -1 if change.locked is None else int(change.locked),
        "password_key": (change.password_key or b"").hex(),
        "removes_password": change.password_key == b"",
    }


def _event(event: events.Event) -> list[Any]:  # noqa: C901, PLR0911 - one for each kind
    match event:
        case events.Message(data, source):
            return [_NAMES[events.Message], source, data.hex()]
        case events.PeerLeft(peer, code):
            return [_NAMES[events.PeerLeft], peer, code]
        case events.PeerJoined(peer) | events.PeerLost(peer) | events.PeerFound(peer):
            return [_NAMES[type(event)], peer]
        case events.RequestEnded(request, code):
            return [_NAMES[events.RequestEnded], request, NO_ANSWER if code is None else code]
        case events.StageChanged(stage):
            return [_NAMES[events.StageChanged], stage.name]
        case events.Closed(error):
            return [_NAMES[events.Closed], 0 if error is None else _code(error)]
        case events.Joined() | events.SessionLost() | events.SessionResumed():
            return [_NAMES[type(event)]]
        case events.JoinRequested(request, name):
            return [_NAMES[events.JoinRequested], request, name]
        case events.RelayDraining(seconds):
            return [_NAMES[events.RelayDraining], _exact(seconds)]
        case events.Limited(octets, datagrams, dropped):
            return [_NAMES[events.Limited], octets, datagrams, dropped]
        case events.PeerPathChanged(peer, address):
            return [_NAMES[events.PeerPathChanged], peer, "" if address is None else str(address)]
        case events.PingAnswered() | events.PathChanged():
            raise AssertionError("no recording pings a peer")


def _code(error: PackhorseError) -> int:
    if isinstance(error, RelayRefusedError | SessionClosedByError):
        return int(error.code)
    return NO_ANSWER
