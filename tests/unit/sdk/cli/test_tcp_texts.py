"""Notices about services and connections say what happened and what to do."""

import pytest

from packhorse.cli.tcp_texts import service_sentence
from packhorse.core.streams.format import ResetReason
from packhorse.middleman.notices import ConnectionFailed, ServiceMissing, TooManyConnections

HERE = ("127.0.0.1", 25565)


@pytest.mark.parametrize(
    ("notice", "parts"),
    [
        (
            ServiceMissing("tcp", 2, 1),
            ["the host offers 1 TCP server, so --tcp number 2 leads nowhere", "with another --tcp"],
        ),
        (
            ServiceMissing("udp", 1, 0),
            ["the host offers no UDP servers, so --udp number 1 ", "leave it out, or ask the host"],
        ),
        (
            TooManyConnections(HERE, 240),
            ["127.0.0.1:25565 was reset: a room carries 240 from one client", "close some"],
        ),
    ],
)
def test_notice_is_told_with_numbers_and_advice(
    notice: ServiceMissing | TooManyConnections, parts: list[str]
) -> None:
    sentence = service_sentence(notice)

    assert [part for part in parts if part not in sentence] == []


@pytest.mark.parametrize("reason", list(ResetReason))
def test_every_reason_of_a_failed_connection_has_its_words(reason: ResetReason) -> None:
    sentence = service_sentence(ConnectionFailed(HERE, reason))

    assert sentence.startswith("a connection to 127.0.0.1:25565 was reset: ")
    assert len(sentence) > 60
