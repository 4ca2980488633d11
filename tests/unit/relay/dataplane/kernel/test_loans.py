"""What budgets lend to the kernel, and how it comes back."""

from typing import cast

import pytest

from packhorse_relay.core.data_budget import DataBudget, DataRate
from packhorse_relay.dataplane.kernel.loans import Loans
from packhorse_relay.dataplane.kernel.tables import Spent, Tables


class FakeTables:
    """One member, whom a test lets spend."""

    def __init__(self) -> None:
        self.may = (0, 0)
        self.total = Spent(0, 0)

    def allow(self, _index: int, octets: int, datagrams: int) -> None:
        self.may = (octets, datagrams)

    def spent(self, _index: int) -> Spent:
        return self.total

    def spend(self, size: int) -> bool:
        """Do what the program does with a datagram."""
        if self.total.octets >= self.may[0] or self.total.datagrams >= self.may[1]:
            return False
        self.total = Spent(self.total.octets + size, self.total.datagrams + 1)
        return True


@pytest.fixture
def tables() -> FakeTables:
    return FakeTables()


@pytest.fixture
def loans(tables: FakeTables) -> Loans:
    return Loans(cast("Tables", tables))


def spent(budget: DataBudget) -> DataRate:
    return DataRate(budget.given_octets - budget.octets, budget.given_datagrams - budget.datagrams)


def test_what_is_lent_cannot_be_spent_twice(tables: FakeTables, loans: Loans) -> None:
    """LIM-2: one limit for all that forward."""
    budget = DataBudget(DataRate(1000, 20))

    loans.lend(1, budget)

    assert (budget.octets, budget.datagrams) == (0, 0)
    assert tables.may == (500, 10)
    assert spent(budget) == (0, 0)


def test_rest_of_a_loan_comes_back_and_the_other_part_counts_as_spent(
    tables: FakeTables, loans: Loans
) -> None:
    budget = DataBudget(DataRate(1000, 20))
    loans.lend(1, budget)
    assert [tables.spend(200) for _ in range(4)] == [True, True, True, False]

    loans.call_in(1)

    assert (budget.octets, budget.datagrams) == (-100, 7)
    assert spent(budget) == (600, 3)
    assert not tables.spend(1)


def test_spending_is_known_while_the_loan_goes_on(tables: FakeTables, loans: Loans) -> None:
    budget = DataBudget(DataRate(1000, 20))
    loans.lend(1, budget)
    tables.spend(100)

    loans.note()
    loans.note()

    assert spent(budget) == (100, 1)
    assert budget.octets == 0
    loans.call_in(1)
    assert (budget.octets, budget.datagrams) == (400, 9)
    assert spent(budget) == (100, 1)


def test_part_of_a_byte_that_is_left_is_enough_for_a_datagram(
    tables: FakeTables, loans: Loans
) -> None:
    budget = DataBudget(DataRate(1, 20))

    loans.lend(1, budget)  # half a byte

    assert [tables.spend(100), tables.spend(100)] == [True, False]
    loans.call_in(1)
    assert budget.octets == -99.5


def test_datagram_that_came_as_the_loan_ended_is_charged_to_the_next(
    tables: FakeTables, loans: Loans
) -> None:
    budget = DataBudget(DataRate(1000, 20))
    loans.lend(1, budget)
    loans.call_in(1)
    tables.total = Spent(100, 1)

    loans.lend(1, budget)
    loans.call_in(1)

    assert (budget.octets, budget.datagrams) == (400, 9)
    assert spent(budget) == (100, 1)


def test_next_member_of_an_index_does_not_pay_for_the_last(
    tables: FakeTables, loans: Loans
) -> None:
    loans.lend(1, DataBudget(DataRate(1000, 20)))
    loans.forget(1)
    tables.total = Spent(100, 1)
    budget = DataBudget(DataRate(1000, 20))

    loans.lend(1, budget)
    loans.call_in(1)

    assert spent(budget) == (0, 0)


@pytest.mark.parametrize(("octets", "datagrams"), [(0, 10), (49, 10), (500, 0), (500, 0.9)])
def test_little_is_not_lent(
    tables: FakeTables, loans: Loans, octets: float, datagrams: float
) -> None:
    budget = DataBudget(DataRate(1000, 20))
    budget.octets, budget.datagrams = octets, datagrams

    loans.lend(1, budget)

    assert (budget.octets, budget.datagrams) == (octets, datagrams)
    assert tables.may == (0, 0)


def test_all_loans_can_be_called_in(tables: FakeTables, loans: Loans) -> None:
    budgets = [DataBudget(DataRate(1000, 20)) for _ in range(3)]
    for index, budget in enumerate(budgets):
        loans.lend(index, budget)

    loans.call_in_all()
    loans.call_in(1)

    assert [budget.octets for budget in budgets] == [500] * 3
    assert tables.may == (0, 0)
