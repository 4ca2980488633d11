"""Everything that one peer and we owe each other: messages in, datagrams out, and back."""

from packhorse.core.delivery.allowance import Allowance
from packhorse.core.delivery.asking import AskSchedule, may_go_on
from packhorse.core.delivery.bandwidth import DeliveryRate
from packhorse.core.delivery.congestion import AckedBatch, CongestionController
from packhorse.core.delivery.credit import Credit
from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.outgoing import Outgoing
from packhorse.core.delivery.pacer import Pacer
from packhorse.core.delivery.packing import join_frames, largest_piece, take_fitting
from packhorse.core.delivery.pieces import Piece
from packhorse.core.delivery.ping_log import PingLog
from packhorse.core.delivery.receive_lanes import ReceiveLanes
from packhorse.core.delivery.received import ReceivedNumbers
from packhorse.core.delivery.sent import SentDatagram, SentDatagrams
from packhorse.core.delivery.timeout import RetransmissionTimer
from packhorse.core.rtt import RttEstimator
from packhorse.wire.constants import DropReason, Mode
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import (
    ACK_SIZE,
    LONGEST_DELAY,
    NUMBER_SIZE,
    PING_FRAME,
    RELIABLE_MODES,
    Ack,
    decode_frames,
    encode_prefix,
)


class PeerDelivery:
    """The delivery layer towards one peer (SPEC.md section 16)."""

    def __init__(
        self,
        max_payload: int,
        budget: MemoryBudget,
        allowance: Allowance | None = None,
        *,
        generation: int = 0,
        now: float,
    ) -> None:
        self._generation = generation
        self._max_payload = max_payload
        self._outgoing = Outgoing(largest_piece(max_payload))
        self._sent = SentDatagrams()
        self._received = ReceivedNumbers()
        self._asking = AskSchedule(now=now)
        self._rate = DeliveryRate(now=now)
        self._congestion = CongestionController(self._rate, now=now)
        self._pacer = Pacer()
        self._allowance = allowance or Allowance()
        self.rtt = RttEstimator()
        """Round-trip time to the peer."""
        self.pings = PingLog()
        """Pings that somebody waits for."""
        self._timer = RetransmissionTimer(self.rtt)
        self._credit = Credit()
        self._lanes = ReceiveLanes(budget, self._credit)
        self._next_number = 0
        self._wants_probe = False
        self._is_ping_wanted = False
        self._is_held_back = False  # unreliable messages, until the peer answers

    @property
    def queued_bytes(self) -> int:
        """Reliable payload that waits to be sent for the first time."""
        return self._outgoing.queued_bytes

    @property
    def is_idle(self) -> bool:
        """Tell whether everything reliable was acknowledged."""
        return self._outgoing.is_idle

    @property
    def loss(self) -> float:
        """Fraction of the peer's datagrams that never came, 0..1."""
        return self._received.missed / max(1, self._received.expected)

    def push(self, data: bytes, mode: Mode, channel: int) -> None:
        """Queue a message; `payloads_to_send` hands it out.

        An unreliable one is dropped when 31744 datagrams have gone out without any answer.
        """
        if not (mode in RELIABLE_MODES or may_go_on(self._next_number, self._sent.largest_acked)):
            self._is_held_back = True
        else:
            self._outgoing.push(data, mode, channel)

    def ping(self, ping: int = 0) -> None:
        """Ask for an acknowledgement, to measure the RTT; `pings` tells it with this number."""
        self._is_ping_wanted = True
        self.pings.want(ping)

    def consume(self, size: int) -> None:
        """Note that the application has taken a reliable message of `size` bytes."""
        credit = self._credit.consume(size)
        if credit is not None:
            self._outgoing.push_control(credit)

    def receive(self, payload: bytes, *, now: float) -> list[Delivered]:
        """Take in the payload of a FRAME datagram; return the messages it completes.

        Raises:
            ParseError: It was not, or not wholly, acted upon.
        """
        datagram = decode_frames(payload)
        if datagram.generation != self._generation:
            raise ParseError(DropReason.WRONG_GENERATION)
        if datagram.ack is not None:
            self._take_ack(datagram.ack, now)
        if datagram.credit is not None:
            self._credit.grant(datagram.credit)
        if not self._received.is_new(datagram.number):
            if datagram.asks_ack:
                self._received.demand_ack(now=now)
            raise ParseError(DropReason.DUPLICATE_NUMBER)
        delivered, failure = self._lanes.take(datagram.messages)
        if failure is not DropReason.REASSEMBLY_FULL:  # what finds no memory must come again
            self._received.accept(datagram.number, asks_ack=datagram.asks_ack, now=now)
            if datagram.has_ping and datagram.asks_ack:
                self._received.demand_ack(now=now)
        if failure is not None and not delivered:
            raise ParseError(failure)
        return delivered

    def next_timeout(self, *, now: float) -> float | None:
        """Return when `handle_timeout` or `payloads_to_send` next has work."""
        deadlines = [self._received.ack_at, self._sent.loss_at, self._timer.deadline]
        if self._may_send_more():
            deadlines.append(max(self._pacer.next_at, self._allowance.next_at, now))
        if self._outgoing.has_unreliable or self._is_ping_wanted or self._wants_probe:
            deadlines.append(now)
        if self._is_held_back:
            deadlines.append(self._asking.due_at)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        if self._sent.loss_at is not None and self._sent.loss_at <= now:
            self._handle_losses(now)
        deadline = self._timer.deadline
        if deadline is None or now < deadline:
            return
        if self._timer.expire(now=now):
            self._repair(self._sent.give_up_all())
            self._congestion.on_timeout()
        else:
            self._wants_probe = True

    def payloads_to_send(self, *, now: float) -> list[bytes]:
        """Return the payloads of the FRAME datagrams that go out now."""
        payloads = []
        if self._is_held_back and now >= self._asking.due_at:
            self._is_held_back = False
            self._is_ping_wanted = True
        while (payload := self._next_payload(now)) is not None:
            payloads.append(payload)
        has_more = self._outgoing.has_reliable(self._credit.left)
        has_place = self._sent.bytes_in_flight < self._congestion.window
        self._pacer.is_holding = has_more and has_place
        if not has_more and has_place:
            self._rate.note_app_limited(self._sent.bytes_in_flight)
        return payloads

    def doubt_path(self, *, now: float) -> None:
        """Send everything under way again: its path has fallen silent."""
        self._repair(self._sent.give_up_all())
        self._timer.answer(is_all_answered=True, now=now)

    def change_path(self, *, now: float) -> None:
        """Forget RTT and congestion: they were those of another path (SPEC.md section 16.16)."""
        self.rtt.forget()
        self._congestion = CongestionController(self._rate, now=now)

    def close(self) -> None:
        """Give back all memory."""
        self._lanes.close()

    def _next_payload(self, now: float) -> bytes | None:
        is_ack_due = self._received.ack_at is not None and self._received.ack_at <= now
        is_time = self._pacer.may_send(now=now) and self._allowance.next_at <= now
        may_send = is_time and self._may_send_more()
        is_probe = self._wants_probe
        if is_probe:
            self._probe()
            may_send = True
        if not (may_send or is_ack_due or self._outgoing.has_unreliable or self._is_ping_wanted):
            return None
        ack = self._received.take_ack(now=now) if self._received.ack_at is not None else None
        prefix_size = NUMBER_SIZE + (ACK_SIZE + (ack.bitmap.bit_length() + 7) // 8 if ack else 0)
        pieces = self._take_pieces(self._max_payload - prefix_size, may_send=may_send)
        self._wants_probe = is_probe and not (pieces or self._is_ping_wanted)  # no place beside ack
        return self._assemble(pieces, ack, now)

    def _assemble(self, pieces: list[Piece], ack: Ack | None, now: float) -> bytes:
        counted = [piece for piece in pieces if piece.is_repeated]
        is_due = bool(pieces) and self._asking.is_due(self._next_number, now=now)
        asks_ack = bool(counted) or self._is_ping_wanted or is_due
        prefix = encode_prefix(
            self._next_number, ack, asks_ack=asks_ack, generation=self._generation
        )
        ping = PING_FRAME if self._is_ping_wanted else b""
        if self._is_ping_wanted:
            self._is_ping_wanted = False
            self.pings.sent(self._next_number, now=now)
        payload = prefix + ping + join_frames(pieces)
        self._allowance.count(len(payload), now=now)
        self._sent.note_time(self._next_number, now=now)
        if asks_ack:
            self._asking.note(self._next_number, now=now)
        if counted:
            self._track(len(payload), counted, now)
        self._next_number += 1
        return payload

    def _track(self, size: int, pieces: list[Piece], now: float) -> None:
        snapshot = self._rate.snapshot(self._sent.bytes_in_flight, now=now)
        self._sent.add(SentDatagram(self._next_number, now, size, pieces, snapshot))
        self._timer.restart(now=now)
        self._pacer.count(size, self._congestion.pacing_rate, now=now)

    def _take_pieces(self, room: int, *, may_send: bool) -> list[Piece]:
        take = self._take_piece if may_send else self._outgoing.take_unreliable
        return take_fitting(take, room)

    def _take_piece(self, room: int) -> Piece | None:
        piece = self._outgoing.take_unreliable(room)
        if piece is not None:
            return piece
        piece = self._outgoing.take_reliable(room, self._credit.left)
        if piece is not None:
            self._credit.spend(piece.cost)
            piece.cost = 0
        return piece

    def _probe(self) -> None:
        """Send the newest unacknowledged pieces again, unless there is something new."""
        self._wants_probe = False
        newest = self._sent.newest
        if newest is not None and not self._outgoing.has_reliable(self._credit.left):
            self._outgoing.repair(newest.pieces)
        if not self._outgoing.has_reliable(self._credit.left):
            self._is_ping_wanted = True

    def _may_send_more(self) -> bool:
        has_place = self._sent.bytes_in_flight < self._congestion.window
        return has_place and self._outgoing.has_reliable(self._credit.left)

    def _take_ack(self, ack: Ack, now: float) -> None:
        before = self._sent.largest_acked
        acked = self._sent.acknowledge(ack, self._next_number)
        if acked is None:
            raise ParseError(DropReason.BAD_FRAME)
        rtt = self._sample_rtt(ack, now) if self._sent.largest_acked > before else None
        if self.pings.is_open:
            self.pings.acknowledge(ack, self._next_number, now=now)
        self._outgoing.acknowledge(self._sent.take_late())
        if not acked:
            self._handle_losses(now)
            return
        newest = acked[-1]
        for datagram in acked:
            self._rate.acknowledge(datagram.size, now=now)
            self._outgoing.acknowledge(datagram.pieces)
        lost = self._sent.detect_losses(self._rtt_for_losses(), now=now)
        self._repair(lost)
        self._timer.answer(is_all_answered=len(self._sent) == 0, now=now)
        batch = AckedBatch(
            rate=self._rate.sample(newest.snapshot, newest.sent_at, now=now),
            is_app_limited=newest.snapshot.is_app_limited,
            delivered_when_sent=newest.snapshot.delivered,
            rtt=rtt,
            acked=len(acked),
            lost=len(lost),
            in_flight=self._sent.bytes_in_flight,
        )
        self._congestion.on_ack(batch, now=now)

    def _sample_rtt(self, ack: Ack, now: float) -> float | None:
        sent_at = self._sent.sent_at(ack.largest, self._next_number)
        if sent_at is None or ack.delay >= LONGEST_DELAY:
            return None
        raw = now - sent_at
        sample = max(raw - ack.delay, raw / 8)
        self.rtt.add(sample)
        return sample

    def _rtt_for_losses(self) -> float:
        return max(self.rtt.smoothed or 0.0, self.rtt.latest or 0.0)

    def _handle_losses(self, now: float) -> None:
        lost = self._sent.detect_losses(self._rtt_for_losses(), now=now)
        self._congestion.on_loss(len(lost))
        self._repair(lost)

    def _repair(self, lost: list[SentDatagram]) -> None:
        for datagram in lost:
            self._outgoing.repair(datagram.pieces)
