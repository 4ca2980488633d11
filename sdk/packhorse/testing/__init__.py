"""A simulated network in virtual time, to test games and protocols against bad ones.

`Link` carries datagrams one way and loses, delays, reorders, doubles and queues them as
`Conditions` say; the same seed gives the same fate to each. `Pair` joins two ends of the
delivery layer by two links and runs them until something has happened. Time is virtual:
minutes pass in milliseconds, and a test that failed once fails each time.

    from packhorse import Mode
    from packhorse.testing import Conditions, Pair

    pair = Pair(Conditions(latency=0.025, loss=0.05), seed="a")
    pair.left.push(b"fire", Mode.RELIABLE)
    pair.run_until(lambda: bool(pair.right.messages), deadline=2.0)
"""

from packhorse.testing.clock import VirtualClock
from packhorse.testing.link import CUT, PERFECT, Conditions, Link, LinkCounters
from packhorse.testing.pair import End, Pair

__all__ = [
    "CUT",
    "PERFECT",
    "Conditions",
    "End",
    "Link",
    "LinkCounters",
    "Pair",
    "VirtualClock",
]
