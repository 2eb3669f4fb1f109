"""Where the numbers, texts and lists of a policy's clauses end."""

import examples
import pytest

from custody.codec.schema import SchemaError
from custody.policy.clauses import (
    MAX_ALLOWED,
    MAX_COOL_DOWN_HOURS,
    MAX_FORGET_DAYS,
    MAX_HOURS,
    ListAge,
    NewDestinations,
    TravelRulePolicy,
)
from custody.policy.decision import CONCERNS
from custody.policy.document import Policy

PARTNER = f'[[allowlist]]\nchain = "regtest"\naddress = "{examples.PAYEE}"\nname = "{{}}"\n'
OWN = '[[own_accounts]]\nname = "{}"\ntier = "hot"\nchain = "regtest"\nchecksum = "ht0pjkk8"\n'


def read(tables: str) -> Policy:
    return Policy.parse(examples.POLICY + f"\n{tables}\n".encode())


def faults(tables: str) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        read(tables)
    return [(finding.code, finding.where) for finding in caught.value.findings]


@pytest.mark.parametrize(("table", "place"), [(PARTNER, "allowlist[0].name"), (OWN, "own_accounts[0].name")])
def test_a_name_ends_at_a_hundred_characters(table: str, place: str) -> None:
    read(table.format("x" * 100))
    assert faults(table.format("x" * 101)) == [("POLICY-TEXT", place)]


def test_an_address_ends_at_128_characters() -> None:
    """No address is so long: one character more is refused before anybody decodes it."""
    address = PARTNER.format("Partner").replace(examples.PAYEE, "{}")
    assert faults(address.format("1" * 128)) == [("POLICY-TEXT", "allowlist[0]")]
    assert faults(address.format("1" * 129)) == [("POLICY-TEXT", "allowlist[0].address")]


@pytest.mark.parametrize(("escalate", "deny"), [(1, 2), (1, MAX_HOURS), (MAX_HOURS - 1, MAX_HOURS)])
def test_the_ages_of_a_list_end_where_they_are_said_to(escalate: int, deny: int) -> None:
    table = f"[list_age]\nescalate_after_hours = {escalate}\ndeny_after_hours = {deny}"
    assert read(table).list_age == ListAge(deny, escalate)
    assert read("[list_age]\ndeny_after_hours = 1").list_age == ListAge(1)


def test_more_people_are_asked_from_the_first_hour_on_at_the_soonest() -> None:
    table = "[list_age]\nescalate_after_hours = 0\ndeny_after_hours = 2"
    assert faults(table) == [("POLICY-NUMBER", "list_age.escalate_after_hours")]


def new(hours: int, days: int) -> str:
    return f"[new_destinations]\ncool_down_hours = {hours}\nforget_days = {days}"


@pytest.mark.parametrize(
    ("hours", "days"), [(1, 1), (23, 1), (MAX_COOL_DOWN_HOURS, MAX_FORGET_DAYS), (1, MAX_FORGET_DAYS)]
)
def test_the_times_of_a_payee_who_is_new_end_where_they_are_said_to(hours: int, days: int) -> None:
    assert read(new(hours, days)).new_destinations == NewDestinations(hours, days)


@pytest.mark.parametrize(
    ("hours", "days", "key"),
    [
        (0, 1, "cool_down_hours"),
        (MAX_COOL_DOWN_HOURS + 1, MAX_FORGET_DAYS, "cool_down_hours"),
        (1, 0, "forget_days"),
        (1, MAX_FORGET_DAYS + 1, "forget_days"),
    ],
)
def test_the_times_of_a_payee_who_is_new_are_in_range(hours: int, days: int, key: str) -> None:
    assert faults(new(hours, days)) == [("POLICY-NUMBER", f"new_destinations.{key}")]


def test_rates_may_be_an_empty_list() -> None:
    assert read("[travel_rule]\nrates = []").travel_rule == TravelRulePolicy("jp", ())


def test_every_concern_may_be_answered_for_by_both_roles() -> None:
    tables = "".join(
        f'[[escalations]]\nconcern = "{concern}"\nrole = "{role}"\ncount = 1\n'
        for concern in CONCERNS
        for role in ("approver", "compliance")
    )
    assert len(read(tables).escalations) == 2 * len(CONCERNS)


def test_hours_may_be_those_of_every_day() -> None:
    days = '"mon", "tue", "wed", "thu", "fri", "sat", "sun"'
    table = f'[hours]\nutc_offset = "+00:00"\ndays = [{days}]\nfrom = "00:00"\nto = "24:00"'
    hours = read(table).hours
    assert hours
    assert (hours.days, hours.start, hours.end) == (tuple(range(7)), 0, 1_440)
    assert faults(table.replace('"sun"', '"sun", "mon"')) == [("POLICY-COUNT", "hours.days")]


def test_the_most_destinations_are_read_and_one_more_is_refused() -> None:
    def tables(count: int) -> str:
        addresses = (f"0x{number:040d}" for number in range(count))
        return "".join(f'[[allowlist]]\nchain = "anvil"\naddress = "{address}"\nname = "x"\n' for address in addresses)

    assert len(read(tables(MAX_ALLOWED)).allowlist) == MAX_ALLOWED
    assert faults(tables(MAX_ALLOWED + 1)) == [("POLICY-COUNT", "allowlist")]
