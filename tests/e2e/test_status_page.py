"""The status page in a real browser, with a room behind it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

import packhorse
from tests.support.admin_client import WatchedRelay
from tests.support.chromium import Chromium

PATIENCE: Final = 30.0  # seconds; a slow machine
PHONE: Final = 390  # pixels
CARDS: Final = """[...document.querySelectorAll('.card')].map((card) =>
    ['.name', '.value'].map((part) => card.querySelector(part).textContent))"""
STATE: Final = "document.querySelector('#state')?.textContent"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[WatchedRelay]:
    with WatchedRelay(tmp_path / "state") as relay:
        yield relay


@pytest.fixture
async def room(watched: WatchedRelay) -> AsyncIterator[packhorse.Room]:
    async with (
        packhorse.host(watched.address) as host,
        packhorse.join(watched.address, host.code),
    ):
        yield host


def wait_for_state(browser: Chromium, state: str) -> None:
    browser.wait_for(f"{STATE} === '{state}' ? true : null", timeout=PATIENCE)


async def test_page_shows_the_figures_of_the_relay(
    browser: Chromium, watched: WatchedRelay, room: packhorse.Room
) -> None:
    def look() -> tuple[dict[str, str], str]:
        browser.show(f"{watched.url}/")
        wait_for_state(browser, "running")
        drawn = "document.querySelectorAll('.curve')[9].getAttribute('d') || null"
        browser.wait_for(drawn, timeout=PATIENCE)
        return dict(browser.evaluate(CARDS)), browser.evaluate("document.body.innerText")

    cards, text = await asyncio.to_thread(look)

    assert (cards["Members"], cards["Rooms"]) == ("2", "1")
    assert float(cards["Memory"].removesuffix("MiB")) > 5
    assert "2 of 64 members" in text
    assert "datagrams/s" in text
    assert (cards["WebSocket"], cards["Sent"][-5:]) == ("0connections", "KiB/s")
    assert room.code not in text


async def test_page_shows_codes_after_the_token_was_entered(
    browser: Chromium, watched: WatchedRelay, room: packhorse.Room
) -> None:
    def reveal() -> str:
        token = watched.token_file.read_text().strip()
        browser.show(f"{watched.url}/")
        wait_for_state(browser, "running")
        browser.evaluate("document.querySelector('#reveal').click()")
        wait_for_field = "document.querySelector('#login').hidden ? null : true"
        browser.wait_for(wait_for_field, timeout=PATIENCE)
        browser.evaluate(
            f"document.querySelector('#token').value = '{token}';"
            "document.querySelector('#login').requestSubmit()"
        )
        shown = "document.body.innerText.includes('" + room.code + "') || null"
        browser.wait_for(shown, timeout=PATIENCE)
        return str(browser.evaluate("location.href + document.querySelector('#login').hidden"))

    assert await asyncio.to_thread(reveal) == f"{watched.url}/true"


def test_page_of_a_listener_for_others_asks_for_the_token(
    browser: Chromium, tmp_path: Path
) -> None:
    with WatchedRelay(tmp_path / "state", admin="0.0.0.0:0") as relay:
        browser.show(f"{relay.url}/")
        wait_for_state(browser, "locked")
        enter = (
            "document.querySelector('#token').value = '{}';"
            "document.querySelector('#login').requestSubmit()"
        )
        browser.evaluate(enter.format("wrong token"))
        told = "document.querySelector('#login-text').textContent === 'That token is wrong.'"
        browser.wait_for(f"{told} || null", timeout=PATIENCE)
        asked = relay.get("/metrics", relay.bearer).body.decode()
        assert 'packhorse_admin_requests_total{result="unauthorized"} 2.0' in asked
        browser.evaluate(enter.format(relay.token_file.read_text().strip()))
        wait_for_state(browser, "running")


@pytest.mark.usefixtures("room")
async def test_page_fits_a_telephone(browser: Chromium, watched: WatchedRelay) -> None:
    def widths() -> list[int]:
        size = {"width": PHONE, "height": 844, "deviceScaleFactor": 2, "mobile": True}
        browser._call("Emulation.setDeviceMetricsOverride", **size)
        try:
            browser.show(f"{watched.url}/")
            wait_for_state(browser, "running")
            browser.evaluate("document.querySelector('details').open = true")
            elements = "[...document.querySelectorAll('body :not(.scroll *)')]"
            right = f"{elements}.map((each) => each.getBoundingClientRect().right)"
            found: list[int] = browser.evaluate(
                f"[document.documentElement.scrollWidth, Math.max(...{right})]"
            )
            return found
        finally:
            browser._call("Emulation.clearDeviceMetricsOverride")

    assert max(await asyncio.to_thread(widths)) <= PHONE


def test_page_says_when_the_relay_is_gone_and_comes_back_by_itself(
    browser: Chromium, tmp_path: Path
) -> None:
    with WatchedRelay(tmp_path / "state") as relay:
        browser.show(f"{relay.url}/")
        wait_for_state(browser, "running")
    wait_for_state(browser, "no answer")

    with WatchedRelay(tmp_path / "state", admin=str(relay.admin_port)):
        wait_for_state(browser, "running")
