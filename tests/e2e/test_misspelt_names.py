"""Names of hosts that cannot be names, such as `no..where`: Python has another error for them."""

import pytest

import packhorse
from tests.support.coturn import PASSWORD, USER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


@pytest.mark.parametrize("target", ["udp://no..where:9", "tcp://no..where:9"])
async def test_pipe_to_what_cannot_be_a_name_is_a_typed_error_with_advice(target: str) -> None:
    with pytest.raises(packhorse.ConnectivityError, match=r"no\.\.where") as caught:
        await packhorse.open_pipe(target)
    assert "check the address" in caught.value.advice

    with pytest.raises(packhorse.ConnectivityError, match=r"no\.\.where") as caught:
        async with packhorse.listen_pipes(target):
            pass
    assert "choose another address" in caught.value.advice


async def test_turn_server_that_cannot_be_a_name_is_told_with_advice() -> None:
    with pytest.raises(packhorse.ConnectivityError, match=r"no\.\.where") as caught:
        async with packhorse.turn.allocate("no..where", USER, PASSWORD):
            pass

    assert "check the server's name" in caught.value.advice
