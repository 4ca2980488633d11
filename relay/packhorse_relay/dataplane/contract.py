"""What every data plane promises: one contract, several ways to keep it."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from packhorse.aio.udp import OnDatagram, SocketAddress, UdpSocket
from packhorse_relay.core.forwarding import ForwardingTable

OnMiss = Callable[[bytes, SocketAddress, int], None]
"""Takes a datagram, its source and the number of the listener that it came in by."""
SendTo = Callable[[bytes, SocketAddress], object]
"""Sends a datagram; raises `OSError` when the system refuses."""


class DataPlane(Protocol):
    """Forwards DATA and FRAME by the forwarding table, and decides nothing.

    For any sequence of datagrams and changes of the table, every data plane sends the same
    copies, in the same order to each receiver, hands the same datagrams to the control plane
    and counts the same. tests/property/test_data_planes.py holds them to that.

    **Sockets** are opened, bound and closed by the server, which numbers its listeners: the
    UDP sockets first, WebSocket last. A data plane reads UDP sockets and sends by them; it
    reads a bounded number of datagrams at a time, and then lets timers and other sockets
    have their turn. What reaches a member otherwise goes through the listener's `SendTo`.

    **Forwarded** is what `ForwardingTable.routes` has an answer for, from 7 to MAX_DATAGRAM
    bytes long, within the budget of its sender. A data plane takes what the copies cost from
    `Route.budget` and never fills it. It may keep what it makes of an answer, until
    `ForwardingTable.on_stale` names the address of its sender.

    **Everything else is a miss**: it goes to the control plane unchanged, in its order among
    the datagrams of its sender, and the next datagram is judged by what the table then says.
    The control plane forwards, answers, or drops and counts with a reason.

    **Elsewhere**, such as inside the kernel, a data plane may forward and charge without telling.
    `note_forwarded` brings counters and budgets up to date, and after `call_in` a budget holds
    all that its sender may still send.

    **Failures** of the system are counted per copy, and are never fatal.
    """

    name: ClassVar[str]
    """As `--dataplane` has it."""
    datagrams_forwarded: int
    """Datagrams that went to at least one receiver by a route."""
    send_failures: int
    """Copies that the system refused to send."""

    def __init__(self, table: ForwardingTable, on_miss: OnMiss) -> None: ...

    def use_sockets(self, sends: Sequence[SendTo]) -> None:
        """Set what sends a datagram, by listener."""

    def receiver(self, listener: int) -> OnDatagram:
        """Return the callback for datagrams that come one by one."""

    def read(self, sockets: Sequence[UdpSocket]) -> None:
        """Take over reading of these sockets, the listeners from 0 on.

        They call `receiver` until then. Afterwards a data plane counts in `UdpSocket.received`.

        Raises:
            ConfigurationError: It cannot be done here.
        """

    def note_forwarded(self) -> None:
        """Bring `datagrams_forwarded` and the budgets up to date."""

    def call_in(self) -> None:
        """Let the budgets hold all that their senders may still send."""

    def close(self) -> None:
        """Forward nothing any more by itself; the sockets may already be closed."""
