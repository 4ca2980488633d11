"""Tests of what a program keeps of its session."""

from dataclasses import replace

import pytest

from packhorse.core.saved_session import SavedSession
from packhorse.wire.errors import ConfigurationError

SAVED = SavedSession(0xFFFFFFFE, bytes(range(32)), 1200, b"\xff\xfe ticket")


@pytest.mark.parametrize("ticket", [None, b"x", b"\xff" * 256])
def test_text_gives_the_session_back(ticket: bytes | None) -> None:
    saved = SavedSession(1, bytes(range(32)), 576, ticket)

    text = saved.to_text()

    assert SavedSession.from_text(text) == saved
    assert text.isascii()
    assert not set(text) & set(" \n+/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense!",
        "AAAA",
        SAVED.to_text()[:30],
        SAVED.to_text()[1:],
        "ä" * 80,
        replace(SAVED, max_datagram=255).to_text(),
        replace(SAVED, max_datagram=1407).to_text(),
        replace(SAVED, ticket=bytes(257)).to_text(),
    ],
)
def test_other_text_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        SavedSession.from_text(text)

    assert refused.value.advice


def test_session_of_another_version_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="another version"):
        SavedSession.from_text("Ag" + SAVED.to_text()[2:])
