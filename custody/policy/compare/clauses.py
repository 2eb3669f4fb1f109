"""What a new policy allows at other times, by older lists, and to newer payees."""

from collections.abc import Iterator

from custody.policy.clauses import WEEK, Hours, ListAge, NewDestinations
from custody.policy.compare.change import Change, both, verdict
from custody.policy.compare.people import held
from custody.policy.document import REFUSE, Policy

_DAY = 1_440
_WEEK = len(WEEK) * _DAY
_ALWAYS = frozenset(range(_WEEK))


def repeat_days(old: Policy, new: Policy) -> Iterator[Change]:
    """For how long no payment is made again."""
    loosens, fewer = new.repeat_days < old.repeat_days, min(old.repeat_days, new.repeat_days)
    again = f"the same payment again {f'after {_days(fewer)}' if fewer else 'on the same day'}"
    before, after = (
        f"no payment twice within {_days(one.repeat_days)}" if one.repeat_days else "no bound" for one in (old, new)
    )
    yield Change(loosens, "repeat_days", before, after, f"{again}: {_judged(old, new, 'duplicate', loosens=loosens)}")


def request_hours(old: Policy, new: Policy) -> Iterator[Change]:
    """How old a request may be."""
    loosens, fewer = new.request_hours > old.request_hours, min(old.request_hours, new.request_hours)
    before, after = (f"a request is at most {_hours(one.request_hours)} old" for one in (old, new))
    example = f"a request that is {_hours(fewer)} and 1 minute old: {verdict(loosens=loosens)}"
    yield Change(loosens, "request_hours", before, after, example)


def network(old: Policy, new: Policy) -> Iterator[Change]:
    """Whether a device that has a way to a network signs."""
    loosens = old.network == REFUSE
    before, after = (f"a network interface that is up: {one.network}" for one in (old, new))
    example = f"a payment while a network interface of the device is up: {verdict(loosens=loosens)}"
    yield Change(loosens, "network", before, after, example)


def list_age(old: Policy, new: Policy) -> Iterator[Change]:
    """How old the flagged list may be, compared at every age from which on something else holds."""
    ages = sorted({hours for one in (old, new) if one.list_age for hours in _thresholds(one.list_age)})
    severities = [(age, _severity(old, age), _severity(new, age)) for age in ages]
    for loosens in (True, False):
        differ = (age for age, before, after in severities if (after < before if loosens else after > before))
        if (age := next(differ, None)) is not None:
            example = f"a payment by a flagged list that is {_hours(age)} and 1 minute old"
            verdicts = f"{_by_list(old, age)} before, {_by_list(new, age)} now"
            yield Change(loosens, "list_age", _ages(old), _ages(new), f"{example}: {verdicts}")


def _thresholds(age: ListAge) -> Iterator[int]:
    yield age.deny_after_hours
    if age.escalate_after_hours is not None:
        yield age.escalate_after_hours


def _severity(policy: Policy, hours: int) -> int:
    """What holds where the list is older than that: 0 nothing, 1 more approvals, 2 denial."""
    age = policy.list_age
    if age is None or (age.escalate_after_hours or age.deny_after_hours) > hours:
        return 0
    return 1 if hours < age.deny_after_hours and policy.answered("stale_list") else 2


def _by_list(policy: Policy, hours: int) -> str:
    return ("allowed", held(policy, "stale_list"), "refused")[_severity(policy, hours)]


def _ages(policy: Policy) -> str:
    age = policy.list_age
    if age is None:
        return "a flagged list of any age"
    asked = (
        f"{held(policy, 'stale_list')} from {_hours(age.escalate_after_hours)} on, " if age.escalate_after_hours else ""
    )
    return f"{asked}refused from {_hours(age.deny_after_hours)} on, by the age of the flagged list"


def hours(old: Policy, new: Policy) -> Iterator[Change]:
    """When withdrawals are signed, as minutes of the week in UTC."""
    before, after = _open(old.hours), _open(new.hours)
    for loosens, minutes in ((True, after - before), (False, before - after)):
        if minutes:
            example = f"a request on {_clock(min(minutes))} UTC"
            judged = _judged(old, new, "out_of_hours", loosens=loosens)
            yield Change(loosens, "hours", _when(old.hours), _when(new.hours), f"{example}: {judged}")


def _open(hours: Hours | None) -> frozenset[int]:
    if hours is None:
        return _ALWAYS
    spans = (range(day * _DAY + hours.start, day * _DAY + hours.end) for day in hours.days)
    return frozenset((minute - hours.offset) % _WEEK for span in spans for minute in span)


def _when(hours: Hours | None) -> str:
    if hours is None:
        return "at any time"
    sign, ahead = "-" if hours.offset < 0 else "+", abs(hours.offset)
    days = " ".join(WEEK[day] for day in hours.days)
    return f"{days} from {_time(hours.start)} to {_time(hours.end)}, UTC{sign}{_time(ahead)}"


def _clock(minute: int) -> str:
    return f"{WEEK[minute // _DAY]} {_time(minute % _DAY)}"


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def new_destinations(old: Policy, new: Policy) -> Iterator[Change]:
    """For how long a payee is new."""
    before, after = old.new_destinations, new.new_destinations
    if before is None or after is None:
        judged = _judged(old, new, "new_destination", loosens=after is None)
        example = f"a payment of more than first_payment to a payee who is new: {judged}"
        yield Change(after is None, "new_destinations", *both(_newness, before, after), example)
        return
    if before.cool_down_hours != after.cool_down_hours:
        first = f"{_hours(min(before.cool_down_hours, after.cool_down_hours))} and 1 minute"
        yield _newer(old, new, "cool_down_hours", first, loosens=after.cool_down_hours < before.cool_down_hours)
    if before.forget_days != after.forget_days:
        first = f"{_days(min(before.forget_days, after.forget_days))} and 1 hour"
        yield _newer(old, new, "forget_days", first, loosens=after.forget_days > before.forget_days)
    if before.forget_days > after.forget_days:
        yield _forgotten(old, new, before, after)


def _newer(old: Policy, new: Policy, key: str, paid: str, *, loosens: bool) -> Change:
    example = f"a payment of more than first_payment to a payee who was last paid {paid} ago"
    judged = _judged(old, new, "new_destination", loosens=loosens)
    states = both(_newness, old.new_destinations, new.new_destinations)
    return Change(loosens, f"new_destinations.{key}", *states, f"{example}: {judged}")


def _forgotten(old: Policy, new: Policy, before: NewDestinations, after: NewDestinations) -> Change:
    """What a payment may have taken counts against first_payment until it is forgotten, also where it is replaced."""
    retry = f"a payment of first_payment that replaces a larger one of {_days(after.forget_days)} and 1 hour ago"
    judged = _judged(old, new, "new_destination", loosens=True)
    return Change(True, "new_destinations.forget_days", *both(_newness, before, after), f"{retry}: {judged}")


def _newness(one: NewDestinations | None) -> str:
    if one is None:
        return "every payee is paid alike"
    known = f"{_hours(one.cool_down_hours)} after the first payment"
    return f"at most first_payment to a payee up to {known}, and where none was made for {_days(one.forget_days)}"


def _judged(old: Policy, new: Policy, concern: str, *, loosens: bool) -> str:
    return verdict(loosens=loosens, no=held(old if loosens else new, concern))


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _hours(count: int) -> str:
    return f"{count} hour{'' if count == 1 else 's'}"
