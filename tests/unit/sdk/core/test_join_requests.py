"""Tests of telling each request to join once."""

from packhorse.core.join_requests import JoinRequests


def test_request_is_new_once() -> None:
    requests = JoinRequests()

    assert [requests.is_new(number) for number in (1, 2, 1, 2, 3)] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_no_more_than_64_are_remembered() -> None:
    """LIM-1."""
    requests = JoinRequests()
    for number in range(1000):
        requests.is_new(number)

    assert len(requests._told) == 64
    assert not requests.is_new(936)
