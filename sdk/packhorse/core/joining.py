"""From HELLO to GRANT: how a member gets its session."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypedDict

from packhorse.core.credentials import NO_ACCESS, Access
from packhorse.core.machine import MemberMachine
from packhorse.core.retransmission import GIVE_UP_AFTER, Polling, Retransmission
from packhorse.core.saved_session import SavedSession
from packhorse.core.stages import Stage
from packhorse.wire import constants as c
from packhorse.wire.binding import bind_proof, epoch_key, is_valid_grant
from packhorse.wire.constants import DropReason, ErrorCode, MemberCause, MemberState, Topology
from packhorse.wire.ctrl import encode_ctrl, encode_padded
from packhorse.wire.errors import (
    ConfigurationError,
    PackhorseError,
    ParseError,
    TransactionTimeoutError,
    refusal,
)
from packhorse.wire.messages import (
    Bind,
    Challenge,
    Create,
    Error,
    Grant,
    Hello,
    Join,
    ListRooms,
    Pending,
    RelayCtrl,
    RoomList,
)
from packhorse.wire.proofs import password_proof
from packhorse.wire.room_code import RoomCode, is_room_code
from packhorse.wire.room_list import ListedRoom, decode_listed

if TYPE_CHECKING:
    from packhorse.wire.msgpack_profile import Value

_FULL_SIZE_SENDS: Final = 2  # after so many unanswered sends, a smaller size is tried
_MOST_ROOMS: Final = 1024  # that are listed; no relay has more public ones
_MAX_GREETINGS: Final = 3  # cookies that may be refused before giving up


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRoom:
    """Ask for a new room."""

    topology: Topology = Topology.MESH
    max_peers: int | None = None
    """2..1024, host included; None takes the relay's default."""
    access: Access = NO_ACCESS
    locked: bool = False
    """Nobody is admitted until the host opens the room."""

    def __post_init__(self) -> None:
        """Refuse a size that CREATE cannot carry."""
        if self.max_peers is not None and not 2 <= self.max_peers <= c.MAX_PEERS_HARD:  # noqa: PLR2004
            raise ConfigurationError(
                f"max_peers is {self.max_peers}, must be 2..{c.MAX_PEERS_HARD}"
            )


@dataclass(frozen=True, slots=True)
class JoinRoom:
    """Ask to join the room with this code."""

    code: RoomCode
    access: Access = NO_ACCESS
    password_key: bytes | None = None
    """Key of the room's password, 32 bytes."""
    name: str = ""
    """Who asks, for hosts that decide; at most 64 bytes of UTF-8."""

    def proof(self, cookie: bytes) -> bytes | None:
        """Return the proof that the password is known, where one is."""
        return None if self.password_key is None else password_proof(self.password_key, cookie)


@dataclass(frozen=True, slots=True)
class FindRooms:
    """Ask for the public rooms."""

    access: Access = NO_ACCESS


@dataclass(frozen=True, slots=True)
class ResumeSession:
    """Ask to take up a session again."""

    saved: SavedSession
    is_restarted: bool = False
    """The program has forgotten what it and its peers had under way for each other."""
    is_guarded: bool = False
    """The host knows that not everybody may join its room."""


Wish = CreateRoom | JoinRoom | FindRooms | ResumeSession


class _Offer(TypedDict):
    """What every request before a session says: the cookie is made for it."""

    version_min: int
    version_max: int
    features: int
    nonce: bytes


class Joining:
    """The handshake; `grant` is set when it has succeeded, `error` when it has failed.

    After BIND `grant` has the key of the new epoch, and the datagram size agreed before.
    """

    def __init__(
        self,
        wish: Wish,
        machine: MemberMachine,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
    ) -> None:
        self._wish = wish
        self._machine = machine
        self._random_bytes = random_bytes
        self._features = c.KNOWN_FEATURES | 1 << self._pick(c.GREASE_FEATURE_BITS)
        self._grease: dict[int, Value] = {self._pick(c.GREASE_KEYS): self._draw_u32()}
        self._size = c.MAX_DATAGRAM_DEFAULT
        self._greetings = 0
        self._challenge: Challenge | None = None
        self.rooms: list[ListedRoom] = []
        """What `FindRooms` has found so far."""
        self.has_all_rooms = False
        self.grant: Grant | None = None
        self.error: PackhorseError | None = None
        self._greet(now)

    @property
    def stage(self) -> Stage:
        """What is being waited for."""
        if isinstance(self._schedule, Polling):
            return Stage.WAITING
        is_greeting = self._machine.state is MemberState.GREETING
        return Stage.REACHING if is_greeting else Stage.JOINING

    def next_timeout(self) -> float | None:
        """Return when a datagram is due or the wait is over."""
        is_over = self.grant is not None or self.error is not None or self.has_all_rooms
        return None if is_over else self._schedule.deadline

    def handle_timeout(self, *, now: float) -> list[bytes]:
        """Return the request when it is due; after the last wait set `error`."""
        deadline = self.next_timeout()
        if deadline is None or now < deadline:
            return []
        if self._schedule.is_exhausted:
            elapsed = now - self._schedule.started_at
            stage = self.stage.value
            self.error = TransactionTimeoutError(stage, self._schedule.sends, elapsed)
            return []
        if self._schedule.sends >= _FULL_SIZE_SENDS:
            self._size = c.MAX_DATAGRAM_FALLBACK
        self._schedule.count_send(now=now)
        return [self._request()]

    def receive(self, message: RelayCtrl, transaction: int, *, now: float) -> None:
        """Take in an answer of the relay.

        Raises:
            ParseError: It answers nothing that is open.
        """
        if transaction != self._transaction or self.next_timeout() is None:
            raise ParseError(DropReason.UNKNOWN_TRANSACTION)
        match message:
            case Challenge() if self._challenge is None and self._is_acceptable(message):
                self._challenge = message
                self._machine.advance(MemberCause.CHALLENGED)
                self._start_request(now)
            case Grant() if self._challenge is not None and self._is_as_challenged(message):
                self._take_grant(message)
            case Pending() if isinstance(self._wish, JoinRoom) and self._challenge is not None:
                self._wait(now)
            case RoomList() if isinstance(self._wish, FindRooms) and self._challenge is not None:
                self._take_page(message, now)
            case Error():
                self._refused(message, now)
            case _:
                raise ParseError(DropReason.UNEXPECTED_MESSAGE)

    @property
    def saved(self) -> SavedSession:
        """What it takes to take up again the session of `grant`, which must be set."""
        grant = self.grant
        if grant is None:  # pragma: no cover - the caller has looked
            raise AssertionError
        key = self._wish.saved.key if isinstance(self._wish, ResumeSession) else grant.key
        return SavedSession(grant.session, key, grant.max_datagram, grant.resume_ticket)

    @property
    def is_locked(self) -> bool | None:
        """Whether the room was made locked; None where this is not known."""
        return self._wish.locked if isinstance(self._wish, CreateRoom) else None

    def _take_grant(self, grant: Grant) -> None:
        if isinstance(self._wish, ResumeSession):
            saved = self._wish.saved
            epoch = epoch_key(saved.key, self._nonce, grant.key)
            if grant.session != saved.session or not is_valid_grant(grant, epoch):
                raise ParseError(DropReason.BAD_MAC)
            grant = replace(grant, key=epoch, max_datagram=saved.max_datagram)
        self.grant = grant

    def _greet(self, now: float) -> None:
        self._greetings += 1
        self._challenge = None
        self._nonce = self._random_bytes(c.NONCE_SIZE)
        self._start_request(now)

    def _start_request(self, now: float) -> None:
        self._transaction = self._draw_u32() or 1  # 0 is that of NUDGE
        self._schedule: Retransmission | Polling = Retransmission(now=now)

    def _take_page(self, page: RoomList, now: float) -> None:
        """Add a page of rooms; a relay whose pages do not go on is not asked for more."""
        found = decode_listed(page.rooms)
        codes = [room.code for room in found]
        if codes != sorted({*codes}) or (self.rooms and codes and codes[0] <= self.rooms[-1].code):
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)
        self.rooms += found
        if page.more and found and len(self.rooms) < _MOST_ROOMS:
            self._start_request(now)
        else:
            self.has_all_rooms = True

    def _wait(self, now: float) -> None:
        """The host has been asked: repeat JOIN in peace until it has decided."""
        if not isinstance(self._schedule, Polling):
            patience = c.APPROVAL + GIVE_UP_AFTER
            self._schedule = Polling(c.PENDING_REPEAT, patience, now=now)

    def _is_acceptable(self, challenge: Challenge) -> bool:
        is_offered = challenge.features & ~self._features == 0
        return challenge.version == c.WIRE_VERSION and is_offered

    def _is_as_challenged(self, grant: Grant) -> bool:
        challenge = self._challenge
        if challenge is None or not is_room_code(grant.code):
            return False
        return (grant.version, grant.features) == (challenge.version, challenge.features)

    def _refused(self, error: Error, now: float) -> None:
        is_stale = self._challenge is not None and error.code == ErrorCode.COOKIE_INVALID
        if is_stale and self._greetings < _MAX_GREETINGS:
            self._machine.advance(MemberCause.COOKIE_REFUSED)
            self._greet(now)
            return
        wait_ms = error.retry_after_ms
        retry_after = None if wait_ms is None else wait_ms / 1000
        self.error = refusal(error.code, self.stage.value, retry_after)

    def _request(self) -> bytes:
        if self._challenge is None:
            return encode_padded(self._hello(), self._transaction, self._size, self._grease)
        request = self._proven_request(self._challenge)
        return encode_ctrl(request, self._transaction, self._grease)

    def _proven_request(self, challenge: Challenge) -> Create | Join | ListRooms | Bind:
        if isinstance(self._wish, ResumeSession):
            return self._bind(challenge, self._wish)
        if isinstance(self._wish, FindRooms):
            return self._list(challenge, self._wish)
        return self._create_or_join(challenge, self._wish)

    def _bind(self, challenge: Challenge, wish: ResumeSession) -> Bind:
        bind = Bind(
            **self._offer(),
            cookie=challenge.cookie,
            max_datagram=wish.saved.max_datagram,
            session=wish.saved.session,
            resume_ticket=wish.saved.ticket,
            proof=b"",
            restarted=wish.is_restarted or None,
            guarded=wish.is_guarded or None,
        )
        return replace(bind, proof=bind_proof(wish.saved.key, bind))

    def _hello(self) -> Hello:
        return Hello(**self._offer())

    def _offer(self) -> _Offer:
        return _Offer(
            version_min=c.WIRE_VERSION,
            version_max=c.WIRE_VERSION,
            features=self._features,
            nonce=self._nonce,
        )

    def _list(self, challenge: Challenge, wish: FindRooms) -> ListRooms:
        return ListRooms(
            **self._offer(),
            cookie=challenge.cookie,
            max_datagram=self._size,
            after=self.rooms[-1].code if self.rooms else "",
            **wish.access.fields(challenge.cookie),
        )

    def _create_or_join(self, challenge: Challenge, wish: CreateRoom | JoinRoom) -> Create | Join:
        if isinstance(wish, JoinRoom):
            return Join(
                **self._offer(),
                cookie=challenge.cookie,
                max_datagram=self._size,
                code=wish.code,
                proof=wish.proof(challenge.cookie),
                name=wish.name or None,
                **wish.access.fields(challenge.cookie),
            )
        return Create(
            **self._offer(),
            cookie=challenge.cookie,
            max_datagram=self._size,
            topology=wish.topology,
            max_peers=wish.max_peers,
            locked=True if wish.locked else None,
            **wish.access.fields(challenge.cookie),
        )

    def _draw_u32(self) -> int:
        return int.from_bytes(self._random_bytes(4), "big")

    def _pick(self, bounds: tuple[int, int]) -> int:
        first, last = bounds
        return first + self._random_bytes(1)[0] % (last - first + 1)
