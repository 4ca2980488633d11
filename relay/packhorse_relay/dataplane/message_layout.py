"""Where the fields of Linux' message structures stand, for 32 and 64 bit."""

import ctypes
import sys
from dataclasses import dataclass
from typing import Final, Literal, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLayout:
    """Sizes and offsets in bytes.

    Sources: struct mmsghdr in recvmmsg(2), struct msghdr in recvmsg(2), struct iovec in
    readv(2), struct cmsghdr in cmsg(3).
    """

    word: int
    """A pointer, and what counts bytes."""
    message: int
    """struct mmsghdr."""
    name: int = 0
    name_length: int
    vectors: int
    vector_count: int
    control: int
    control_length: int
    flags: int
    length: int
    """What recvmmsg and sendmmsg write: bytes of the datagram."""
    vector: int
    """struct iovec: a pointer, then a length."""
    control_header: int
    """struct cmsghdr: a length, then level and type of 4 bytes each."""

    @classmethod
    def of(cls, word: int) -> Self:
        """Return the layout for pointers of 4 or 8 bytes."""
        flags = 6 * word
        length = flags + word  # struct msghdr ends in a padded int
        return cls(
            word=word,
            name_length=word,
            vectors=2 * word,
            vector_count=3 * word,
            control=4 * word,
            control_length=5 * word,
            flags=flags,
            length=length,
            message=length + word,  # another one
            vector=2 * word,
            control_header=word + 8,
        )

    @property
    def word_format(self) -> Literal["I", "Q"]:
        """Format of a word for `struct`, `array` and `memoryview`."""
        return "Q" if self.word == 8 else "I"  # noqa: PLR2004 - bytes

    @property
    def low_half(self) -> int:
        """Where the 4 bytes of a small word start within it."""
        return self.word - 4 if sys.byteorder == "big" else 0

    def control_space(self, size: int) -> int:
        """Return the size of a control message with so much data, padding included."""
        return self.control_header + -(-size // self.word) * self.word


NATIVE: Final = MessageLayout.of(ctypes.sizeof(ctypes.c_void_p))
