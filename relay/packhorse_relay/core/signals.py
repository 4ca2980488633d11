"""SIGNAL: what a member says to another about direct paths (SPEC.md section 18.1)."""

from packhorse.wire.address import encode_address
from packhorse.wire.constants import DropReason, Topology
from packhorse.wire.header import HOST
from packhorse.wire.messages import Signal, Signaled
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.members import Members
from packhorse_relay.core.rooms import Session


def forward_signal(
    sender: Session, signal: Signal, members: Members, *, stream_listener: int | None
) -> None:
    """Hand a signal to its receiver, if the sender may address it.

    Args:
        sender: Whose it is.
        signal: What it says; whether it shows where the sender is.
        members: How the receiver is told.
        stream_listener: Addresses of this listener are not shown: nothing of UDP is there.

    Source: protocol_spec/SPEC.md section 18.1.

    Raises:
        DatagramDropped: There is no such receiver, or the topology forbids it.
    """
    if sender.room.topology is Topology.STAR and HOST not in (sender.peer, signal.peer):
        raise DatagramDropped(DropReason.NOT_ALLOWED)
    receiver = sender.room.sessions.get(signal.peer)
    if receiver is None or receiver is sender:
        raise DatagramDropped(DropReason.UNKNOWN_DESTINATION)
    is_shown = signal.show and sender.address.listener != stream_listener
    mapped = encode_address(sender.address) if is_shown else None
    seq = receiver.take_seq()
    members.send(receiver, Signaled(seq=seq, peer=sender.peer, data=signal.data, mapped=mapped))
