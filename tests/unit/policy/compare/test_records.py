"""What another jurisdiction and other rates let a record leave out."""

import dataclasses
from itertools import permutations

import examples
import pytest

from custody import chains
from custody.policy.clauses import TravelRulePolicy
from custody.policy.compare.change import Change
from custody.policy.compare.policy import compare_policy
from custody.policy.compare.records import asks_no_less
from custody.policy.document import Policy
from custody.times import LAST_SECOND
from custody.travel_rule.profile import Persons
from custody.travel_rule.profiles import PROFILES, profile
from custody.travel_rule.rates import ReferenceRate

POLICY = Policy.parse(examples.POLICY)


def judging(name: str, *rates: tuple[int, int], currency: str = "EUR") -> Policy:
    asset = chains.BITCOIN.coin.asset_id
    rows = tuple(ReferenceRate(asset, currency, *one) for one in rates)
    return dataclasses.replace(POLICY, travel_rule=TravelRulePolicy(name, rows))


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


@pytest.mark.parametrize("old", [(), ((9, 60),), ((5, 61),)])
def test_a_rate_that_is_new_or_another_loosens(old: tuple[tuple[int, int], ...]) -> None:
    change = only(compare_policy(judging("eu", *old), judging("eu", (5, 60))))
    assert (change.loosens, change.rule) == (True, "travel_rule.rates")
    assert f"for a payment in {chains.BITCOIN.coin.asset_id} without" in change.example


def test_a_rate_that_is_gone_puts_everything_above_the_threshold() -> None:
    change = only(compare_policy(judging("eu", (5, 60)), judging("eu")))
    assert not change.loosens
    assert change.before.startswith("5 minor units of EUR for one whole ")
    assert change.before.endswith("until 1970-01-01T00:01:00Z")
    assert change.after == "no rate: every payment is above the threshold"


@pytest.mark.parametrize(
    ("second", "told"), [(-1, "long ago"), (0, "1970-01-01T00:00:00Z"), (LAST_SECOND, "9999-12-31T23:59:59Z")]
)
def test_a_rate_says_until_when_it_holds(second: int, told: str) -> None:
    assert only(compare_policy(judging("eu"), judging("eu", (5, second)))).after.endswith(f", until {told}")


def test_a_rate_decides_nothing_where_the_jurisdiction_has_no_threshold_in_its_currency() -> None:
    change = only(compare_policy(judging("jp"), judging("jp", (5, 60))))
    assert (change.loosens, change.example) == (False, "none: jp has no threshold in EUR")
    assert not only(compare_policy(judging("eu"), judging("eu", (5, 60), currency="JPY"))).loosens


@pytest.mark.parametrize("name", PROFILES)
def test_every_jurisdiction_asks_for_no_less_above_its_threshold(name: str) -> None:
    """So that a rate that is gone tightens."""
    one = profile(name)
    below = dataclasses.replace(one, above=one.below or one.above, below=None)
    assert asks_no_less(dataclasses.replace(one, below=None), below)


@pytest.mark.parametrize(("old", "new"), list(permutations(PROFILES, 2)))
def test_another_profile_loosens_unless_it_asks_for_no_less(old: str, new: str) -> None:
    change = only(compare_policy(judging(old), judging(new)))
    assert change.loosens == (not asks_no_less(profile(new), profile(old)))
    assert change.rule == "travel_rule.profile"


def test_which_jurisdictions_provably_ask_for_no_less() -> None:
    pairs = {(old, new) for old, new in permutations(PROFILES, 2) if asks_no_less(profile(new), profile(old))}
    assert pairs == {("fatf", "eu"), ("fatf", "jp")}


def test_a_profile_without_one_of_its_demands_asks_for_less() -> None:
    jp = profile("jp")
    fewer = [
        dataclasses.replace(jp, residents=()),
        dataclasses.replace(jp, notice=None),
        dataclasses.replace(jp, unhosted=dataclasses.replace(jp.unhosted, demands=("owner",))),
        dataclasses.replace(jp, above=dataclasses.replace(jp.above, originator=Persons())),
        dataclasses.replace(jp, below=dataclasses.replace(jp.above, beneficiary_vasp=Persons())),
    ]
    for one in fewer:
        assert not asks_no_less(one, jp)
        assert asks_no_less(jp, one)
    assert asks_no_less(jp, jp)


@pytest.mark.parametrize("party", ["originator", "beneficiary", "originating_vasp", "beneficiary_vasp"])
def test_what_is_asked_of_each_party_counts(party: str) -> None:
    jp = profile("jp")
    nothing = dataclasses.replace(jp, above=dataclasses.replace(jp.above, **{party: Persons()}))
    assert not asks_no_less(nothing, jp)
    assert asks_no_less(jp, nothing)


@pytest.mark.parametrize("kind", ["natural", "legal"])
def test_what_is_asked_of_individuals_and_of_companies_counts(kind: str) -> None:
    jp = profile("jp")
    persons = dataclasses.replace(jp.above.originator, **{kind: ()})
    nothing = dataclasses.replace(jp, above=dataclasses.replace(jp.above, originator=persons))
    assert not asks_no_less(nothing, jp)
    assert asks_no_less(jp, nothing)


def test_a_rate_counts_where_records_have_a_threshold_in_its_currency() -> None:
    change = only(compare_policy(judging("us"), judging("us", (5, 60), currency="USD")))
    assert change.loosens
    assert change.example == (
        f"a record for a payment in {chains.BITCOIN.coin.asset_id} without what is asked above the threshold alone: "
        "refused before, perhaps allowed now"
    )


def test_another_profile_is_told_with_a_record_that_one_of_them_takes() -> None:
    tightened = only(compare_policy(judging("fatf"), judging("jp")))
    assert (tightened.before, tightened.after) == ("records by fatf", "records by jp")
    assert tightened.example == ("a record that lacks what jp asks for and fatf does not: allowed before, refused now")
    assert only(compare_policy(judging("jp"), judging("fatf"))).example == (
        "a record that lacks what jp asks for and fatf does not: refused before, allowed now"
    )


def test_a_group_of_fewer_facts_asks_for_more() -> None:
    jp = profile("jp")
    groups = jp.above.originator.natural
    wider = Persons(tuple((*group, "birth") for group in groups), jp.above.originator.legal)
    lax = dataclasses.replace(jp, above=dataclasses.replace(jp.above, originator=wider))
    assert asks_no_less(jp, lax)
    assert not asks_no_less(lax, jp)


def test_fewer_jurisdictions_whose_vasps_have_been_told_ask_for_less() -> None:
    jp = profile("jp")
    assert jp.notice
    fewer = dataclasses.replace(jp, notice=dataclasses.replace(jp.notice, jurisdictions=jp.notice.jurisdictions[1:]))
    assert not asks_no_less(fewer, jp)
    assert asks_no_less(jp, fewer)


def test_a_proof_of_ownership_is_compared_whole() -> None:
    eu = profile("eu")
    assert eu.unhosted.proof
    without = dataclasses.replace(eu, unhosted=dataclasses.replace(eu.unhosted, proof=None))
    assert asks_no_less(eu, without) == (eu.below is None or asks_no_less(eu, eu))
    assert not asks_no_less(without, eu)
