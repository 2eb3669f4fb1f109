"""Of any policies: two that differ are told differently, every language tells alike, and lint knows who is asked."""

import dataclasses
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import Trial, neighbours, policy

from custody.chains import BitcoinChain
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ChainPolicy
from custody.policy.concerns import arises
from custody.policy.decision import CONCERNS, Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.lint.finding import asks_more
from custody.policy.lint.policy import lint
from custody.policy.words import LANGUAGES
from custody.policy.words.policy import Section, sections

NOW = 1_767_225_600
SEARCHED = 3_000
randoms = st.randoms(use_true_random=True)


def told(one: Policy, language: str = "en") -> tuple[Section, ...]:
    return tuple(sections(one, TokenRegistry(), LANGUAGES[language]))


def meaning(one: Policy) -> Any:
    """What a policy holds: the order of its lists says nothing, nor do tokens on Bitcoin."""
    return dataclasses.replace(one, chains=frozenset(map(_chain, one.chains)), **_unordered(one, "chains"))  # type: ignore[arg-type]


def _chain(named: ChainPolicy) -> ChainPolicy:
    tokens = {"token-payment"} if isinstance(named.chain, BitcoinChain) else set()
    plain = dataclasses.replace(named, actions=tuple(action for action in named.actions if action not in tokens))
    return dataclasses.replace(plain, **_unordered(plain))


def _unordered(one: Policy | ChainPolicy, *beside: str) -> dict[str, Any]:
    fields = [field.name for field in dataclasses.fields(one) if field.name not in beside]
    lists = {name: getattr(one, name) for name in fields if isinstance(getattr(one, name), tuple)}
    rates = (
        {"travel_rule": (one.travel_rule.profile, frozenset(one.travel_rule.rates))} if isinstance(one, Policy) else {}
    )
    return {name: frozenset(value) for name, value in lists.items()} | rates


@pytest.mark.parametrize("language", LANGUAGES)
@given(pick=randoms)
@settings(max_examples=500)
def test_policies_that_differ_are_told_differently(pick: Random, language: str) -> None:
    old, new = neighbours(pick)
    assert (told(old, language) == told(new, language)) == (meaning(old) == meaning(new))


@pytest.mark.parametrize("field", ["day_caps", "known_above", "tiers", "actions"])
def test_words_that_forget_a_field_of_a_chain_would_be_found(field: str) -> None:
    """The property has teeth: told without the field, some two policies that differ are told alike."""

    def blind(one: Policy) -> tuple[Section, ...]:
        chains = tuple(dataclasses.replace(named, **{field: ()}) for named in one.chains)
        return told(dataclasses.replace(one, chains=chains))

    pick = Random(7)
    pairs = (neighbours(pick, field) for _ in range(SEARCHED))
    assert any(blind(old) == blind(new) and meaning(old) != meaning(new) for old, new in pairs)


@given(pick=randoms)
@settings(max_examples=300)
def test_every_language_tells_the_same_sentences(pick: Random) -> None:
    one = policy(pick, tight=0.7)
    shapes = {tuple(len(section.sentences) for section in told(one, language)) for language in LANGUAGES}
    assert len(shapes) == 1


# Lint.


@given(pick=randoms)
@settings(max_examples=500)
def test_lint_tells_of_any_policy_and_always_the_same(pick: Random) -> None:
    one = policy(pick, tight=0.7)
    found = lint(one, NOW, lambda _: (2, 1))
    assert found == lint(one, NOW, lambda _: (2, 1))
    assert len(set(found)) == len(found)


@given(pick=randoms)
@settings(max_examples=1_000)
def test_no_rule_raises_a_concern_that_no_clause_can(pick: Random) -> None:
    trial = Trial.random(pick)
    found = evaluate(trial.case(trial.old))
    raised = {reason.concern for reason in (*found.reasons, *found.concerns)} - {""}
    assert raised <= {concern for concern in CONCERNS if arises(trial.old, concern)}


def fewest(asked: Iterable[Requirement]) -> list[tuple[str, str]]:
    """Role and organisation of the fewest people who meet all of these."""
    people = []
    for role in ("approver", "compliance"):
        mine = [one for one in asked if one.role == role]
        count = max((one.count for one in mine), default=0)
        apart = max((one.organisations for one in mine), default=0)
        people += [(role, str(min(number, apart - 1))) for number in range(count)]
    return people


def met(one: Requirement, people: list[tuple[str, str]]) -> bool:
    mine = [organisation for role, organisation in people if role == one.role]
    return len(mine) >= one.count and len(set(mine)) >= one.organisations


@given(pick=randoms)
@settings(max_examples=1_000)
def test_a_requirement_asks_more_exactly_where_the_fewest_people_do_not_meet_it(pick: Random) -> None:
    asked = [Requirement(many, "approver", pick.randint(1, many)) for many in pick.choices([1, 2, 3], k=2)]
    many = pick.choice([1, 2, 3])
    more = Requirement(many, pick.choice(["approver", "compliance"]), pick.randint(1, many))
    assert asks_more(more, *asked) == (not met(more, fewest(asked)))
