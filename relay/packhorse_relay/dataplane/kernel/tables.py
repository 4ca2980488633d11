"""The maps of the program in the kernel."""

import mmap
import os
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from packhorse.aio.udp import SocketAddress
from packhorse_relay.dataplane.kernel import bpf, layout
from packhorse_relay.dataplane.kernel.bpf import Map, MapFlags, MapKind

MAX_MEMBERS: Final = 1 << 14
MAX_ROUTES: Final = 1 << 17
_MAX_OWN_ADDRESSES: Final = 256
_FIRST: Final = layout.INDEX.pack(0)


class Spent(NamedTuple):
    """What the program has sent of a member's, ever since the index was first used."""

    octets: int
    datagrams: int


class Tables:
    """What the program goes by, and what it counts.

    Indexes of members are given out by the caller, below `MAX_MEMBERS`.
    """

    def __init__(self) -> None:
        """Make all maps, empty.

        Raises:
            OSError: The kernel refuses.
        """
        size = layout.INDEX.size
        self.by_name: Mapping[str, Map] = {
            "settings": bpf.create_map(MapKind.ARRAY, size, layout.PORT.size, 1),
            "own_addresses": bpf.create_map(
                MapKind.HASH, layout.ADDRESS_SIZE, size, _MAX_OWN_ADDRESSES
            ),
            "members_by_key": bpf.create_map(
                MapKind.HASH, layout.MEMBER_KEY.size, size, MAX_MEMBERS
            ),
            "members": bpf.create_map(
                MapKind.ARRAY, size, layout.MEMBER.size, MAX_MEMBERS, MapFlags.MAPPABLE
            ),
            "routes": bpf.create_map(
                MapKind.HASH, layout.ROUTE_KEY_SIZE, layout.ROUTE.size, MAX_ROUTES, MapFlags.GROWS
            ),
            "counts": bpf.create_map(MapKind.ARRAY_PER_CPU, size, layout.COUNT.size, 1),
        }
        self._memory = mmap.mmap(self.by_name["members"].fd, MAX_MEMBERS * layout.MEMBER.size)
        self._words = memoryview(self._memory).cast("Q")
        self._halves = memoryview(self._memory).cast("I")
        self._own: dict[bytes, bytes] = {}

    def close(self) -> None:
        """Give the maps back."""
        self._words.release()
        self._halves.release()
        self._memory.close()
        for each in self.by_name.values():
            os.close(each.fd)

    def set_port(self, port: int) -> None:
        """Set the port of the relay."""
        self.by_name["settings"].update(_FIRST, layout.PORT.pack(port))

    def set_own_addresses(self, listeners: Iterable[tuple[str, int]]) -> None:
        """Set the relay's addresses, each with the number of its listener."""
        wanted = {
            layout.encode_host(host): layout.INDEX.pack(listener) for host, listener in listeners
        }
        table = self.by_name["own_addresses"]
        for address in self._own.keys() - wanted.keys():
            table.delete(address)
        for address in wanted.keys() - self._own.keys():
            table.update(address, wanted[address])
        self._own = wanted

    def add_member(self, index: int, address: SocketAddress, tag: int, listener: int) -> None:
        """Let the program learn the way to a member."""
        value = layout.encode_member(address, listener, self.spent(index))
        self.by_name["members"].update(layout.INDEX.pack(index), value)
        key = layout.encode_member_key(address, tag)
        self.by_name["members_by_key"].update(key, layout.INDEX.pack(index))

    def remove_member(self, index: int, address: SocketAddress, tag: int) -> None:
        """Forget a member, and the way to it."""
        self.by_name["members_by_key"].delete(layout.encode_member_key(address, tag))
        self.allow(index, 0, 0)
        self._halves[(index * layout.MEMBER.size + layout.INTERFACE_AT) // 4] = 0

    def add_route(
        self, source: SocketAddress, header: bytes, sender: int, receiver: int, prefix: bytes
    ) -> None:
        """Let the program forward the datagrams with this header, `prefix` in its place.

        Raises:
            OSError: The kernel refuses: there are too many.
        """
        value = layout.ROUTE.pack(sender, receiver, prefix)
        self.by_name["routes"].update(layout.encode_source(source) + header, value)

    def remove_routes(self, source: SocketAddress, headers: Iterable[bytes]) -> None:
        """Let the program forward the datagrams with these headers no more."""
        start = layout.encode_source(source)
        self.by_name["routes"].delete_all([start + header for header in headers])

    def allow(self, index: int, octets: int, datagrams: int) -> None:
        """Let `spent` of a member grow until it has reached both, or is beyond."""
        start = index * layout.MEMBER_WORDS
        self._words[start + layout.MAY_OCTETS] = octets
        self._words[start + layout.MAY_DATAGRAMS] = datagrams

    def spent(self, index: int) -> Spent:
        """Return what the program has sent of a member's."""
        start = index * layout.MEMBER_WORDS
        return Spent(self._words[start + layout.OCTETS], self._words[start + layout.DATAGRAMS])

    def is_way_known(self, index: int) -> bool:
        """Tell whether the program has seen how to reach a member."""
        return self._halves[(index * layout.MEMBER.size + layout.INTERFACE_AT) // 4] != 0

    def datagrams_forwarded(self) -> int:
        """Return how many datagrams the program has sent, all processors together."""
        values = layout.COUNT.iter_unpack(self.by_name["counts"].look_up(_FIRST))
        return sum(datagrams for _, datagrams in values)
