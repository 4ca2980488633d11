"""Tests of limits that change while the relay runs."""

from packhorse.wire.constants import ErrorCode
from packhorse.wire.messages import Error
from packhorse_relay.core.live import LIVE
from packhorse_relay.core.settings import Settings
from tests.support.relay_harness import Applicant, Rig, address


def test_changed_limits_bind_those_who_come_next() -> None:
    rig = Rig()
    host, _ = rig.room(2)

    rig.core.change_settings(Settings(max_rooms=1, max_peers=2))

    refused = rig.ask_to_create(Applicant(address=address(9))).answer
    assert isinstance(refused, Error)
    assert refused.code == ErrorCode.RELAY_FULL
    assert rig.join(host.code, address(10)).peer == 3  # the room was opened for more


def test_limits_that_can_change_are_settings() -> None:
    assert set(Settings.__dataclass_fields__) >= LIVE
