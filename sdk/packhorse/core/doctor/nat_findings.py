"""What the measurements of the own NAT mean, in words with advice."""

from collections.abc import Sequence
from typing import Final

from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.core.nat_behaviour import NatBehaviour, Possible

_SWITCH_ON: Final = (
    "Switch on port mapping (UPnP or NAT-PMP) in the router: then it does not matter."
)


def mapping(behaviour: NatBehaviour, mapped: str) -> Finding:
    """Return the finding about the mapping; `mapped` is the address that the relay sees."""
    stage = ExaminationStage.MAPPING
    if behaviour.is_translated is False:
        return Finding(stage, Result.PASSED, f"none: the relay sees {mapped}, as this machine does")
    if not behaviour.mapping:
        return Finding(stage, Result.SKIPPED, f"seen as {mapped}; the relay has no second port")
    words = f"{_words(behaviour.mapping)}; seen as {mapped}"
    if not behaviour.is_hard:
        return Finding(stage, Result.PASSED, words)
    advice = f"Players behind strict routers are reached over the relay only. {_SWITCH_ON}"
    return Finding(stage, Result.WARNING, words, advice)


def filtering(behaviour: NatBehaviour) -> Finding:
    """Return the finding about the filtering; all kinds of it can be lived with."""
    return Finding(ExaminationStage.FILTERING, Result.PASSED, _words(behaviour.filtering))


def hairpin(*, works: bool) -> Finding:
    """Return the finding about datagrams from inside to an address outside."""
    words = (
        "works"
        if works
        else "does not work; players in one home meet by the addresses of their own network"
    )
    return Finding(ExaminationStage.HAIRPIN, Result.PASSED, words)


def gateway(protocol: str, address: str, *, is_hard: bool) -> Finding:
    """Return the finding about port mapping.

    Args:
        protocol: What the router understands; empty for nothing.
        address: What it forwards; empty when it has no public address itself.
        is_hard: The NAT is one that only port mapping gets around.
    """
    stage = ExaminationStage.GATEWAY
    if protocol and address:
        return Finding(stage, Result.PASSED, f"{protocol} forwards {address}")
    if protocol:
        advice = "It is behind another router, perhaps the provider's, which nothing here can open."
        words = f"{protocol} answers, but the router has no public address"
        return Finding(stage, Result.WARNING, words, advice if is_hard else "")
    result = Result.WARNING if is_hard else Result.SKIPPED
    words = "the router forwards no ports by itself"
    return Finding(stage, result, words, _SWITCH_ON if is_hard else "")


def ipv6(own: Sequence[str], relay: Sequence[str], answering: Sequence[str]) -> Finding:
    """Return the finding about IPv6.

    Args:
        own: IPv6 addresses of this machine.
        relay: IPv6 addresses of the relay.
        answering: Those of them that answer.
    """
    stage = ExaminationStage.IPV6
    if not own:
        return Finding(stage, Result.SKIPPED, "this machine has no IPv6 address")
    if not relay:
        return Finding(stage, Result.SKIPPED, "the relay's name has no IPv6 address")
    if answering:
        return Finding(stage, Result.PASSED, f"{answering[0]} answers")
    advice = "Open the relay's port for IPv6, or take the IPv6 address out of its name."
    return Finding(stage, Result.WARNING, f"no answer from {relay[0]}", advice)


def _words(possible: Possible) -> str:
    return " or ".join(str(each) for each in possible)
