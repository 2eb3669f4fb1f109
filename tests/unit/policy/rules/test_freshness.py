"""The age of the list and of the request, and the hours of the house: each at its edge, on either side."""

import dataclasses
from typing import Any

import examples
import pytest

from custody.policy.case import Case
from custody.policy.clauses import Escalation, Hours, ListAge
from custody.policy.decision import Reason, Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules.freshness import ListFresh, RequestAge, WorkingHours
from custody.screening.flagged import FlaggedList
from custody.times import LAST_SECOND, seconds_of

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
HOUR = 3_600
NOW = seconds_of("2026-11-23T09:30:00Z")
BLOCK = examples.block(examples.record((0, examples.PAYEE, 100_000)))


def case(**facts: Any) -> Case:
    honest: dict[str, Any] = {"latest": NOW, "created": NOW, "list_made": NOW, "flagged": LIST, "policy": POLICY}
    return Case(examples.review((examples.PAYEE, 100_000)), BLOCK, **(honest | facts))


def told(rule: Any, **facts: Any) -> list[str]:
    return [reason.code for reason in rule.reasons(case(**facts))]


AGES = ListAge(deny_after_hours=168, escalate_after_hours=24)


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (0, []),
        (24 * HOUR - 1, []),
        (24 * HOUR, ["LIST-STALE"]),
        (168 * HOUR - 1, ["LIST-STALE"]),
        (168 * HOUR, ["LIST-OLD"]),
        (10**9, ["LIST-OLD"]),
        (-1, []),
        (-(10**9), []),
    ],
)
def test_a_list_grows_stale_and_then_old_and_one_of_the_future_is_new(age: int, found: list[str]) -> None:
    assert told(ListFresh(AGES), list_made=NOW - age) == found


def test_without_a_first_bound_a_list_is_fresh_until_it_is_old() -> None:
    only = ListFresh(ListAge(deny_after_hours=24))
    assert told(only, list_made=NOW - 24 * HOUR + 1) == []
    assert told(only, list_made=NOW - 24 * HOUR) == ["LIST-OLD"]


def test_a_list_that_does_not_say_its_age_is_too_old() -> None:
    assert told(ListFresh(AGES), list_made=None) == ["LIST-AGE-UNKNOWN"]
    assert told(ListFresh(AGES), list_made=0) == ["LIST-OLD"]


def test_people_are_told_that_a_list_does_not_say_its_age() -> None:
    (reason,) = ListFresh(AGES).reasons(case(list_made=None))
    assert (reason.rule, reason.fact) == ("list_age", "list.age")
    assert (reason.observed, reason.required) == (
        "a list that does not say when it was made",
        "a list that came as a signed bundle",
    )


def test_without_a_list_its_age_is_not_asked() -> None:
    assert told(ListFresh(AGES), flagged=None, list_made=None) == []


def test_only_staleness_is_a_concern() -> None:
    def concern(**facts: Any) -> str:
        (reason,) = ListFresh(AGES).reasons(case(**facts))
        return reason.concern

    assert concern(list_made=NOW - 24 * HOUR) == "stale_list"
    assert concern(list_made=NOW - 168 * HOUR) == ""
    assert concern(list_made=None) == ""


@pytest.mark.parametrize(
    ("age", "observed", "required"),
    [
        (24 * HOUR, "a list made 24 hours ago", "a list younger than 24 hours"),
        (24 * HOUR + 1, "a list made 25 hours ago", "a list younger than 24 hours"),
        (9_000 * HOUR, "a list made 9,000 hours ago", "a list younger than 168 hours"),
    ],
)
def test_the_age_of_a_list_is_told_in_hours_begun(age: int, observed: str, required: str) -> None:
    (reason,) = ListFresh(AGES).reasons(case(list_made=NOW - age, evidence={"list": "ab" * 32}))
    assert (reason.observed, reason.required) == (observed, required)
    assert (reason.fact, reason.evidence) == ("list.age", f"list {'ab' * 32}")


def test_one_hour_is_one_hour() -> None:
    (reason,) = ListFresh(ListAge(1)).reasons(case(list_made=NOW - HOUR))
    assert (reason.observed, reason.required) == ("a list made 1 hour ago", "a list younger than 1 hour")


@pytest.mark.parametrize(
    ("age", "found"), [(0, []), (2 * HOUR, []), (2 * HOUR + 1, ["REQUEST-OLD"]), (-1, []), (-(10**9), [])]
)
def test_a_request_is_signed_within_its_hours(age: int, found: list[str]) -> None:
    assert told(RequestAge(2), created=NOW - age) == found


def test_an_old_request_is_told_with_its_age() -> None:
    (reason,) = RequestAge(2).reasons(case(created=NOW - 2 * HOUR - 1, evidence={"request": "cd" * 32}))
    assert (reason.observed, reason.required) == ("a request made 3 hours ago", "one made at most 2 hours ago")
    assert (reason.fact, reason.evidence, reason.concern) == ("request.created", f"request {'cd' * 32}", "")


TOKYO = 9 * 60
OFFICE = Hours(TOKYO, (0, 1, 2, 3, 4), 9 * 60, 18 * 60)


def at(time: str, hours: Hours = OFFICE) -> list[str]:
    return told(WorkingHours(hours), latest=seconds_of(time))


@pytest.mark.parametrize(
    ("time", "found"),
    [
        # 23 November 2026 is a Monday; Tokyo is nine hours ahead.
        ("2026-11-23T00:00:00Z", []),
        ("2026-11-22T23:59:59Z", ["OUT-OF-HOURS"]),
        ("2026-11-23T08:59:59Z", []),
        ("2026-11-23T09:00:00Z", ["OUT-OF-HOURS"]),
        ("2026-11-27T08:59:59Z", []),
        ("2026-11-28T01:00:00Z", ["OUT-OF-HOURS"]),
        ("2026-11-29T01:00:00Z", ["OUT-OF-HOURS"]),
        ("2026-11-30T00:00:00Z", []),
    ],
)
def test_the_first_minute_is_inside_and_the_last_is_not(time: str, found: list[str]) -> None:
    assert at(time) == found


@pytest.mark.parametrize(
    ("offset", "time", "found"),
    [
        # Sunday evening in UTC is Monday in Tokyo; Monday morning in UTC is Sunday in Honolulu.
        (TOKYO, "2026-11-22T15:00:00Z", []),
        (TOKYO, "2026-11-22T14:59:59Z", ["OUT-OF-HOURS"]),
        (TOKYO, "2026-11-23T14:59:59Z", []),
        (TOKYO, "2026-11-23T15:00:00Z", ["OUT-OF-HOURS"]),
        (-600, "2026-11-23T09:59:59Z", ["OUT-OF-HOURS"]),
        (-600, "2026-11-23T10:00:00Z", []),
        (330, "2026-11-22T18:29:59Z", ["OUT-OF-HOURS"]),
        (330, "2026-11-22T18:30:00Z", []),
    ],
)
def test_the_day_is_that_of_local_time(offset: int, time: str, found: list[str]) -> None:
    assert at(time, Hours(offset, (0,), 0, 1_440)) == found


@pytest.mark.parametrize("weekday", range(7))
def test_each_day_of_the_week_is_its_own(weekday: int) -> None:
    open_days = [day for day in range(7) if not at(f"2026-11-{23 + day}T12:00:00Z", Hours(0, (weekday,), 0, 1_440))]
    assert open_days == [weekday]


def test_twenty_four_hours_are_the_whole_day() -> None:
    always = Hours(0, tuple(range(7)), 0, 1_440)
    assert not any(at(f"2026-11-23T{hour:02}:{minute:02}:59Z", always) for hour in range(24) for minute in (0, 59))


def test_the_first_and_the_last_second_of_all_time_have_an_hour() -> None:
    thursday, friday = Hours(-14 * 60, (2,), 600, 601), Hours(14 * 60, (5,), 839, 840)
    assert told(WorkingHours(thursday), latest=0) == []
    assert told(WorkingHours(friday), latest=LAST_SECOND) == []
    (reason,) = WorkingHours(thursday).reasons(case(latest=LAST_SECOND + 1))
    assert f"(second {LAST_SECOND + 1})" in reason.observed


def test_the_last_minute_of_an_hour_is_told() -> None:
    (reason,) = WorkingHours(Hours(0, (0,), 0, 59)).reasons(case(latest=seconds_of("2026-11-23T13:59:00Z")))
    assert reason.observed.startswith("mon 13:59 ")
    assert reason.required == "mon, from 00:00 up to 00:59"


def test_a_late_hour_is_a_concern_and_tells_both_times() -> None:
    (reason,) = WorkingHours(OFFICE).reasons(case(latest=seconds_of("2026-11-23T13:05:00Z")))
    assert reason.concern == "out_of_hours"
    assert reason.observed == "mon 22:05 by local time (2026-11-23T13:05:00Z)"
    assert reason.required == "mon, tue, wed, thu, fri, from 09:00 up to 18:00"
    assert reason.fact == "time"


CLAUSES = {"list_age": AGES, "hours": Hours(0, (6,), 0, 1), "request_hours": 1}


def judged(escalations: tuple[Escalation, ...] = (), **clauses: Any) -> tuple[list[str], list[str]]:
    """The codes of reasons and of concerns, for a request of two hours by a stale list on a Monday."""
    policy = dataclasses.replace(POLICY, escalations=escalations, **clauses)
    found = evaluate(case(policy=policy, list_made=NOW - 25 * HOUR, created=NOW - 2 * HOUR))

    def codes(reasons: tuple[Reason, ...]) -> list[str]:
        return sorted(reason.code for reason in reasons)

    return codes(found.reasons), codes(found.concerns)


@pytest.mark.parametrize(
    ("clause", "code"), [("list_age", "LIST-STALE"), ("hours", "OUT-OF-HOURS"), ("request_hours", "REQUEST-OLD")]
)
def test_each_clause_alone_is_asked_and_none_that_is_not_there(clause: str, code: str) -> None:
    without = {"list_age": None, "hours": None, "request_hours": 2}
    assert judged(**(without | {clause: CLAUSES[clause]})) == ([code], [])
    assert judged(**without) == ([], [])


def test_what_a_policy_escalates_does_not_deny_and_all_else_does() -> None:
    asked = (
        Escalation("stale_list", Requirement(1, "compliance", 1)),
        Escalation("out_of_hours", Requirement(3, "approver", 1)),
    )
    assert judged(**CLAUSES) == (["LIST-STALE", "OUT-OF-HOURS", "REQUEST-OLD"], [])
    assert judged(asked, **CLAUSES) == (["REQUEST-OLD"], ["LIST-STALE", "OUT-OF-HOURS"])
    assert judged(asked[:1], **CLAUSES) == (["OUT-OF-HOURS", "REQUEST-OLD"], ["LIST-STALE"])
