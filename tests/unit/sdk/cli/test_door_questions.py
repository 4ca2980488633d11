"""Whom an answer is meant for."""

import pytest

from packhorse.cli.door_questions import MAX_QUESTIONS, Question, Questions
from packhorse.wire.constants import APPROVAL
from packhorse.wire.errors import ConfigurationError


def asked(*requests: int, now: float = 0.0) -> Questions:
    questions = Questions()
    for request in requests:
        assert questions.ask(request, f"name {request}", now=now)
    return questions


def test_answer_without_a_number_is_for_the_only_one_who_waits() -> None:
    questions = asked(7)

    assert questions.answer(None, now=1.0) == Question(7, "name 7", APPROVAL)
    assert questions.open == ()


def test_answer_without_a_number_is_refused_when_several_wait() -> None:
    questions = asked(1, 2)

    with pytest.raises(ConfigurationError, match="waiting: 1, 2"):
        questions.answer(None, now=1.0)

    assert questions.answer(2, now=1.0).name == "name 2"
    assert questions.answer(None, now=1.0).name == "name 1"


def test_answer_to_a_question_that_expires_just_now_admits_nobody_else() -> None:
    questions = asked(1)
    questions.ask(2, "Mallory", now=5.0)

    with pytest.raises(ConfigurationError, match="waiting: 2"):
        questions.answer(None, now=APPROVAL)

    assert questions.answer(None, now=APPROVAL + 2.0).name == "Mallory"


def test_question_in_the_place_of_another_is_not_answered_by_what_was_meant_for_that() -> None:
    """A relay that was restarted counts the requests from 1 again."""
    questions = asked(1)
    questions.ask(1, "Mallory", now=5.0)

    with pytest.raises(ConfigurationError, match="waiting: 1"):
        questions.answer(None, now=5.5)

    assert questions.answer(1, now=5.5).name == "Mallory"


@pytest.mark.parametrize("request_", [None, 3])
def test_answer_is_refused_when_nobody_waits(request_: int | None) -> None:
    with pytest.raises(ConfigurationError, match="wait") as caught:
        Questions().answer(request_, now=0.0)

    assert caught.value.advice


def test_question_that_was_dropped_is_not_open() -> None:
    questions = asked(1)
    (first,) = questions.open
    questions.ask(1, "another", now=1.0)

    questions.drop(first, now=1.0)
    assert [each.name for each in questions.open] == ["another"]

    questions.drop(questions.open[0], now=1.0)
    assert questions.open == ()


def test_questions_are_bounded() -> None:
    questions = asked(*range(1, MAX_QUESTIONS + 1))

    assert questions.ask(MAX_QUESTIONS + 1, "one more", now=0.0) is None
    assert len(questions.open) == MAX_QUESTIONS
