"""What the budgets of senders have lent to the program in the kernel.

A budget that has lent all it has is empty for every other reader. So whatever the program
does not forward comes to where the loan is called in first, and the limits of SPEC.md
section 10.3 hold over all that forward together.
"""

from dataclasses import dataclass, field
from math import ceil
from typing import Final

from packhorse_relay.core.data_budget import NOTHING, DataBudget, DataRate
from packhorse_relay.dataplane.kernel.tables import Spent, Tables

_WORTH_IT: Final = 0.05  # seconds' worth; less is spent before it is lent


@dataclass(slots=True)
class _Loan:
    budget: DataBudget
    lent: DataRate
    """What is left of it, when `noted` had been spent."""
    noted: Spent


@dataclass(slots=True)
class Loans:
    """The loans, by index of the sender."""

    _tables: Tables
    _by_index: dict[int, _Loan] = field(default_factory=dict)
    _noted: dict[int, Spent] = field(default_factory=dict)
    """What the last loan had seen spent; a little more may have come after it ended."""

    def lend(self, index: int, budget: DataBudget) -> None:
        """Let the program spend what a budget has, if that is worth it."""
        if index in self._by_index or _is_small(budget):
            return
        noted = self._noted.get(index) or self._tables.spent(index)
        lent = budget.lend()
        self._by_index[index] = _Loan(budget, lent, noted)
        # Whole numbers are spent: as long as they are below the limit, something is left.
        octets, datagrams = noted.octets + ceil(lent.octets), noted.datagrams + ceil(lent.datagrams)
        self._tables.allow(index, octets, datagrams)

    def call_in(self, index: int) -> None:
        """End a loan; the budget has what is left. Harmless when there is none."""
        loan = self._by_index.pop(index, None)
        if loan is None:
            return
        self._tables.allow(index, 0, 0)
        self._note(index, loan)
        loan.budget.give_back(loan.lent, NOTHING)
        self._noted[index] = loan.noted

    def call_in_all(self) -> None:
        """End all loans."""
        for index in list(self._by_index):
            self.call_in(index)

    def note(self) -> None:
        """Let the budgets know what was spent so far."""
        for index, loan in self._by_index.items():
            self._note(index, loan)

    def forget(self, index: int) -> None:
        """End a loan whose index will be another's."""
        self.call_in(index)
        self._noted.pop(index, None)

    def _note(self, index: int, loan: _Loan) -> None:
        now = self._tables.spent(index)
        spent = DataRate(now.octets - loan.noted.octets, now.datagrams - loan.noted.datagrams)
        loan.noted = now
        loan.lent = DataRate(loan.lent.octets - spent.octets, loan.lent.datagrams - spent.datagrams)
        loan.budget.give_back(NOTHING, spent)


def _is_small(budget: DataBudget) -> bool:
    octets, datagrams = budget.rate
    return (
        budget.octets <= 0
        or budget.datagrams <= 0
        or budget.octets < octets * _WORTH_IT
        or budget.datagrams < datagrams * _WORTH_IT
    )
