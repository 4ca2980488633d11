"""The page in examples/browser, in a real browser against a real relay."""

import json
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.support import layout
from tests.support.chromium import Chromium, PageServer
from tests.support.middleman_process import hosting
from tests.support.processes import Started
from tests.support.relay_process import RelayProcess

PAGES: Final = layout.REPOSITORY / "examples" / "browser"
ECHO_HOST: Final = layout.REPOSITORY / "examples" / "sdk_ping_host.py"
PATIENCE: Final = 30.0  # seconds; a slow machine


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    with PageServer(PAGES) as server:
        yield f"{server.url}/index.html"


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    with RelayProcess() as running:
        yield running


def result_of(browser: Chromium, url: str) -> dict[str, Any]:
    """Show the page from its start; return what it reports."""
    browser.show("about:blank")
    browser.show(url)
    told: dict[str, Any] = json.loads(
        browser.wait_for("document.body?.dataset.result ?? null", timeout=PATIENCE)
    )
    return told


def test_page_plays_ping_with_a_python_host_over_udp(
    browser: Chromium, page: str, relay: RelayProcess
) -> None:
    with Started([sys.executable, str(ECHO_HOST), "--relay", relay.address]) as host:
        code = host.wait_for("room").removeprefix("room ").strip().lower()

        told = result_of(browser, f"{page}#relay=ws://{relay.address}&code={code}")

    assert (told["peer"], told["sent"], told["received"]) == (2, 20, 20)
    assert 0 < told["median"] < 1000


def test_page_tells_of_a_wrong_code(browser: Chromium, page: str, relay: RelayProcess) -> None:
    told = result_of(browser, f"{page}#relay=ws://{relay.address}&code=0000-0000")

    assert told == {"error": "the relay answers error 202"}


def test_page_tells_of_a_relay_that_is_not_there(browser: Chromium, page: str) -> None:
    told = result_of(browser, f"{page}#relay=ws://127.0.0.1:1&code=0000-0000")

    assert "cannot be reached" in told["error"]


def test_members_see_the_page_come_and_go(
    browser: Chromium, page: str, relay: RelayProcess
) -> None:
    with hosting(relay.address, 6942) as host:
        result_of(browser, f"{page}#relay=ws://{relay.address}&code={host.first['code']}")

        assert host.expect("peer_joined") == {"event": "peer_joined", "peer": 2}
        assert host.expect("peer_left") == {"event": "peer_left", "peer": 2, "code": 0}


def test_codec_of_the_page_agrees_with_the_vectors(browser: Chromium, page: str) -> None:
    """MSG-1 and MSG-3: valid bytes come out as they went in, all others are refused."""
    folder = layout.REPOSITORY / "protocol_spec" / "vectors"
    cases = json.loads((folder / "msgpack.json").read_text("utf-8"))["cases"]
    expected = [case["bytes"] if case["result"] == "valid" else None for case in cases]
    browser.show(page)
    browser.wait_for("document.readyState === 'complete' || null", timeout=PATIENCE)

    again = browser.evaluate(_ROUND_TRIP % json.dumps([case["bytes"] for case in cases]))

    assert any(expected)
    assert again == expected


def test_page_reads_room_codes_as_the_vectors_say(browser: Chromium, page: str) -> None:
    """Upper case makes an S of U+017F and an I of U+0131, which are in no code."""
    folder = layout.REPOSITORY / "protocol_spec" / "vectors"
    cases = json.loads((folder / "room_code.json").read_text("utf-8"))["cases"]
    typed = [case["input"]["text"] for case in cases]
    expected = [case["decoded"]["code"] if case["result"] == "valid" else None for case in cases]
    browser.show(page)

    codes = browser.evaluate(_CODES % json.dumps(typed))

    assert codes == expected


def test_page_finds_the_port_of_a_relay(browser: Chromium, page: str) -> None:
    """A port 443 that was given counts, though `URL` leaves it out."""
    browser.show(page)
    expected = {
        "wss://relay.example": "wss://relay.example:6969/v1",
        "wss://relay.example:443/room": "wss://relay.example/room",
        "ws://relay.example:80": "ws://relay.example/v1",
        "ws://[::1]:7000": "ws://[::1]:7000/v1",
        "ws://[::1]": "ws://[::1]:6969/v1",
    }

    told = browser.evaluate(_RELAY_URLS % json.dumps(list(expected)))

    assert dict(zip(expected, told, strict=True)) == expected


_RELAY_URLS: Final = """
    import("./packhorse.js").then(({ relayUrl }) => %s.map((relay) => relayUrl(relay).href))
"""
_CODES: Final = """
    import("./packhorse.js").then(({ canonical }) => %s.map((typed) => {
        try {
            return canonical(typed);
        } catch {
            return null;
        }
    }))
"""
_ROUND_TRIP: Final = """
    import("./msgpack.js").then(({ decode, encode }) => %s.map((hex) => {
        const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
        try {
            const again = Array.from(encode(decode(bytes)));
            return again.map((byte) => byte.toString(16).padStart(2, "0")).join("");
        } catch {
            return null;
        }
    }))
"""
