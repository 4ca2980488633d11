"""One TURN allocation over one transport: aioice's transactions, our framing and timers.

Needs the extra `packhorse[turn]`. Source: RFC 8656.
"""

import asyncio
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from aioice import stun
from aioice.turn import TurnClientMixin, TurnStreamMixin

from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import (
    PackhorseError,
    RemoteProtocolError,
    TransactionTimeoutError,
    TurnError,
)

if TYPE_CHECKING:
    from collections import Counter

UDP_PROTOCOL: Final = 17 << 24  # REQUESTED-TRANSPORT
FAMILIES: Final = {4: 1 << 24, 6: 2 << 24}  # REQUESTED-ADDRESS-FAMILY, RFC 8656 section 18.8
_FAMILY: Final = "REQUESTED-ADDRESS-FAMILY"
_FIRST_CHANNEL: Final = 0x4000
_LAST_CHANNEL: Final = 0x4FFF
_WRITE_LIMIT: Final = 256 * 1024  # bytes that wait in a stream; then datagrams are dropped
_HEADER: Final = struct.Struct(">HH")  # channel number, length
_MISMATCH: Final = 437  # the server has no allocation for us

stun.ATTRIBUTES_BY_NAME.setdefault(
    _FAMILY, (0x0017, _FAMILY, stun.pack_unsigned, stun.unpack_unsigned)
)

OnData = Callable[[bytes, TransportAddress], None]


class TurnDrop(StrEnum):
    """Why what came from a TURN server went no further."""

    MALFORMED = "malformed"
    UNKNOWN_CHANNEL = "unknown_channel"
    UNKNOWN_PEER = "unknown_peer"
    """Data of an address to which no pipe was opened."""
    UNKNOWN_TRANSACTION = "unknown_transaction"
    SEND_FAILED = "send_failed"
    """A datagram of ours for which the stream to the server had no place."""


class TurnClient(TurnClientMixin):
    """What UDP and streams have in common."""

    transport: Any

    def __init__(
        self,
        server: TransportAddress,
        username: str,
        password: str,
        lifetime: int,
        on_data: OnData,
        drops: "Counter[TurnDrop]",
    ) -> None:
        super().__init__((server.host, server.port), username, password, lifetime, 0)
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why the transport has ended."""
        self._on_data = on_data
        self._drops = drops
        self._channels: dict[int, TransportAddress] = {}
        self._bound: set[int] = set()
        self._numbers: dict[TransportAddress, int] = {}

    async def allocate(self, family: int | None) -> tuple[TransportAddress, TransportAddress]:
        """Ask for a relayed address; return it, and the own one as the server sees it.

        Raises:
            TurnError: The server refused.
            TransactionTimeoutError: It does not answer.
            RemoteProtocolError: Its answer makes no sense.
        """
        attributes: dict[str, Any] = {
            "LIFETIME": self.lifetime,
            "REQUESTED-TRANSPORT": UDP_PROTOCOL,
        }
        if family is not None:
            attributes[_FAMILY] = FAMILIES[family]
        answer = await self._ask(stun.Method.ALLOCATE, attributes, "allocating")
        relayed = answer.attributes.get("XOR-RELAYED-ADDRESS")
        mapped = answer.attributes.get("XOR-MAPPED-ADDRESS")
        if relayed is None or mapped is None:
            raise RemoteProtocolError("the TURN server's answer lacks an address")
        return TransportAddress(*relayed), TransportAddress(*mapped)

    async def refresh_allocation(self, lifetime: int | None = None) -> None:
        """Prove that the allocation lives, and let it live on; 0 seconds ends it.

        Raises:
            PackhorseError: As for `allocate`; a `TurnError` 437 says that it is gone.
        """
        wish = self.lifetime if lifetime is None else lifetime
        await self._ask(stun.Method.REFRESH, {"LIFETIME": wish}, "refreshing")

    async def bind_peer(self, peer: TransportAddress) -> None:
        """Let a peer in, or go on letting it in: permission and channel.

        Raises:
            PackhorseError: As for `allocate`; also when all 4096 channels are in use.
        """
        number = self._numbers.get(peer)
        if number is None:
            number = _FIRST_CHANNEL + len(self._numbers)
            if number > _LAST_CHANNEL:
                raise TurnError(508, "no channel is left", "a channel")
            self._numbers[peer] = number
            self._channels[number] = peer  # what comes may overtake the answer
        where = {"XOR-PEER-ADDRESS": (peer.host, peer.port)}
        await self._ask(stun.Method.CREATE_PERMISSION, where, "a permission")
        await self._ask(stun.Method.CHANNEL_BIND, {"CHANNEL-NUMBER": number, **where}, "a channel")
        self._bound.add(number)

    def send_to(self, peer: TransportAddress, data: bytes) -> bool:
        """Send a datagram on a peer's channel; False when that is impossible now."""
        number = self._numbers.get(peer, 0)
        if number not in self._bound or self.transport.is_closing():
            return False
        return self._post(_HEADER.pack(number, len(data)) + data)

    def close(self) -> None:
        """Close the transport; harmless when closed."""
        self.transport.close()

    async def aclose(self, timeout: float) -> None:  # noqa: ASYNC109 - not an error
        """Close the transport and wait for its end; TLS ends with an answer of the server.

        Args:
            timeout: Seconds after which the transport is cut off.
        """
        self.close()
        await asyncio.wait([self.lost], timeout=timeout)
        self.transport.abort()

    # What asyncio calls.

    def datagram_received(self, data: bytes | str, addr: tuple[str, int]) -> None:
        """Take in one datagram, or one message of a stream."""
        data = cast("bytes", data)
        if len(data) >= _HEADER.size and data[0] & 0xC0 == 0x40:  # noqa: PLR2004 - RFC 8656 section 12
            self._take_channel_data(data)
            return
        try:
            message = stun.parse_message(data)
        except (ValueError, struct.error, IndexError):
            self._drops[TurnDrop.MALFORMED] += 1
            return
        if message.message_class in {stun.Class.RESPONSE, stun.Class.ERROR}:
            self._take_answer(message, addr)
        else:
            self._take_indication(message)

    def error_received(self, exc: Exception) -> None:
        """Go on: an ICMP error may be forged, and timers find a dead server."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the transport has ended."""
        if not self.lost.done():
            self.lost.set_result(str(exc) if exc else "the connection was closed")

    # Own affairs.

    def _post(self, data: bytes) -> bool:
        raise NotImplementedError

    def _take_channel_data(self, data: bytes) -> None:
        number, length = _HEADER.unpack_from(data)
        peer = self._channels.get(number)
        if peer is None:
            self._drops[TurnDrop.UNKNOWN_CHANNEL] += 1
        elif _HEADER.size + length > len(data):
            self._drops[TurnDrop.MALFORMED] += 1
        else:
            self._on_data(data[_HEADER.size : _HEADER.size + length], peer)

    def _take_answer(self, message: stun.Message, addr: tuple[str, int]) -> None:
        transaction = self.transactions.get(message.transaction_id)
        if transaction is None:
            self._drops[TurnDrop.UNKNOWN_TRANSACTION] += 1
        elif message.message_class is stun.Class.ERROR and message.error_code is None:
            self._drops[TurnDrop.MALFORMED] += 1
        else:
            transaction.response_received(message, addr)

    def _take_indication(self, message: stun.Message) -> None:
        peer = message.attributes.get("XOR-PEER-ADDRESS")
        data = message.attributes.get("DATA")
        is_data = message.message_class is stun.Class.INDICATION
        if is_data and message.message_method is stun.Method.DATA and peer and data is not None:
            self._on_data(data, TransportAddress(*peer))
        else:
            self._drops[TurnDrop.MALFORMED] += 1

    async def _ask(
        self, method: stun.Method, attributes: dict[str, Any], stage: str
    ) -> stun.Message:
        request = stun.Message(method, stun.Class.REQUEST, attributes=attributes)
        begun = asyncio.get_running_loop().time()
        try:
            answer, _ = await self.request_with_retry(request)
        except stun.TransactionFailed as error:
            code, reason = error.response.attributes["ERROR-CODE"]
            raise TurnError(code, reason, stage) from None
        except stun.TransactionTimeout:
            elapsed = asyncio.get_running_loop().time() - begun
            raise TransactionTimeoutError(f"{stage} at the TURN server", 7, elapsed) from None
        return answer


class UdpTurnClient(TurnClient, asyncio.DatagramProtocol):
    """Over UDP."""

    transport: asyncio.DatagramTransport

    def _send(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(data)

    def _post(self, data: bytes) -> bool:
        self.transport.sendto(data)
        return True


class StreamTurnClient(TurnClient, TurnStreamMixin, asyncio.Protocol):
    """Over TCP or TLS: messages are padded to four bytes (RFC 8656 section 12.5)."""

    transport: asyncio.Transport

    def _send(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._padded(data))

    def _post(self, data: bytes) -> bool:
        if self.transport.get_write_buffer_size() > _WRITE_LIMIT:
            self._drops[TurnDrop.SEND_FAILED] += 1
            return False
        self.transport.write(self._padded(data))
        return True


def is_gone(error: PackhorseError) -> bool:
    """Tell whether an error says that the server has no allocation for us."""
    return isinstance(error, TurnError) and error.code == _MISMATCH
