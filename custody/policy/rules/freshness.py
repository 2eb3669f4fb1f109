"""The rules on time: how old the list and the request may be, and when the house signs withdrawals at all.

All three ask "is it too late?", so all three read the clock that errs towards late (docs/spec/clocks.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from custody.policy.case import Case
from custody.policy.clauses import WEEK, Hours, ListAge
from custody.policy.decision import Reason
from custody.times import readable

MINUTE = 60
HOUR = 3_600
DAY = 86_400
#: 1 January 1970 was a Thursday; days are counted from Monday.
_FIRST_WEEKDAY = 3


@dataclass(frozen=True, slots=True)
class ListFresh:
    """The flagged list is not older than the policy lets it be; a list that does not say its age is too old."""

    name: ClassVar[str] = "list_age"

    bounds: ListAge

    def reasons(self, case: Case) -> Iterator[Reason]:
        """LIST-AGE-UNKNOWN, LIST-OLD; LIST-STALE, which is a concern. Without a list another rule has its reason."""
        if case.flagged is None:
            return
        deny, escalate = self.bounds.deny_after_hours, self.bounds.escalate_after_hours
        if case.list_made is None:
            observed, required = "a list that does not say when it was made", "a list that came as a signed bundle"
            yield self._reason("LIST-AGE-UNKNOWN", observed, required, case)
            return
        age = case.latest - case.list_made
        observed = f"a list made {_hours(age)} ago"
        if age >= deny * HOUR:
            yield self._reason("LIST-OLD", observed, f"a list younger than {_hours(deny * HOUR)}", case)
        elif escalate is not None and age >= escalate * HOUR:
            required = f"a list younger than {_hours(escalate * HOUR)}"
            yield self._reason("LIST-STALE", observed, required, case, "stale_list")

    def _reason(self, code: str, observed: str, required: str, case: Case, concern: str = "") -> Reason:
        return Reason(code, self.name, observed, required, "list.age", case.basis("list"), concern)


@dataclass(frozen=True, slots=True)
class RequestAge:
    """A request is signed within so many ``hours`` of when it says it was made, whatever expiry it gave itself."""

    name: ClassVar[str] = "request_hours"

    hours: int

    def reasons(self, case: Case) -> Iterator[Reason]:
        """REQUEST-OLD. A request from the future is refused elsewhere (REQUEST-EARLY)."""
        age = case.latest - case.created
        if age > self.hours * HOUR:
            observed, required = (
                f"a request made {_hours(age)} ago",
                f"one made at most {_hours(self.hours * HOUR)} ago",
            )
            yield Reason("REQUEST-OLD", self.name, observed, required, "request.created", case.basis("request"))


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Withdrawals are signed while people work who would notice."""

    name: ClassVar[str] = "hours"

    hours: Hours

    def reasons(self, case: Case) -> Iterator[Reason]:
        """OUT-OF-HOURS, which is a concern."""
        local = case.latest + self.hours.offset * MINUTE
        weekday, minute = (local // DAY + _FIRST_WEEKDAY) % 7, local % DAY // MINUTE
        if weekday in self.hours.days and self.hours.start <= minute < self.hours.end:
            return
        observed = f"{WEEK[weekday]} {_clock(minute)} by local time ({readable(case.latest)})"
        days = ", ".join(WEEK[day] for day in self.hours.days)
        required = f"{days}, from {_clock(self.hours.start)} up to {_clock(self.hours.end)}"
        yield Reason("OUT-OF-HOURS", self.name, observed, required, "time", case.basis("policy"), "out_of_hours")


def _hours(seconds: int) -> str:
    """Whole hours begun, so that what is told is never less than what was compared."""
    hours = -(-seconds // HOUR)
    return f"{hours:,} hour{'' if hours == 1 else 's'}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
