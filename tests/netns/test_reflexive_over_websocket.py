"""Members that reach the relay by WebSocket find out by STUN where they can be reached by UDP."""

import pytest

from tests.support.nat_kinds import Kind
from tests.support.nat_lab import Plan
from tests.support.traversal import RELAY
from tests.support.traversal_cases import Case

pytestmark = pytest.mark.usefixtures("netns")

HOME = Plan(Kind.PORT_RESTRICTED)
WEBSOCKET = f"ws://{RELAY}"


@pytest.mark.parametrize(
    "relays", [(RELAY, WEBSOCKET), (WEBSOCKET, WEBSOCKET)], ids=["one", "both"]
)
def test_members_on_websocket_reach_each_other_directly(relays: tuple[str, str]) -> None:
    (run,) = Case("on WebSocket", (HOME, HOME), is_direct=True, relays=relays).run(1)
    assert run.relay == "relay_websocket"
    assert run.is_direct
    assert run.lost == run.doubled == 0
