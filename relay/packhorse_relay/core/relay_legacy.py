"""The room of the legacy protocol: one per port, ids chosen by its members.

Compatible byte for byte with the relay that Packhorse grew out of, plus guards that
keep a stranger from taking over an id, from filling the table and from making two
relays talk to each other for ever. SPEC.md section 11.
"""

from collections.abc import Container
from dataclasses import dataclass

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import DropReason
from packhorse.wire.legacy import decode_legacy, encode_legacy
from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.drops import DatagramDropped


@dataclass(slots=True, eq=False)
class _LegacyPeer:
    id: int
    address: TransportAddress
    last_heard: float
    last_sent: float
    last_echo: float


class _LegacyAddress:
    """How one address behaves, whatever ids it has."""

    def __init__(self, now: float) -> None:
        self._registered_at = now
        self._registrations = _new_bucket(now)
        self._muted_until = now
        self._is_answering = False

    def is_mirror(self, now: float) -> bool:
        """Note a registration; True while the address does nothing but repeat them.

        So does a relay that takes our echoes and keepalives for registrations. It hears
        nothing from us until it has forgotten us.
        """
        self._is_answering |= now - self._registered_at >= c.LEGACY_ECHO_INTERVAL
        if not self._registrations.take(now=now):
            self._muted_until = now + c.LEGACY_MUTE
        return now < self._muted_until

    def note_data(self, now: float) -> None:
        """Data shows that somebody is there and no mirror."""
        self._is_answering = True
        self._registrations = _new_bucket(now)
        self._muted_until = now

    def may_be_kept_alive(self, now: float) -> bool:
        """Tell whether keepalives go there: briefly when all it did is to register once."""
        is_new = now - self._registered_at < c.LEGACY_UNPROVEN_KEEPALIVE
        return now >= self._muted_until and (is_new or self._is_answering)


def _new_bucket(now: float) -> TokenBucket:
    return TokenBucket(c.LEGACY_REGISTRATION_RATE, c.LEGACY_REGISTRATIONS, now=now)


class LegacyRoom:
    """Members by id and by address, and what goes to whom."""

    def __init__(self, own_addresses: Container[tuple[str, int]] = frozenset()) -> None:
        self._own_addresses = own_addresses
        self._peers: dict[int, _LegacyPeer] = {}
        self._by_address: dict[TransportAddress, _LegacyPeer] = {}
        self._addresses: dict[TransportAddress, _LegacyAddress] = {}
        self._outbox: list[tuple[bytes, TransportAddress]] = []
        self._next_keepalive: float | None = None
        self.datagrams_forwarded = 0
        """Datagrams with data that went to another member."""

    def __len__(self) -> int:
        return len(self._peers)

    def receive_datagram(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Register an id or forward data.

        Raises:
            ParseError: It is no legacy datagram.
            DatagramDropped: A guard forbids it.
        """
        if (source.host, source.port) in self._own_addresses:
            raise DatagramDropped(DropReason.LEGACY_OWN_ADDRESS)
        datagram = decode_legacy(data)
        if datagram.payload:
            self._forward(datagram.peer, data, source, now)
        else:
            self._register(datagram.peer, data, source, now)

    def next_timeout(self) -> float | None:
        """Return when the next keepalive may be due."""
        return self._next_keepalive

    def handle_timeout(self, *, now: float) -> None:
        """Send keepalives to peers that were sent nothing; forget those long silent."""
        if self._next_keepalive is None or now < self._next_keepalive:
            return
        for peer in list(self._peers.values()):
            if now - peer.last_heard >= c.LEGACY_KEEPALIVE_STOP:
                self._forget(peer)
            elif self._is_owed_keepalive(peer, now):
                self._send(peer, encode_legacy(peer.id), now)
        self._next_keepalive = now + c.LEGACY_KEEPALIVE_INTERVAL if self._peers else None

    def _is_owed_keepalive(self, peer: _LegacyPeer, now: float) -> bool:
        is_quiet = peer.last_sent + c.LEGACY_KEEPALIVE_INTERVAL <= now
        behaviour = self._addresses[peer.address]
        return is_quiet and self._is_speaking(peer) and behaviour.may_be_kept_alive(now)

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out now."""
        datagrams, self._outbox = self._outbox, []
        return datagrams

    def _register(self, peer_id: int, data: bytes, source: TransportAddress, now: float) -> None:
        peer = self._peers.get(peer_id)
        behaviour = self._addresses.get(source)
        if behaviour is not None and behaviour.is_mirror(now):
            raise DatagramDropped(DropReason.LEGACY_REPEATED)
        if peer and peer.address == source and now - peer.last_echo < c.LEGACY_ECHO_INTERVAL:
            self._identify(peer, now)
            raise DatagramDropped(DropReason.LEGACY_REPEATED)
        host = self._peers.get(c.LEGACY_HOST_ID)
        if peer_id != c.LEGACY_HOST_ID and host is None:
            raise DatagramDropped(DropReason.LEGACY_NO_HOST)
        peer = self._admit(peer_id, source, now)
        peer.last_echo = now
        host = self._peers.get(c.LEGACY_HOST_ID)  # admitting may have replaced it
        if host is not None and host.address != source:
            self._send(host, data, now)
        self._send(peer, data, now)

    def _admit(self, peer_id: int, source: TransportAddress, now: float) -> _LegacyPeer:
        peer = self._peers.get(peer_id)
        if peer is not None and peer.address == source:
            self._identify(peer, now)
            return peer
        if peer is not None and now - peer.last_heard < c.LEGACY_TAKEOVER_AFTER:
            raise DatagramDropped(DropReason.LEGACY_TAKEN)
        if peer is not None:
            self._forget(peer)
        # An id that `source` had before stays its own until it has been silent: else
        # one forged registration would free it for others at once.
        if len(self._peers) >= c.LEGACY_MAX_PEERS or not self._has_quota(source):
            raise DatagramDropped(DropReason.LEGACY_FULL)
        return self._add(_LegacyPeer(peer_id, source, now, now, now))

    def _has_quota(self, source: TransportAddress) -> bool:
        """Tell whether `source` may have another id: else one address could take them all."""
        key = source_of(source)
        taken = sum(source_of(peer.address) == key for peer in self._peers.values())
        return taken < c.LEGACY_IDS_PER_SOURCE

    def _add(self, peer: _LegacyPeer) -> _LegacyPeer:
        self._peers[peer.id] = peer
        self._addresses.setdefault(peer.address, _LegacyAddress(peer.last_heard))
        self._identify(peer, peer.last_heard)
        if self._next_keepalive is None:
            self._next_keepalive = peer.last_heard + c.LEGACY_KEEPALIVE_INTERVAL
        return peer

    def _identify(self, peer: _LegacyPeer, now: float) -> None:
        """Take `peer` for who is speaking from its address."""
        self._by_address[peer.address] = peer
        peer.last_heard = now

    def _is_speaking(self, peer: _LegacyPeer) -> bool:
        """Tell whether this is the id that its address registered last."""
        return self._by_address.get(peer.address) is peer

    def _forget(self, peer: _LegacyPeer) -> None:
        del self._peers[peer.id]
        if all(each.address != peer.address for each in self._peers.values()):
            del self._addresses[peer.address]
        if self._is_speaking(peer):
            del self._by_address[peer.address]

    def _forward(self, target: int, data: bytes, source: TransportAddress, now: float) -> None:
        sender = self._by_address.get(source)
        if sender is None:
            raise DatagramDropped(DropReason.LEGACY_UNREGISTERED)
        self._addresses[source].note_data(now)
        for peer in self._peers.values():
            if peer.address == source:  # its earlier ids live on too: nobody may take them
                peer.last_heard = now
        receiver = self._peers.get(target)
        if receiver is None or receiver is sender:
            raise DatagramDropped(DropReason.LEGACY_UNKNOWN_ID)
        if target == c.LEGACY_HOST_ID:
            data = encode_legacy(sender.id, data[c.HEADER_SIZE :])
        self.datagrams_forwarded += 1
        self._send(receiver, data, now)

    def _send(self, peer: _LegacyPeer, data: bytes, now: float) -> None:
        peer.last_sent = now
        self._outbox.append((data, peer.address))
