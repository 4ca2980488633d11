"""What one stage of the examination of a relay has shown."""

from dataclasses import dataclass
from enum import StrEnum


class ExaminationStage(StrEnum):
    """The stages in their order; the value is their name for scripts."""

    RESOLVE = "resolve"
    UDP = "udp"
    WEBSOCKET = "websocket"
    VERSION = "version"
    RTT = "rtt"
    SIZE = "size"
    MAPPING = "mapping"
    FILTERING = "filtering"
    HAIRPIN = "hairpin"
    GATEWAY = "gateway"
    IPV6 = "ipv6"
    CLOCK = "clock"

    @property
    def label(self) -> str:
        """The stage for people; the first six are those of the Godot editor, too."""
        return _LABELS[self]


_LABELS = {
    ExaminationStage.RESOLVE: "Name",
    ExaminationStage.UDP: "UDP",
    ExaminationStage.WEBSOCKET: "WebSocket",
    ExaminationStage.VERSION: "Version",
    ExaminationStage.RTT: "Round trip",
    ExaminationStage.SIZE: "Largest datagram",
    ExaminationStage.MAPPING: "NAT mapping",
    ExaminationStage.FILTERING: "NAT filtering",
    ExaminationStage.HAIRPIN: "Hairpin",
    ExaminationStage.GATEWAY: "Port mapping",
    ExaminationStage.IPV6: "IPv6",
    ExaminationStage.CLOCK: "Clock",
}


class Result(StrEnum):
    """How a stage ended."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one stage."""

    stage: ExaminationStage
    result: Result
    words: str
    advice: str = ""
    """What can be done about it; empty where nothing has to be."""
    seconds: float | None = None
    """How long the stage took; None where that says nothing."""
