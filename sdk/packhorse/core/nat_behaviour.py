"""How a NAT behaves, in the terms of RFC 4787 (sections 4.1 and 5)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress


class Dependence(StrEnum):
    """On what a mapping or a filter depends, beside the inner address and port."""

    ENDPOINT_INDEPENDENT = "endpoint-independent"
    ADDRESS_DEPENDENT = "address-dependent"
    ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"


Possible = tuple[Dependence, ...]
"""What is not excluded by what was seen; one is certain, none is unknown."""

_HARMLESS: Final = (Dependence.ENDPOINT_INDEPENDENT, Dependence.ADDRESS_DEPENDENT)
_WORST: Final = (Dependence.ADDRESS_AND_PORT_DEPENDENT,)


class NatBehaviour(NamedTuple):
    """What is known of a NAT."""

    is_translated: bool | None
    """There is a NAT at all; None is unknown."""
    mapping: Possible
    filtering: Possible

    @property
    def is_hard(self) -> bool:
        """Each peer sees another port: what a server sees is of no use to a peer."""
        return self.mapping == _WORST


def nat_behaviour(
    own: TransportAddress,
    mapped: Mapping[TransportAddress, TransportAddress],
    *,
    is_answered_from_elsewhere: bool | None,
) -> NatBehaviour:
    """Conclude from what two ports of one server have seen.

    Args:
        own: Address and port of the socket; a wildcard address does not show a translation.
        mapped: What each address of the server saw, all from this socket.
        is_answered_from_elsewhere: An answer came through from an address of the server to
            which this socket had sent nothing; False after several requests; None: not tried.

    Source: RFC 4787 sections 4.1 and 5, RFC 5780 section 4.
    """
    seen = set(mapped.values())
    if not seen:
        return NatBehaviour(None, (), ())
    is_translated = own not in seen
    return NatBehaviour(
        is_translated, _mapping(is_translated, mapped), _filtering(is_answered_from_elsewhere)
    )


def _mapping(
    is_translated: bool,  # noqa: FBT001 - of this module
    mapped: Mapping[TransportAddress, TransportAddress],
) -> Possible:
    if not is_translated:
        return (Dependence.ENDPOINT_INDEPENDENT,)
    if len(set(mapped.values())) > 1:
        return _WORST
    return _HARMLESS if len(mapped) > 1 else ()


def _filtering(is_answered: bool | None) -> Possible:  # noqa: FBT001 - of this module
    if is_answered is None:
        return ()
    return _HARMLESS if is_answered else _WORST
