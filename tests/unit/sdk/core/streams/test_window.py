"""How much a sender is granted, and when the window grows."""

from packhorse.core.streams.format import INITIAL_WINDOW
from packhorse.core.streams.window import MAX_WINDOW, GrowthBudget, ReceiveWindow

SLOW = 2.0  # seconds for a whole window
FAST = 0.01


def window(budget: int = 64 << 20) -> ReceiveWindow:
    return ReceiveWindow(GrowthBudget(budget), now=0.0)


def pass_through(window: ReceiveWindow, size: int, *, now: float) -> int:
    """Let `size` bytes come and be taken; return what is granted for them."""
    assert window.receive(size)
    window.consume(size, now=now)
    return window.take_grant()


def test_no_more_is_taken_than_was_granted() -> None:
    full = window()

    assert full.receive(INITIAL_WINDOW)
    assert not full.receive(1)


def test_grant_is_due_when_a_quarter_was_taken() -> None:
    one = window()
    assert one.receive(INITIAL_WINDOW)

    is_due = []
    for size in (INITIAL_WINDOW // 4 - 1, 1):
        one.consume(size, now=SLOW)
        is_due.append(one.is_grant_due)

    assert is_due == [False, True]
    assert one.take_grant() == INITIAL_WINDOW // 4
    assert one.take_grant() == 0


def test_slow_program_keeps_its_window() -> None:
    slow = window()

    grants = [pass_through(slow, INITIAL_WINDOW, now=SLOW * turn) for turn in range(1, 9)]

    assert set(grants) == {INITIAL_WINDOW}
    assert slow.size == INITIAL_WINDOW


def test_window_doubles_for_a_program_that_keeps_up_until_it_is_largest() -> None:
    fast = window()
    sizes = []

    for turn in range(1, 8):
        granted = pass_through(fast, fast.size, now=FAST * turn)
        sizes.append(fast.size)
        assert granted >= fast.size // 2

    assert sizes[:5] == [INITIAL_WINDOW << turn for turn in range(1, 6)]
    assert sizes[5:] == [MAX_WINDOW, MAX_WINDOW]


def test_what_was_granted_is_taken_in() -> None:
    fast = window()
    granted = pass_through(fast, INITIAL_WINDOW, now=FAST)

    assert fast.receive(granted)
    assert not fast.receive(1)


def test_growth_ends_with_the_budget_and_comes_back_with_the_end() -> None:
    budget = GrowthBudget(INITIAL_WINDOW + 1000)
    first, second = (ReceiveWindow(budget, now=0.0) for _ in range(2))

    pass_through(first, INITIAL_WINDOW, now=FAST)
    pass_through(second, INITIAL_WINDOW, now=FAST)
    assert (first.size, second.size) == (2 * INITIAL_WINDOW, INITIAL_WINDOW + 1000)
    assert budget.left == 0
    first.close()
    first.close()

    assert budget.left == INITIAL_WINDOW
