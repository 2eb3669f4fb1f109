"""What other times, older lists and newer payees make possible, clause by clause."""

import dataclasses
from typing import Any

import examples
import pytest

from custody.policy.clauses import Escalation, Hours, ListAge, NewDestinations
from custody.policy.compare.change import Change
from custody.policy.compare.policy import compare_policy
from custody.policy.decision import Requirement
from custody.policy.document import REFUSE, WARN, Policy

POLICY = Policy.parse(examples.POLICY)
TWO = Requirement(2, "approver", 1)


def changed(**values: Any) -> Policy:
    return dataclasses.replace(POLICY, **values)


def answering(concern: str, **values: Any) -> Policy:
    return changed(escalations=(Escalation(concern, TWO),), **values)


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


def both_ways(one: Policy, other: Policy) -> tuple[Change, Change]:
    return only(compare_policy(one, other)), only(compare_policy(other, one))


def test_older_requests_loosen() -> None:
    up, down = both_ways(changed(request_hours=1), changed(request_hours=24))
    assert (up.loosens, down.loosens) == (True, False)
    assert up == Change(
        loosens=True,
        rule="request_hours",
        before="a request is at most 1 hour old",
        after="a request is at most 24 hours old",
        example="a request that is 1 hour and 1 minute old: refused before, allowed now",
    )


@pytest.mark.parametrize(
    ("fewer", "more", "bound", "example"),
    [(3, 7, "no payment twice within 3 days", "after 3 days"), (0, 1, "no bound", "on the same day")],
)
def test_repetitions_are_told_before_and_now(fewer: int, more: int, bound: str, example: str) -> None:
    assert only(compare_policy(changed(repeat_days=more), changed(repeat_days=fewer))) == Change(
        loosens=True,
        rule="repeat_days",
        before=f"no payment twice within {more} day{'' if more == 1 else 's'}",
        after=bound,
        example=f"the same payment again {example}: refused before, allowed now",
    )


def test_a_device_that_signs_while_a_network_is_up_loosens() -> None:
    up, down = both_ways(changed(network=REFUSE), changed(network=WARN))
    assert up == Change(
        loosens=True,
        rule="network",
        before="a network interface that is up: refuse",
        after="a network interface that is up: warn",
        example="a payment while a network interface of the device is up: refused before, allowed now",
    )
    assert (down.loosens, down.example.partition(": ")[2]) == (False, "allowed before, refused now")


@pytest.mark.parametrize(
    ("concern", "strict", "lax"),
    [
        ("duplicate", {"repeat_days": 7}, {"repeat_days": 3}),
        ("out_of_hours", {"hours": Hours(0, (0,), 0, 60)}, {"hours": Hours(0, (0,), 0, 61)}),
        ("new_destination", {"new_destinations": NewDestinations(24, 30)}, {"new_destinations": None}),
        (
            "new_destination",
            {"new_destinations": NewDestinations(48, 30)},
            {"new_destinations": NewDestinations(24, 30)},
        ),
        (
            "new_destination",
            {"new_destinations": NewDestinations(24, 30)},
            {"new_destinations": NewDestinations(24, 31)},
        ),
    ],
)
def test_who_answers_is_told_by_the_policy_that_holds_it_back(
    concern: str, strict: dict[str, Any], lax: dict[str, Any]
) -> None:
    up = compare_policy(answering(concern, **strict), changed(**lax))[0]
    assert up.example.endswith(": allowed with 2 approvers before, allowed now")
    down = compare_policy(changed(**lax), answering(concern, **strict))
    assert any(one.example.endswith(": allowed before, allowed with 2 approvers now") for one in down)


def test_who_answers_for_a_payee_who_is_forgotten_is_told_by_the_policy_that_holds_him_back() -> None:
    longer, shorter = ({"new_destinations": NewDestinations(24, days)} for days in (31, 30))
    retry, *_ = compare_policy(answering("new_destination", **longer), changed(**shorter))
    assert retry.example.endswith(": allowed with 2 approvers before, allowed now")
    retry, down = (
        one
        for one in compare_policy(changed(**longer), answering("new_destination", **shorter))
        if one.rule == "new_destinations.forget_days"
    )
    assert retry.example.endswith(": refused before, allowed now")
    assert down.example.endswith(": allowed before, allowed with 2 approvers now")


def test_the_ages_of_a_list_are_told_before_and_now() -> None:
    policies = (answering("stale_list", list_age=age) for age in (ListAge(48, 12), None))
    change = only(compare_policy(*policies))
    assert (change.before, change.after) == (
        "allowed with 2 approvers from 12 hours on, refused from 48 hours on, by the age of the flagged list",
        "a flagged list of any age",
    )
    change = only(compare_policy(changed(list_age=ListAge(1)), changed(list_age=None)))
    assert change.before == "refused from 1 hour on, by the age of the flagged list"


@pytest.mark.parametrize(
    ("strict", "lax", "example"),
    [
        (ListAge(24), None, "24 hours and 1 minute old: refused before, allowed now"),
        (ListAge(24), ListAge(48), "24 hours and 1 minute old: refused before, allowed now"),
        (ListAge(48, 12), ListAge(48), "12 hours and 1 minute old: allowed with 2 approvers before, allowed now"),
        (ListAge(48, 1), ListAge(48, 12), "1 hour and 1 minute old: allowed with 2 approvers before, allowed now"),
        (ListAge(24), ListAge(48, 24), "24 hours and 1 minute old: refused before, allowed with 2 approvers now"),
    ],
)
def test_an_older_list_loosens(strict: ListAge, lax: ListAge | None, example: str) -> None:
    policies = (answering("stale_list", list_age=age) for age in (strict, lax))
    up, down = both_ways(*policies)
    assert (up.loosens, down.loosens) == (True, False)
    assert up.example == f"a payment by a flagged list that is {example}"


def test_a_list_that_is_asked_about_sooner_and_refused_later_loosens_and_tightens() -> None:
    policies = (answering("stale_list", list_age=age) for age in (ListAge(24), ListAge(48, 12)))
    assert [change.loosens for change in compare_policy(*policies)] == [True, False]


def test_where_nobody_answers_for_an_old_list_asking_is_refusing() -> None:
    assert not only(compare_policy(changed(list_age=ListAge(24)), changed(list_age=ListAge(24, 12)))).loosens
    assert compare_policy(changed(list_age=ListAge(24, 12)), changed(list_age=ListAge(48, 12))) == ()


WEEKDAYS = Hours(offset=540, days=(0, 1, 2, 3, 4), start=540, end=1_080)


@pytest.mark.parametrize(
    ("lax", "example"),
    [
        (None, "a request on mon 09:00 UTC"),
        (Hours(540, (0, 1, 2, 3, 4, 5), 540, 1_080), "a request on sat 00:00 UTC"),
        (Hours(540, (0, 1, 2, 3, 4), 540, 1_140), "a request on mon 09:00 UTC"),
        (Hours(540, (0, 1, 2, 3, 4), 480, 1_080), "a request on mon 23:00 UTC"),
    ],
)
def test_more_hours_loosen(lax: Hours | None, example: str) -> None:
    up, down = both_ways(changed(hours=WEEKDAYS), changed(hours=lax))
    assert (up.loosens, down.loosens) == (True, False)
    assert up.before == "mon tue wed thu fri from 09:00 to 18:00, UTC+09:00"
    assert (up.after == "at any time") == (lax is None)
    assert up.example == f"{example}: refused before, allowed now"


def test_hours_that_move_loosen_and_tighten() -> None:
    changes = compare_policy(changed(hours=WEEKDAYS), changed(hours=dataclasses.replace(WEEKDAYS, offset=-300)))
    assert [change.loosens for change in changes] == [True, False]
    assert "UTC-05:00" in changes[0].after


@pytest.mark.parametrize(("offset", "told"), [(0, "+00:00"), (-1, "-00:01"), (1, "+00:01"), (-599, "-09:59")])
def test_a_zone_is_told_by_its_distance_from_utc(offset: int, told: str) -> None:
    change = compare_policy(changed(hours=None), changed(hours=Hours(offset, (0,), 0, 119)))[0]
    assert change.after == f"mon from 00:00 to 01:59, UTC{told}"


def test_the_same_minutes_in_another_zone_do_not_differ() -> None:
    tokyo, utc = Hours(540, (1,), 540, 1_080), Hours(0, (1,), 0, 540)
    assert compare_policy(changed(hours=tokyo), changed(hours=utc)) == ()


def test_a_day_that_begins_on_the_day_before_in_utc_wraps_round_the_week() -> None:
    monday, sunday = Hours(540, (0,), 0, 540), Hours(0, (6,), 900, 1_440)
    assert compare_policy(changed(hours=monday), changed(hours=sunday)) == ()


def test_hours_tell_who_answers_outside_them() -> None:
    up = only(compare_policy(answering("out_of_hours", hours=WEEKDAYS), answering("out_of_hours")))
    assert up.example.endswith("allowed with 2 approvers before, allowed now")


@pytest.mark.parametrize(
    ("strict", "lax"),
    [
        (NewDestinations(24, 30), None),
        (NewDestinations(48, 30), NewDestinations(24, 30)),
    ],
)
def test_payees_who_are_new_for_a_shorter_time_loosen(strict: NewDestinations, lax: NewDestinations | None) -> None:
    up, down = both_ways(changed(new_destinations=strict), changed(new_destinations=lax))
    assert (up.loosens, down.loosens) == (True, False)
    assert up.example.startswith("a payment of more than first_payment to a payee who")
    assert up.example.endswith(": refused before, allowed now")


STATE = "at most first_payment to a payee up to {} after the first payment, and where none was made for {}"


def test_payees_who_are_new_are_told_before_and_now() -> None:
    up, _ = both_ways(changed(new_destinations=NewDestinations(1, 30)), changed())
    assert (up.rule, up.before, up.after) == (
        "new_destinations",
        STATE.format("1 hour", "30 days"),
        "every payee is paid alike",
    )
    longer, shorter = (changed(new_destinations=NewDestinations(hours, 1)) for hours in (3, 2))
    assert only(compare_policy(longer, shorter)) == Change(
        loosens=True,
        rule="new_destinations.cool_down_hours",
        before=STATE.format("3 hours", "1 day"),
        after=STATE.format("2 hours", "1 day"),
        example="a payment of more than first_payment to a payee who was last paid 2 hours and 1 minute ago: "
        "refused before, allowed now",
    )


def test_payees_who_are_forgotten_later_loosen() -> None:
    (up,) = compare_policy(changed(new_destinations=NewDestinations(24, 30)), forgetting(60))
    assert (up.loosens, up.rule) == (True, "new_destinations.forget_days")
    assert (up.before, up.after) == (STATE.format("24 hours", "30 days"), STATE.format("24 hours", "60 days"))
    assert up.example == (
        "a payment of more than first_payment to a payee who was last paid 30 days and 1 hour ago: "
        "refused before, allowed now"
    )


def test_payees_who_are_forgotten_sooner_tighten_but_what_they_were_to_get_is_forgotten_too() -> None:
    retry, down = compare_policy(forgetting(30), forgetting(10))
    assert (retry.loosens, down.loosens) == (True, False)
    assert retry.rule == down.rule == "new_destinations.forget_days"
    assert (retry.before, retry.after) == (STATE.format("24 hours", "30 days"), STATE.format("24 hours", "10 days"))
    assert retry.example == (
        "a payment of first_payment that replaces a larger one of 10 days and 1 hour ago: refused before, allowed now"
    )


def forgetting(days: int) -> Policy:
    return changed(new_destinations=NewDestinations(24, days))
