"""Tests of the helper that starts programs and reads what they print."""

import sys

import pytest

from tests.support import processes, stages


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_run_returns_code_and_both_outputs() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"

    done = processes.run(python(code), timeout=10)

    assert done.returncode == 3
    assert done.stdout.splitlines() == ["out", "err"]


def test_run_past_its_timeout_fails_with_the_output() -> None:
    with pytest.raises(AssertionError, match=r"still running after 0\.5 s:\nready"):
        processes.run(python("import time; print('ready'); time.sleep(60)"), timeout=0.5)


def test_wait_for_returns_the_line_of_a_running_program() -> None:
    with processes.Started(python("print('one'); print('two 2'); input()")) as started:
        assert started.wait_for("two") == "two 2"

    assert started.lines[:2] == ["one", "two 2"]


def test_wait_for_fails_when_the_program_ends_first() -> None:
    with (
        processes.Started(python("print('bye')")) as started,
        pytest.raises(AssertionError, match="ended before 'hello':\nbye"),
    ):
        started.wait_for("hello")


def test_leaving_the_context_ends_a_program_that_ignores_sigterm() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(60)"

    with processes.Started(python(code)) as started:
        started.wait_for("up")
        started.stop(patience=0.2)

    assert started.wait(timeout=0) != 0


def test_stage_is_the_folder_below_tests() -> None:
    assert stages.stage_of("tests/unit/sdk/test_a.py::test_b") == "unit"
    assert stages.stage_of("tests/test_a.py::test_b") == ""
