"""What the measurements of a relay mean, in words with advice."""

from collections.abc import Sequence
from typing import Final

from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.wire.constants import (
    MAX_DATAGRAM_DEFAULT,
    MAX_DATAGRAM_FALLBACK,
    WIRE_VERSION,
    ErrorCode,
)
from packhorse.wire.messages import Challenge, Error, RelayCtrl

_MUCH_LOSS: Final = 0.05  # of the probes; games begin to feel it
_LONG_WAY: Final = 0.15  # seconds there and back; fast games begin to feel it
_CLOCK_TOLERANCE: Final = 60.0  # seconds


def resolved(host: str, addresses: Sequence[str], seconds: float) -> Finding:
    """Return the finding about the relay's name; `addresses` is empty when it has none."""
    stage = ExaminationStage.RESOLVE
    if not addresses:
        advice = "Check the spelling of the relay's name and your network connection."
        return Finding(stage, Result.FAILED, f"{host} has no address", advice, seconds)
    if list(addresses) == [host]:
        return Finding(stage, Result.PASSED, "an address needs no looking up")
    return Finding(stage, Result.PASSED, ", ".join(addresses), seconds=seconds)


def udp(address: str, seconds: float) -> Finding:
    """Return the finding about UDP; `address` is the one that answered, empty when none did."""
    stage = ExaminationStage.UDP
    if address:
        return Finding(stage, Result.PASSED, f"{address} answers", seconds=seconds)
    advice = (
        "Check that the relay runs, that the port is right, and that no firewall blocks UDP there."
    )
    return Finding(stage, Result.FAILED, "no answer", advice, seconds)


def websocket(
    url: str, problem: str, rtts: Sequence[float], *, by_udp: bool, seconds: float
) -> Finding:
    """Return the finding about WebSocket.

    Args:
        url: What was tried last.
        problem: Empty when the relay answered.
        rtts: Seconds of the answered probes.
        by_udp: It answers by UDP: then a problem is a warning only.
        seconds: How long that took.
    """
    stage = ExaminationStage.WEBSOCKET
    if not problem:
        words = f"{url} answers" + (f", median {_ms(_median(rtts))}" if rtts else "")
        return Finding(stage, Result.PASSED, words, seconds=seconds)
    if not by_udp:
        advice = "Check the address, and that no firewall blocks TCP to the relay's port."
        return Finding(stage, Result.FAILED, problem, advice, seconds)
    advice = (
        "Games in browsers, and players behind firewalls that block UDP, cannot join. "
        "Open the relay's port for TCP, too."
    )
    return Finding(stage, Result.WARNING, problem, advice, seconds)


def version(answer: RelayCtrl) -> Finding:
    """Return the finding about the version, from the relay's answer to HELLO."""
    stage = ExaminationStage.VERSION
    if isinstance(answer, Challenge) and answer.version == WIRE_VERSION:
        return Finding(stage, Result.PASSED, f"both speak version {WIRE_VERSION}")
    if not isinstance(answer, Error) or answer.code != ErrorCode.UNSUPPORTED_VERSION:
        words = "the relay gave an answer that does not fit"
        return Finding(stage, Result.FAILED, words, "Update packhorse and the relay.")
    least, most = answer.version_min or 0, answer.version_max or 0
    words = f"the relay speaks version {least} to {most}, this program {WIRE_VERSION}"
    advice = "Update the relay." if most < WIRE_VERSION else "Update packhorse."
    return Finding(stage, Result.FAILED, words, advice)


def round_trip(rtts: Sequence[float], sent: int) -> Finding:
    """Return the finding about round trips; `rtts` in seconds, of `sent` probes."""
    stage = ExaminationStage.RTT
    if not rtts:
        advice = "Try again; the way is broken."
        return Finding(stage, Result.FAILED, f"none of {sent} probes came back", advice)
    middle, lost = _median(rtts), sent - len(rtts)
    words = f"median {_ms(middle)}, least {_ms(min(rtts))}, {lost} of {sent} lost"
    if lost > sent * _MUCH_LOSS:
        advice = "Datagrams get lost on the way: try a cable instead of Wi-Fi."
        return Finding(stage, Result.WARNING, words, advice)
    if middle > _LONG_WAY:
        advice = "The relay is far away: one nearer to the players makes fast games feel better."
        return Finding(stage, Result.WARNING, words, advice)
    return Finding(stage, Result.PASSED, words)


def largest_datagram(size: int) -> Finding:
    """Return the finding about the largest datagram that came through; 0 bytes for none."""
    stage = ExaminationStage.SIZE
    if size >= MAX_DATAGRAM_DEFAULT:
        return Finding(stage, Result.PASSED, f"{size} bytes reach the relay")
    if size >= MAX_DATAGRAM_FALLBACK:
        words = f"{size} bytes reach the relay, {MAX_DATAGRAM_DEFAULT} do not"
        advice = "Games work, in smaller datagrams. A VPN or tunnel on the way is the usual cause."
        return Finding(stage, Result.WARNING, words, advice)
    words = f"{MAX_DATAGRAM_FALLBACK} bytes do not reach the relay"
    advice = "A VPN or tunnel on the way takes too small datagrams: try without it."
    return Finding(stage, Result.FAILED, words, advice)


def clock(offset: float) -> Finding:
    """Return the finding about the clock; `offset` is how far this machine's is ahead, seconds."""
    stage = ExaminationStage.CLOCK
    if abs(offset) <= _CLOCK_TOLERANCE:
        return Finding(stage, Result.PASSED, "agrees with the relay's to the minute")
    words = f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the relay's"
    advice = "Set the clocks of both: TLS certificates and tickets depend on them."
    return Finding(stage, Result.WARNING, words, advice)


def skipped(stage: ExaminationStage, why: str) -> Finding:
    """Return the finding about a stage that is needless or impossible."""
    return Finding(stage, Result.SKIPPED, why)


def _median(rtts: Sequence[float]) -> float:
    ordered, middle = sorted(rtts), len(rtts) // 2
    return (ordered[middle] + ordered[-middle - 1]) / 2


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
