"""The layout of messages, next to what a C compiler would make of the same structures."""

import ctypes
from typing import Any

import pytest

from packhorse_relay.dataplane.message_layout import NATIVE, MessageLayout


def structures(word: Any) -> tuple[type[ctypes.Structure], type[ctypes.Structure]]:
    """Return struct mmsghdr and struct cmsghdr for pointers and sizes of a type."""

    class Msghdr(ctypes.Structure):
        _fields_ = (
            ("name", word),
            ("name_length", ctypes.c_uint32),
            ("vectors", word),
            ("vector_count", word),
            ("control", word),
            ("control_length", word),
            ("flags", ctypes.c_int32),
        )

    class Mmsghdr(ctypes.Structure):
        _anonymous_ = ("header",)
        _fields_ = (("header", Msghdr), ("length", ctypes.c_uint32))

    class Cmsghdr(ctypes.Structure):
        _fields_ = (("length", word), ("level", ctypes.c_int32), ("type", ctypes.c_int32))

    return Mmsghdr, Cmsghdr


@pytest.mark.parametrize(
    ("word", "kind"), [(4, ctypes.c_uint32), (8, ctypes.c_uint64)], ids=["32 bit", "64 bit"]
)
def test_layout_is_that_of_the_structures(word: int, kind: Any) -> None:
    layout, (message, control) = MessageLayout.of(word), structures(kind)

    fields = [
        "name",
        "name_length",
        "vectors",
        "vector_count",
        "control",
        "control_length",
        "flags",
        "length",
    ]
    offsets = {name: getattr(message, name).offset for name in fields}
    assert {name: getattr(layout, name) for name in fields} == offsets
    assert layout.message == ctypes.sizeof(message)
    assert layout.control_header == ctypes.sizeof(control)
    assert layout.vector == 2 * ctypes.sizeof(kind)


@pytest.mark.parametrize(("word", "space"), [(4, 16), (8, 24)])
def test_control_message_is_padded_to_a_word(word: int, space: int) -> None:
    """CMSG_SPACE(2)."""
    assert MessageLayout.of(word).control_space(2) == space


@pytest.mark.parametrize(("word", "size"), [("I", 4), ("Q", 8)])
def test_words_have_the_size_of_pointers(word: str, size: int) -> None:
    assert MessageLayout.of(size).word_format == word


def test_native_layout_is_that_of_this_machine() -> None:
    assert NATIVE.word == ctypes.sizeof(ctypes.c_void_p)
