"""The eBPF programs that ship are those of their source."""

import sys
from typing import Final

import pytest

from packhorse_relay.dataplane.kernel import program
from tests.support import make_kernel_program

COMPILES: Final = pytest.mark.skipif(sys.platform != "linux", reason="headers of Linux")


def test_programs_were_made_from_this_source() -> None:
    assert make_kernel_program.source_hash() == program.SOURCE_HASH


@COMPILES
def test_programs_are_what_their_source_gives() -> None:
    """Compares the instructions where the compiler is the one that made them."""
    assert make_kernel_program.differences() == []


@COMPILES
def test_source_compiles_here_to_programs_with_the_same_maps() -> None:
    compiled = make_kernel_program.compile_source()

    for name, shipped in (("tc", program.TC), ("xdp", program.XDP)):
        assert set(compiled[name].maps.values()) == set(shipped.maps.values())
        assert len(compiled[name].code) % 8 == 0
