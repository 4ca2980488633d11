"""Answers find whoever waits for them."""

import asyncio

import pytest

from packhorse.aio.answers import Answers
from packhorse.wire.constants import ErrorCode
from packhorse.wire.errors import SessionClosedByError, TransactionTimeoutError


async def test_answer_reaches_its_request_and_is_forgotten() -> None:
    answers: Answers[str] = Answers()
    first, second = answers.expect(1), answers.expect(2)

    answers.give(2, "two")
    answers.give(1, "one")
    answers.give(1, "again")
    answers.give(3, "nobody asked")

    assert (await first, await second) == ("one", "two")
    await asyncio.sleep(0)
    assert len(answers) == 0


async def test_request_that_is_given_up_is_forgotten() -> None:
    answers: Answers[str] = Answers()
    request = answers.expect(1)

    request.cancel()
    await asyncio.sleep(0)

    assert len(answers) == 0
    answers.give(1, "late")


async def test_error_reaches_everybody() -> None:
    answers: Answers[str] = Answers()
    requests = [answers.expect(number) for number in range(2)]
    answers.give(0, "in time")

    answers.fail(SessionClosedByError(ErrorCode.ROOM_CLOSED))

    assert await requests[0] == "in time"
    with pytest.raises(SessionClosedByError):
        await requests[1]


async def test_waiting_ends_with_the_answer_or_with_the_time() -> None:
    answers: Answers[str] = Answers()
    asyncio.get_running_loop().call_soon(answers.give, 1, "one")

    assert await answers.wait(1, 5.0, "asking") == "one"
    with pytest.raises(TransactionTimeoutError, match="no answer while asking"):
        await answers.wait(2, 0.0, "asking")
    await asyncio.sleep(0)
    assert len(answers) == 0


async def test_error_that_is_a_timeout_itself_is_not_mistaken_for_the_end_of_waiting() -> None:
    answers: Answers[str] = Answers()
    lost = TransactionTimeoutError("reading the roster", 4, 5.75)
    asyncio.get_running_loop().call_soon(answers.fail, lost)

    with pytest.raises(TransactionTimeoutError) as caught:
        await answers.wait(1, 5.0, "asking")

    assert caught.value is lost
