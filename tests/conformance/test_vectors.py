"""The vectors against packhorse.wire, and what every vector file must keep to."""

import pytest

from packhorse.wire.constants import DropReason
from packhorse.wire.messages import MESSAGE_CLASSES, Message
from tests.conformance import known_differences
from tests.support import make_vectors
from tests.support.vectors import FOLDER, Vector, all_vectors, load, manifest
from tests.support.wire_json import CODECS, drop_of

VECTORS = all_vectors()
VALID = [vector for vector in VECTORS if vector.decoded is not None]
INVALID = [vector for vector in VECTORS if vector.decoded is None]
MESSAGES = [vector for vector in VALID if vector.topic in {"ctrl", "seal"}]
ENCODED = [vector for vector in VALID if CODECS[vector.topic].encode is not None]
# What decoding alone can find: header, msgpack profile, messages, SEAL, frames.
CODEC_REASONS = [
    *list(DropReason)[: list(DropReason).index(DropReason.REPLAYED) + 1],
    DropReason.BAD_FRAME,
]


def vector_name(vector: Vector) -> str:
    """Return the test id of a vector."""
    return vector.name


def as_parameter(vector: Vector) -> object:
    """Return a parameter that is expected to fail where the SDK is known to differ."""
    reason = known_differences.VECTORS.get(vector.name)
    marks = [pytest.mark.xfail(reason=f"issue 3: {reason}")] if reason else []
    return pytest.param(vector, id=vector.name, marks=marks)


@pytest.mark.parametrize("vector", [as_parameter(vector) for vector in VALID])
def test_valid_vector_is_decoded_to_what_it_says(vector: Vector) -> None:
    decoded = CODECS[vector.topic].decode(vector)

    assert decoded == vector.decoded, vector.comment


@pytest.mark.parametrize("vector", INVALID, ids=vector_name)
def test_invalid_vector_is_dropped_for_its_reason(vector: Vector) -> None:
    reason = drop_of(vector)

    assert reason == vector.drop, vector.comment


@pytest.mark.parametrize("vector", ENCODED, ids=vector_name)
def test_valid_vector_is_encoded_to_its_bytes(vector: Vector) -> None:
    encode = CODECS[vector.topic].encode
    assert encode is not None
    assert vector.decoded is not None

    encoded = encode(vector, vector.decoded)

    assert encoded.hex() == vector.encoded.hex(), vector.comment


def test_manifest_lists_every_file_of_the_folder() -> None:
    files = {path.name for path in FOLDER.iterdir()}

    assert files == {entry.file for entry in manifest()} | {"manifest.json", "README.md"}


def test_manifest_topics_are_all_consumed() -> None:
    topics = [entry.topic for entry in manifest()]

    assert sorted(topics) == sorted(CODECS)


def test_manifest_counts_are_those_that_run() -> None:
    listed = sum(entry.count for entry in manifest())

    assert len(VALID) + len(INVALID) == listed > 1000


def test_vectors_are_what_make_vectors_writes() -> None:
    assert make_vectors.main(["--check"]) == 0


@pytest.mark.parametrize("reason", CODEC_REASONS)
def test_drop_reason_of_a_decoder_has_a_vector(reason: DropReason) -> None:
    assert any(vector.drop == reason.value for vector in INVALID)


def test_drops_of_invalid_vectors_are_registered() -> None:
    drops = {vector.drop for vector in INVALID if vector.topic != "room_code"}

    assert drops <= {reason.value for reason in DropReason}


@pytest.mark.parametrize("topic", [entry.topic for entry in manifest()])
def test_topic_has_a_case_worked_out_by_hand(topic: str) -> None:
    assert any("independent" in vector.flags for vector in load(topic))


@pytest.mark.parametrize("message_class", MESSAGE_CLASSES.values(), ids=lambda cls: cls.__name__)
def test_message_has_vectors_with_and_without_each_optional_field(
    message_class: type[Message],
) -> None:
    optional = [field.name for field in message_class.FIELDS if field.optional]
    decoded = [vector.decoded["message"] for vector in MESSAGES if vector.decoded]
    found = [message for message in decoded if message["type"] == message_class.TYPE.name]

    assert found
    assert all(any(name in message for message in found) for name in optional)
    assert all(any(name not in message for message in found) for name in optional)
