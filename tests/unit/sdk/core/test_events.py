"""Tests of what a session tells its application."""

import dataclasses
from typing import Any, get_args

import pytest

from packhorse.core.events import (
    EVERYBODY,
    HOST,
    Event,
    Message,
    PeerEvent,
    PeerId,
    PeerLeft,
)
from packhorse.wire.constants import Mode

CLASSES = [kind for kind in get_args(Event) if kind is not Message]


def test_names_of_destinations_are_those_of_the_protocol() -> None:
    assert (HOST, EVERYBODY) == (1, 0)


def test_modes_have_fixed_numbers() -> None:
    assert [mode.name for mode in sorted(Mode)] == [
        "UNRELIABLE",
        "UNRELIABLE_ORDERED",
        "RELIABLE",
        "RELIABLE_UNORDERED",
    ]


def test_message_is_unreliable_and_on_channel_0_unless_said_otherwise() -> None:
    message = Message(b"hi", PeerId(3))

    assert (message.mode, message.channel) == (Mode.UNRELIABLE, 0)


def test_peer_that_left_for_no_known_reason_has_code_0() -> None:
    assert PeerLeft(PeerId(3)).code == 0


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_event_is_frozen_and_has_slots(kind: Any) -> None:
    assert dataclasses.fields(kind) is not None
    assert kind.__dataclass_params__.frozen
    assert not hasattr(kind(*([None] * len(dataclasses.fields(kind)))), "__dict__")


def test_every_peer_event_names_its_peer() -> None:
    assert {"peer" in kind.__slots__ for kind in get_args(PeerEvent)} == {True}
