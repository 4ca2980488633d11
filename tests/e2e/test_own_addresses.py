"""The relay knows its own addresses, also where it listens on all of the machine."""

from unittest.mock import patch

import pytest

from packhorse.wire.constants import DropReason
from packhorse.wire.legacy import encode_legacy
from packhorse_relay.aio import own_addresses
from packhorse_relay.aio.own_addresses import OwnAddresses
from packhorse_relay.aio.server import RelayServer

pytestmark = pytest.mark.e2e


def listening(*addresses: tuple[str, int]) -> OwnAddresses:
    own = OwnAddresses()
    own.listen_on(addresses)
    return own


@pytest.mark.parametrize(
    ("source", "is_own"),
    [
        (("127.0.0.1", 6969), True),
        (("127.0.0.9", 6969), True),
        (("127.0.0.1", 6970), False),
        (("192.0.2.1", 6969), False),
    ],
)
def test_relay_on_every_address_is_any_address_of_the_machine(
    source: tuple[str, int],
    is_own: bool,  # noqa: FBT001
) -> None:
    assert (source in listening(("0.0.0.0", 6969))) is is_own  # noqa: S104


def test_relay_on_one_address_is_that_address() -> None:
    own = listening(("127.0.0.1", 6969))

    assert ("127.0.0.1", 6969) in own
    assert ("127.0.0.2", 6969) not in own


def test_answers_are_kept_for_30_s_and_for_1024_hosts() -> None:
    """LIM-1: forged sources fill no table; an address that comes later is noticed."""
    now = [0.0]
    own = OwnAddresses(lambda: now[0])
    own.listen_on([("0.0.0.0", 6969)])  # noqa: S104
    with patch.object(own_addresses, "_can_bind", return_value=False) as can_bind:
        for number in range(2000):
            assert (f"10.0.{number // 250}.{number % 250}", 6969) not in own
        assert ("10.0.7.249", 6969) not in own
        asked = can_bind.call_count
        now[0] = 30.0
        can_bind.return_value = True
        assert ("10.0.7.249", 6969) in own

    assert asked == 2000
    assert len(own._answers) == 1024


async def test_attack_06_registration_forged_from_the_relay_itself_is_refused() -> None:
    """LEG-3: listening on 0.0.0.0, of which nobody ever hears."""
    async with RelayServer(bind=["0.0.0.0"], port=0, with_legacy=True) as relay:  # noqa: S104
        relay._receive(encode_legacy(1), ("127.0.0.1", relay.port), 0)

        assert relay.drops == {DropReason.LEGACY_OWN_ADDRESS: 1}
