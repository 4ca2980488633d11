"""UDP in IP in Ethernet, made and read by hand.

Independent of the program in the kernel: every checksum is computed anew over the whole
packet. Sources: RFC 768, 791, 1071, 8200.
"""

import socket
import struct
from dataclasses import dataclass, replace
from typing import Final, Self

_ETHERNET: Final = struct.Struct("!6s6sH")
_IP4: Final = struct.Struct("!BBHHHBBH4s4s")
_IP6: Final = struct.Struct("!IHBB16s16s")
_UDP: Final = struct.Struct("!4H")
_TYPE_IP4: Final = 0x0800
_TYPE_IP6: Final = 0x86DD
_PROTOCOL: Final = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One datagram on its way over one link."""

    source: tuple[str, int]
    destination: tuple[str, int]
    payload: bytes
    link_source: bytes = bytes(6)
    link_destination: bytes = bytes(6)
    hop_limit: int = 64
    traffic_class: int = 0
    flow_label: int = 0
    identification: int = 0
    fragment: int = 0
    """Flags and offset of IPv4."""
    options: bytes = b""
    """Of IPv4, a multiple of 4 bytes."""
    has_checksum: bool = True
    vlan: bytes = b""
    """4 bytes between the addresses of the link and the type."""
    next_header: int = _PROTOCOL

    def encode(self) -> bytes:
        """Return the frame."""
        udp = self._udp()
        ip = self._ip6(len(udp)) if self._is_v6 else self._ip4(len(udp))
        kind = _TYPE_IP6 if self._is_v6 else _TYPE_IP4
        link = _ETHERNET.pack(self.link_destination, self.link_source, kind)
        return link[:12] + self.vlan + link[12:] + ip + udp

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        """Read a frame that `encode` could have made, and check it.

        Raises:
            AssertionError: A length or checksum is wrong.
        """
        to, by, kind = _ETHERNET.unpack_from(frame)
        packet = cls._of_ip6(frame) if kind == _TYPE_IP6 else cls._of_ip4(frame)
        packet = replace(packet, link_source=by, link_destination=to)
        assert packet.encode() == frame
        return packet

    @property
    def _is_v6(self) -> bool:
        return ":" in self.source[0]

    @property
    def _family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if self._is_v6 else socket.AF_INET

    def _addresses(self) -> tuple[bytes, bytes]:
        family = self._family
        return (
            socket.inet_pton(family, self.source[0]),
            socket.inet_pton(family, self.destination[0]),
        )

    def _udp(self) -> bytes:
        size = _UDP.size + len(self.payload)
        start = _UDP.pack(self.source[1], self.destination[1], size, 0)
        if not self.has_checksum:
            return start + self.payload
        pseudo = b"".join(self._addresses()) + struct.pack("!II", size, _PROTOCOL)
        check = internet_checksum(pseudo + start + self.payload) or 0xFFFF
        return start[:6] + check.to_bytes(2, "big") + self.payload

    def _ip4(self, size: int) -> bytes:
        words = 5 + len(self.options) // 4
        head = _IP4.pack(
            0x40 | words,
            self.traffic_class,
            4 * words + size,
            self.identification,
            self.fragment,
            self.hop_limit,
            self.next_header,
            0,
            *self._addresses(),
        )
        whole = head + self.options
        return whole[:10] + internet_checksum(whole).to_bytes(2, "big") + whole[12:]

    def _ip6(self, size: int) -> bytes:
        first = 6 << 28 | self.traffic_class << 20 | self.flow_label
        return _IP6.pack(first, size, self.next_header, self.hop_limit, *self._addresses())

    @classmethod
    def _of_ip4(cls, frame: bytes) -> Self:
        _, kind, size, number, fragment, hops, _, _, source, to = _IP4.unpack_from(frame, 14)
        assert size == len(frame) - 14
        ports = _UDP.unpack_from(frame, 34)
        return cls(
            source=(socket.inet_ntoa(source), ports[0]),
            destination=(socket.inet_ntoa(to), ports[1]),
            payload=frame[42:],
            hop_limit=hops,
            traffic_class=kind,
            identification=number,
            fragment=fragment,
            has_checksum=ports[3] != 0,
        )

    @classmethod
    def _of_ip6(cls, frame: bytes) -> Self:
        first, size, _, hops, source, to = _IP6.unpack_from(frame, 14)
        assert size == len(frame) - 54
        ports = _UDP.unpack_from(frame, 54)
        return cls(
            source=(socket.inet_ntop(socket.AF_INET6, source), ports[0]),
            destination=(socket.inet_ntop(socket.AF_INET6, to), ports[1]),
            payload=frame[62:],
            hop_limit=hops,
            traffic_class=first >> 20 & 0xFF,
            flow_label=first & 0xFFFFF,
        )


def internet_checksum(data: bytes) -> int:
    """Return the checksum of RFC 1071 over bytes, an odd one padded."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
