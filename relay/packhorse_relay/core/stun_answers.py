"""Answers to STUN, on the data port and on a second one (SPEC.md section 18.7)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from packhorse.wire.constants import DropReason
from packhorse.wire.stun import (
    Attribute,
    StunMessage,
    StunType,
    decode_stun,
    encode_success,
    encode_unknown,
)
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.outbox import Answer, Outbox
from packhorse_relay.core.request import Request

_CHANGE_REQUEST: Final = (Attribute.CHANGE_REQUEST,)
_NO_PORTS: Final[Mapping[int, int]] = MappingProxyType({})


class StunAnswers:
    """Tells whoever asks which address it has, as seen from here."""

    def __init__(self, outbox: Outbox) -> None:
        """Begin without a second port."""
        self._outbox = outbox
        self._others = _NO_PORTS
        self._ports = _NO_PORTS

    def use_second_port(self, others: Mapping[int, int], ports: Mapping[int, int]) -> None:
        """Say which ports belong together.

        Args:
            others: By listener, of data ports and second ports: the other one of its address.
            ports: Port numbers by listener, of second ports only.
        """
        self._others = others
        self._ports = ports

    def is_second_port(self, listener: int) -> bool:
        """Tell whether a listener is there for STUN only."""
        return listener in self._ports

    def receive(self, request: Request) -> None:
        """Answer a Binding request, if its size and the budget allow.

        Raises:
            DatagramDropped: It is not answered; the reason says why.
            ParseError: It is malformed.
        """
        if not self._outbox.has_any(Answer.STUN, now=request.now):
            raise DatagramDropped(DropReason.REPLY_BUDGET)
        message = decode_stun(request.data)
        if message.type is not StunType.REQUEST:
            raise DatagramDropped(DropReason.BAD_STUN)
        answer, listener = self._answer(message, request)
        if len(answer) > len(request.data):
            raise DatagramDropped(DropReason.NOT_ENOUGH_PADDING)
        self._outbox.spend(Answer.STUN, request.source, now=request.now)
        self._outbox.send(answer, request.source._replace(listener=listener))

    def _answer(self, message: StunMessage, request: Request) -> tuple[bytes, int]:
        """Return the answer, and the listener from which it goes out."""
        listener = request.source.listener
        other = self._others.get(listener)
        unknown = message.unknown_attributes
        if unknown or (message.wants_other_port and other is None):
            return encode_unknown(message.transaction, unknown or _CHANGE_REQUEST), listener
        if message.wants_other_port and other is not None:
            listener = other
        return self._success(message, request), listener

    def _success(self, message: StunMessage, request: Request) -> bytes:
        """Name the second port only where that fits into the size of the request."""
        listener = request.source.listener
        other = self._others.get(listener, listener)
        second = self._ports.get(listener) or self._ports.get(other)
        full = encode_success(message.transaction, request.source, second)
        if len(full) <= len(request.data):
            return full
        return encode_success(message.transaction, request.source)
