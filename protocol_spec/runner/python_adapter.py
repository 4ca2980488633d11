"""The Python SDK's delivery layer as runner/README.md wants it: a line of JSON in, one out."""

import json
import math
import sys
from typing import Any

from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.fanout import FanOutReceiver, FanOutSender
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.wire.constants import GENERATIONS, Mode
from packhorse.wire.errors import ParseError


class PythonAdapter:
    """One peer, and the copies of what it sends to several."""

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out a command and tell what came of it."""
        now = int(command["now_us"]) / 1_000_000
        delivered, drop = list[Delivered](), ""
        try:
            delivered = self._do(command, now)
        except ParseError as error:
            drop = error.reason.value
        sent = [payload.hex() for payload in self._peer.payloads_to_send(now=now)]
        to_all = [payload.hex() for _, payload in self._to_all.payloads_to_send()]
        messages = [{"mode": m.name, "channel": str(c), "data": d.hex()} for d, m, c in delivered]
        wake = self._peer.next_timeout(now=now)
        next_us = "" if wake is None else str(math.ceil(wake * 1e6))
        told = {"sent": sent, "sent_to_all": to_all, "delivered": messages}
        return {**told, "drop": drop, "next_us": next_us}

    def _do(self, command: dict[str, Any], now: float) -> list[Delivered]:
        if command["do"] == "start":
            size, budget = int(command["max_payload"]), MemoryBudget(int(command["memory"]))
            own, its = int(command["own_restarts"]), int(command["restarts"])
            generation = (own + its) % GENERATIONS
            self._peer = PeerDelivery(size, budget, generation=generation, now=now)
            self._to_all = FanOutSender(size)
            self._to_all.generation = own
            self._from_all = FanOutReceiver(budget, generation=its)
        for it in command.get("messages", []):
            data, mode, channel = bytes.fromhex(it["data"]), Mode[it["mode"]], int(it["channel"])
            if command["do"] == "push":
                self._peer.push(data, mode, channel)
            else:
                self._to_all.push(data, 0, mode, channel)
        receivers = {"receive": self._peer.receive, "receive_to_all": self._from_all.receive}
        if command["do"] in receivers:
            return receivers[command["do"]](bytes.fromhex(command["payload"]), now=now)
        if command["do"] == "consume":
            self._peer.consume(int(command["bytes"]))
        if command["do"] == "ping":
            self._peer.ping()
        self._peer.handle_timeout(now=now)
        return []


if __name__ == "__main__":
    adapter = PythonAdapter()
    for line in sys.stdin:
        print(json.dumps(adapter.ask(json.loads(line))), flush=True)
