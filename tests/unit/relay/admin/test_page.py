"""Tests of the status page as a document; how it looks is for eyes."""

import base64
import hashlib
import re

from packhorse_relay.admin.page import status_page


def test_policy_allows_exactly_the_style_and_the_script_of_the_page() -> None:
    page = status_page()
    text = page.body.decode()

    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page.policy
    assert "unsafe" not in page.policy
    assert page.policy.startswith("default-src 'none'")


def test_page_asks_for_nothing_from_elsewhere() -> None:
    text = status_page().body.decode()

    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", text)
    assert links == ["data:,"]
    assert re.findall(r"https?://[^\s\"']+", text) == ["http://www.w3.org/2000/svg"]


def test_page_writes_what_it_is_told_as_text_only() -> None:
    """Attack 29: a name that is markup. Only text nodes are made of what comes."""
    text = status_page().body.decode()

    for dangerous in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("):
        assert dangerous not in text
    assert not re.search(r"\son\w+=", text)
    assert "style=" not in text


def test_page_puts_the_token_into_a_header_and_never_into_an_address() -> None:
    text = status_page().body.decode()

    assert "Authorization: `Bearer ${token}`" in text
    assert not re.search(r"`[^`]*/api[^`]*\$\{token\}", text)
