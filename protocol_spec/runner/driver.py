"""Plays the peer: gives an implementation its commands in virtual time and notes what it does."""

from collections import deque
from typing import Any, Final, NamedTuple, Protocol

from protocol_spec.runner import payloads
from protocol_spec.runner.scenario import Step

Message = dict[str, Any]
_MS: Final = 1000  # microseconds
_MAX_IDLE_WAKES: Final = 1000  # in a row, without anything sent
_ACK_BITS: Final = 256


class Adapter(Protocol):
    """An implementation as runner/README.md describes it."""

    def ask(self, command: Message) -> Message:
        """Carry out a command and tell what came of it."""


class RunawayError(Exception):
    """The implementation wants to be woken again and again, and does nothing."""


class Sent(NamedTuple):
    """A payload that the implementation sent."""

    at_ms: float
    payload: bytes


class Driver:
    """One run of an implementation, from start on."""

    def __init__(self, adapter: Adapter, settings: dict[str, str]) -> None:
        self._adapter = adapter
        self._now = 0  # microseconds
        self._next: int | None = None  # microseconds
        self._number = 0  # of the runner's next datagram
        self._unacked: list[int] = []
        self.sent: list[Sent] = []
        self.sent_to_all: list[Sent] = []
        self.delivered: list[Message] = []
        self.drops: list[str] = []
        self.datagrams_so_far = 0
        self.bytes_so_far = 0
        self._ask("start", **settings)

    @property
    def next_ms(self) -> float | None:
        """When the implementation wants to be woken."""
        return None if self._next is None else self._next / _MS

    def forget(self) -> None:
        """Start a new step: what was noted has been judged."""
        self.sent, self.sent_to_all, self.delivered, self.drops = [], [], [], []

    def advance(self, at_ms: float) -> None:
        """Let time pass; wake the implementation whenever it asks for it.

        Raises:
            RunawayError: It asks for it without end.
        """
        target = round(at_ms * _MS)
        idle = 0
        while self._next is not None and self._next <= target:
            before = len(self.sent)
            self._now = min(max(self._next, self._now + (1 if idle else 0)), target)
            self._ask("wake")
            idle = 0 if len(self.sent) > before else idle + 1
            if idle > 1 and self._now == target:
                break  # a fraction of a microsecond is missing
            if idle > _MAX_IDLE_WAKES:
                raise RunawayError(f"does nothing at {self._now} us but wants to be woken")
        self._now = target

    def act(self, step: Step) -> None:
        """Do what a step says, at the present time."""
        match step.action:
            case "push" | "push_to_all":
                self._ask(step.action, messages=_pushed(step.argument))
            case "receive" | "receive_to_all":
                for datagram in _listed(step.argument):
                    self._receive(step.action, _payload(datagram))
            case "consume":
                self._ask("consume", bytes=step.argument)
            case "ping":
                self._ask("ping")
            case "repeat":
                self._repeat(step.argument)
            case "receive_run":
                self._receive_run(step.argument)
            case "link":
                self._link(step.argument)
            case _:
                pass  # only time passes

    def _repeat(self, loop: Message) -> None:
        messages = _pushed(loop["push"])
        for _ in range(int(loop["times"])):
            self._ask("push", messages=messages)
            self.advance(self._now / _MS + int(loop["every_ms"]))
            if loop["acknowledge"] == "yes":
                self._acknowledge()

    def _acknowledge(self) -> None:
        """Acknowledge everything that asked for it."""
        while self._unacked:
            first = self._unacked[0]
            batch = [n for n in self._unacked if (n - first) % 65536 < _ACK_BITS]
            del self._unacked[: len(batch)]
            largest = batch[-1]
            bits = sum(1 << (largest - number) % 65536 for number in batch) >> 1
            bitmap = bits.to_bytes(_ACK_BITS // 8, "little").hex()
            ack = {"largest": str(largest), "bitmap": bitmap}
            self._receive("receive", payloads.encode({"number": self._number, "ack": ack}))

    def _receive_run(self, run: Message) -> None:
        count, sequence = int(run["messages"]), int(run["sequence"])
        frame = {"mode": run["mode"], "channel": run.get("channel", "0"), "size": run["size"]}
        for index in range(int(run["times"])):
            first = sequence + index * count
            messages = [{**frame, "sequence": str(first + offset)} for offset in range(count)]
            fields = {"number": int(run["number"]) + index, "messages": messages}
            self._receive("receive", payloads.encode(fields))
            self.advance(self._now / _MS + int(run["every_ms"]))

    def _link(self, link: Message) -> None:
        """Acknowledge each datagram one RTT after it was sent, but for those that are lost."""
        end, rtt = self._now + int(link["for_ms"]) * _MS, int(link["rtt_ms"])
        judged = 0
        answers: deque[tuple[float, int]] = deque()  # ms, number
        while self._now < end:
            for sent in self.sent[judged:]:
                judged += 1
                is_lost = judged % int(link["lose_every"]) == 0
                if not is_lost and sent.payload[0] & 2:
                    answers.append((sent.at_ms + rtt, int.from_bytes(sent.payload[1:3])))
            self.advance(min(self._now / _MS + 1, end / _MS))
            while answers and answers[0][0] * _MS <= self._now:
                ack = {"largest": str(answers.popleft()[1])}
                self._receive("receive", payloads.encode({"number": self._number, "ack": ack}))
        self._unacked.clear()

    def _receive(self, action: str, payload: bytes) -> None:
        if action == "receive" and len(payload) >= 3:  # noqa: PLR2004 - flags and number
            self._number = (int.from_bytes(payload[1:3]) + 1) % 65536
        self._ask(action, payload=payload.hex())

    def _ask(self, do: str, **arguments: payloads.Node) -> None:
        reply = self._adapter.ask({"do": do, "now_us": str(self._now), **arguments})
        self._next = int(reply["next_us"]) if reply["next_us"] else None
        self.sent += [Sent(self._now / _MS, bytes.fromhex(text)) for text in reply["sent"]]
        to_all = (bytes.fromhex(text) for text in reply["sent_to_all"])
        self.sent_to_all += [Sent(self._now / _MS, payload) for payload in to_all]
        self.delivered += reply["delivered"]
        self.drops += [reply["drop"]] if reply["drop"] else []
        for payload in map(bytes.fromhex, reply["sent"]):
            self.datagrams_so_far += 1
            self.bytes_so_far += len(payload)
            if payload[0] & 2:
                self._unacked.append(int.from_bytes(payload[1:3]))


def _listed(argument: payloads.Node) -> list[Any]:
    return argument if isinstance(argument, list) else [argument]


def _payload(datagram: str | payloads.Fields) -> bytes:
    if isinstance(datagram, str):
        return bytes.fromhex(datagram)
    return payloads.encode(datagram)


def _pushed(argument: payloads.Node) -> list[Message]:
    return [
        {
            "mode": message["mode"],
            "channel": message.get("channel", "0"),
            "data": payloads.content_of(message, "data").hex(),
        }
        for message in _listed(argument)
        for _ in range(int(message.get("count", "1")))
    ]
