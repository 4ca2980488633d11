"""Tests of the words for where joining stands."""

from packhorse.core.stages import Stage


def test_stages_come_in_the_order_of_joining() -> None:
    assert [stage.name for stage in Stage] == [
        "RESOLVING",
        "REACHING",
        "JOINING",
        "WAITING",
        "READING_ROSTER",
        "CONNECTED",
    ]


def test_words_complete_a_sentence_about_a_failure() -> None:
    doing = [stage.value for stage in Stage if stage is not Stage.CONNECTED]

    assert all(words.split()[0].endswith("ing") for words in doing)
    assert all(words == words.lower() and not words.endswith(".") for words in doing)
