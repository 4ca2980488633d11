"""Answers of the forwarding table, in the form that a batch needs."""

from array import array
from collections.abc import Iterator
from struct import pack
from typing import Final, Literal, NamedTuple
from weakref import WeakValueDictionary

from packhorse.aio.udp import SocketAddress
from packhorse_relay.core.data_budget import DataBudget, DataRate
from packhorse_relay.core.forwarding import Receiver, Route
from packhorse_relay.dataplane.memory import Key, word_of
from packhorse_relay.dataplane.message_layout import NATIVE
from packhorse_relay.dataplane.socket_address import encode_address

FANOUT_SIZE: Final = 64  # copies that one system call sends at most

_WORD: Final = NATIVE.word_format


class Unicast(NamedTuple):
    """One receiver, by the socket that the datagram came in by."""

    name: bytes
    """Pointer to the receiver's address, as memory has it."""
    word: bytes
    """The header of the copy, from `word_of`."""
    budget: DataBudget
    """Of the sender."""


NOT_UNICAST: Final = Unicast(b"", b"", DataBudget(DataRate(0, 0)))
"""Stands for all that a batch must look at one by one: its budget covers nothing."""


class Fanout(NamedTuple):
    """Several receivers, or such that are behind another socket."""

    budget: DataBudget
    copies: int
    chunks: tuple[tuple[memoryview, memoryview], ...]
    """Pointers to addresses and words of headers, of those behind the same socket."""
    others: tuple[Receiver, ...]


class _Known(NamedTuple):
    """An answer that was made for a sender."""

    key: Key
    names: "tuple[_Name, ...]"
    """Where its pointers point to: they live as long as this."""


class _Name:
    """An address where the kernel can read it."""

    __slots__ = ("__weakref__", "_memory", "pointer")

    def __init__(self, encoded: bytes) -> None:
        self._memory = array("B", encoded)
        self.pointer = pack(_WORD, self._memory.buffer_info()[0])
        """As memory has it."""


class _Unicasts(dict[Key, Unicast]):
    def __missing__(self, key: Key) -> Unicast:
        return NOT_UNICAST


class CompiledRoutes:
    """What was learned about the senders behind one socket."""

    def __init__(self, listener: int, family: int) -> None:
        self._listener = listener
        self._family = family
        self.unicasts: dict[Key, Unicast] = _Unicasts()
        """By address and header; `NOT_UNICAST` for all others."""
        self.fanouts: dict[Key, Fanout] = {}
        """By address and header."""
        self.changes = 0
        """How often something was forgotten."""
        self._known: dict[SocketAddress, tuple[_Known, ...]] = {}
        self._names: WeakValueDictionary[SocketAddress, _Name] = WeakValueDictionary()

    def knows(self, key: Key) -> bool:
        """Tell whether there is an answer."""
        return key in self.unicasts or key in self.fanouts

    def learn(self, key: Key, route: Route) -> None:
        """Keep an answer of the table for the datagrams with this key.

        Complexity: O(receivers).
        """
        only = route.receivers[0]
        if len(route.receivers) == 1 and only.listener == self._listener:
            name = self._name(only.address)
            self.unicasts[key] = Unicast(name.pointer, word_of(only.prefix), route.budget)
            known = _Known(key, (name,))
        else:
            known = _Known(key, self._learn_fanout(key, route))
        self._known[route.sender] = (*self._known.get(route.sender, ()), known)

    def _learn_fanout(self, key: Key, route: Route) -> "tuple[_Name, ...]":
        near = [each for each in route.receivers if each.listener == self._listener]
        others = tuple(each for each in route.receivers if each.listener != self._listener)
        names = tuple(self._name(each.address) for each in near)
        pointers = _chunks([name.pointer for name in names], _WORD)
        words = _chunks([word_of(each.prefix) for each in near], "Q")
        chunks = tuple(zip(pointers, words, strict=True))
        self.fanouts[key] = Fanout(route.budget, len(route.receivers), chunks, others)
        return names

    def forget(self, source: SocketAddress) -> None:
        """Forget all answers for a sender."""
        self.changes += 1
        for key, _ in self._known.pop(source, ()):
            self.unicasts.pop(key, None)
            self.fanouts.pop(key, None)

    def _name(self, address: SocketAddress) -> "_Name":
        """Return an address as the kernel reads it; the same one as long as anybody has it."""
        name = self._names.get(address)
        if name is None:
            name = self._names[address] = _Name(encode_address(address, self._family))
        return name


def _chunks(values: list[bytes], kind: Literal["I", "Q"]) -> Iterator[memoryview]:
    for at in range(0, len(values), FANOUT_SIZE):
        yield memoryview(b"".join(values[at : at + FANOUT_SIZE])).cast(kind)
