"""The states of a session at the member; the table is generated from protocol.yaml."""

from packhorse.wire.constants import MEMBER_TRANSITIONS, MemberCause, MemberState
from packhorse.wire.errors import LocalProtocolError


class MemberMachine:
    """Holds the state and refuses steps that the table does not have."""

    def __init__(self) -> None:
        self.state = MemberState.GREETING

    def advance(self, cause: MemberCause) -> None:
        """Go to the state that `cause` leads to.

        Raises:
            LocalProtocolError: The table has no such step.
        """
        state = MEMBER_TRANSITIONS.get((self.state, cause))
        if state is None:
            raise LocalProtocolError(f"{cause.value} is illegal while {self.state.value}")
        self.state = state
