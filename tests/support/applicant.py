"""Somebody who asks a relay for a room, datagram by datagram."""

from dataclasses import dataclass
from typing import Final

from packhorse.core.credentials import NO_ACCESS, Access
from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.ctrl import encode_ctrl, encode_padded
from packhorse.wire.messages import Create, Hello, Join, ListRooms
from packhorse.wire.proofs import password_proof

TRANSACTION: Final = 0x1F2E3D4C


def nonce(number: int) -> bytes:
    """Return the nonce of an attempt to join."""
    return number.to_bytes(c.NONCE_SIZE, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Somebody at an address who wants to join."""

    address: TransportAddress
    nonce: bytes = nonce(1)
    version_min: int = c.WIRE_VERSION
    version_max: int = c.WIRE_VERSION
    features: int = 0
    max_datagram: int = c.MAX_DATAGRAM_DEFAULT

    def hello(self, size: int = c.MAX_DATAGRAM_DEFAULT) -> bytes:
        """Return HELLO, padded to `size` bytes."""
        hello = Hello(
            version_min=self.version_min,
            version_max=self.version_max,
            features=self.features,
            nonce=self.nonce,
        )
        return encode_padded(hello, TRANSACTION, size)

    def create(
        self,
        cookie: bytes,
        *,
        topology: int | None = None,
        max_peers: int | None = None,
        access: Access = NO_ACCESS,
        locked: bool | None = None,
    ) -> bytes:
        """Return CREATE."""
        create = Create(
            version_min=self.version_min,
            version_max=self.version_max,
            features=self.features,
            nonce=self.nonce,
            cookie=cookie,
            max_datagram=self.max_datagram,
            topology=topology,
            max_peers=max_peers,
            locked=locked,
            **access.fields(cookie),
        )
        return encode_ctrl(create, TRANSACTION)

    def list_rooms(self, cookie: bytes, after: str = "", access: Access = NO_ACCESS) -> bytes:
        """Return LIST_ROOMS."""
        message = ListRooms(
            version_min=self.version_min,
            version_max=self.version_max,
            features=self.features,
            nonce=self.nonce,
            cookie=cookie,
            max_datagram=self.max_datagram,
            after=after,
            **access.fields(cookie),
        )
        return encode_ctrl(message, TRANSACTION)

    def join(
        self,
        cookie: bytes,
        code: str,
        *,
        access: Access = NO_ACCESS,
        password_key: bytes | None = None,
    ) -> bytes:
        """Return JOIN."""
        join = Join(
            version_min=self.version_min,
            version_max=self.version_max,
            features=self.features,
            nonce=self.nonce,
            cookie=cookie,
            max_datagram=self.max_datagram,
            code=code,
            proof=None if password_key is None else password_proof(password_key, cookie),
            **access.fields(cookie),
        )
        return encode_ctrl(join, TRANSACTION)
