"""The generated messages agree with protocol.yaml, read without the generator."""

import dataclasses
from typing import Any, Final

import pytest

from packhorse.wire.constants import GREASE_KEYS, MessageType
from packhorse.wire.fields import FieldType
from packhorse.wire.messages import MESSAGE_CLASSES, Message, Ping
from tests.support.vector_cases.build import messages

CLASSES: Final = list(MESSAGE_CLASSES.values())


def class_name(message_class: type[Message]) -> str:
    """Return the test id of a class."""
    return message_class.__name__


def description_of(message_class: type[Message]) -> dict[str, Any]:
    """Return what protocol.yaml says of a class."""
    return messages()[message_class.TYPE.name]


def test_every_type_has_its_class() -> None:
    assert set(MESSAGE_CLASSES) == set(MessageType)
    assert len(CLASSES) == len(messages())


@pytest.mark.parametrize("message_class", CLASSES, ids=class_name)
def test_carrier_sender_and_number_are_those_of_the_description(
    message_class: type[Message],
) -> None:
    description = description_of(message_class)

    assert message_class.TYPE.value == description["type"]
    assert message_class.CARRIER.name == description["carrier"]
    assert message_class.SENDER.value == description["sender"]


@pytest.mark.parametrize("message_class", CLASSES, ids=class_name)
def test_fields_are_those_of_the_description(message_class: type[Message]) -> None:
    found = [
        (field.key, field.name, field.type.value, field.optional) for field in message_class.FIELDS
    ]

    assert found == [
        (part["key"], part["name"], part["type"], part.get("optional", False))
        for part in description_of(message_class)["fields"]
    ]


@pytest.mark.parametrize("message_class", CLASSES, ids=class_name)
def test_bounds_are_those_of_the_description(message_class: type[Message]) -> None:
    parts = {part["name"]: part for part in description_of(message_class)["fields"]}

    for field in message_class.FIELDS:
        part = parts[field.name]
        assert field.minimum == part.get("min", 0)
        assert field.maximum == part.get("max", 0)
        assert list(field.sizes) == part.get("sizes", [])
        assert field.width == len(part.get("of", []))
        assert field.maximum or field.sizes or field.type is FieldType.BOOL


@pytest.mark.parametrize("message_class", CLASSES, ids=class_name)
def test_keys_ascend_and_leave_0_and_grease_alone(message_class: type[Message]) -> None:
    keys = [field.key for field in message_class.FIELDS]

    assert keys == sorted(set(keys))
    assert all(0 < key < GREASE_KEYS[0] for key in keys)


@pytest.mark.parametrize("message_class", CLASSES, ids=class_name)
def test_attributes_are_the_fields_in_order(message_class: type[Message]) -> None:
    attributes = [attribute.name for attribute in dataclasses.fields(message_class)]

    assert attributes == [field.name for field in message_class.FIELDS]


def test_message_cannot_be_changed() -> None:
    ping = Ping(seq=1)

    with pytest.raises(dataclasses.FrozenInstanceError):
        ping.seq = 2  # type: ignore[misc] # that is what the test is about
