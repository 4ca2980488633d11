"""Numbers of 16 bits become the integers that they were."""

import pytest

from packhorse.core.delivery.serial import expand


@pytest.mark.parametrize(
    ("short", "reference", "expected"),
    [
        (5, 0, 5),
        (0, 65535, 65536),
        (65535, 65536, 65535),
        (0x7FFF, 0, 0x7FFF),
        (0x8000, 0, -0x8000),  # of two that are equally near, the lower one
        (0x8001, 1, -0x7FFF),
        (0xFFFF, 0, -1),
        (3, 10 * 65536 + 2, 10 * 65536 + 3),
    ],
)
def test_number_nearest_to_the_reference_is_taken(
    short: int, reference: int, expected: int
) -> None:
    assert expand(short, reference) == expected


def test_count_goes_on_over_many_wraps() -> None:
    reference = 0

    for number in range(0, 5 * 65536, 32767):
        reference = expand(number & 0xFFFF, reference)
        assert reference == number
