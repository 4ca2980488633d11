"""A relay that asks for a pause is asked again when the pause is over, if the caller can wait."""

import asyncio

import pytest

import packhorse
from packhorse.aio import connect as connecting
from packhorse.aio.driver import SessionDriver
from packhorse.core.joining import CreateRoom
from packhorse.wire.constants import ErrorCode
from packhorse_relay.aio.server import RelayServer


@pytest.fixture
def _pause_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first race of an attempt be refused for a tenth of a second."""
    race_once = connecting._Attempt._race_once
    refusals = [packhorse.RateLimitedError(ErrorCode.RATE_LIMITED, "joining the room", 0.1)]

    async def refuse_once(attempt: connecting._Attempt) -> SessionDriver:
        if refusals:
            raise refusals.pop()
        return await race_once(attempt)

    monkeypatch.setattr(connecting._Attempt, "_race_once", refuse_once)


@pytest.mark.usefixtures("_pause_first")
async def test_pause_that_fits_is_waited_out() -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with (
        RelayServer(bind=["127.0.0.1"], port=0) as relay,
        packhorse.host(f"127.0.0.1:{relay.port}", timeout=5.0) as room,
    ):
        assert room.is_host

    assert loop.time() - begin >= 0.1


@pytest.mark.usefixtures("_pause_first")
async def test_pause_that_does_not_fit_is_told_at_once() -> None:
    wish = CreateRoom()

    with pytest.raises(packhorse.RateLimitedError) as refused:
        await connecting.connect(packhorse.RelayAddress("127.0.0.1", 9), wish, 0.1)

    assert refused.value.retry_after == 0.1
    assert any("advice" in note for note in refused.value.__notes__)
