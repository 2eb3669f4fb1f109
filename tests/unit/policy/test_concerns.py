"""Which concerns a policy can raise at all: those whose clause it has."""

from dataclasses import replace
from typing import Any

import examples
import pytest

from custody.chains import ETHEREUM, REGTEST
from custody.policy.clauses import Hours, ListAge, NewDestinations
from custody.policy.concerns import arises
from custody.policy.decision import CONCERNS
from custody.policy.document import Policy

POLICY = replace(Policy.parse(examples.POLICY), repeat_days=0)
CHAIN = POLICY.chains[0]
KNOWN = replace(CHAIN, known_above=((REGTEST.coin.asset_id, 7),))


@pytest.mark.parametrize(
    ("concern", "clause"),
    [
        ("duplicate", {"repeat_days": 1}),
        ("stale_list", {"list_age": ListAge(48, 24)}),
        ("unknown_destination", {"chains": (KNOWN,)}),
        ("unknown_destination", {"chains": (KNOWN, replace(CHAIN, chain=ETHEREUM))}),
        ("new_destination", {"new_destinations": NewDestinations(24, 30)}),
        ("out_of_hours", {"hours": Hours(0, (0,), 0, 60)}),
    ],
)
def test_a_concern_arises_from_its_clause_and_from_no_other(concern: str, clause: dict[str, Any]) -> None:
    policy = replace(POLICY, **clause)
    assert [one for one in CONCERNS if arises(policy, one)] == [concern]


def test_without_a_clause_no_concern_arises() -> None:
    assert not any(arises(POLICY, concern) for concern in CONCERNS)


def test_a_list_that_is_only_refused_for_its_age_raises_no_concern() -> None:
    assert not arises(replace(POLICY, list_age=ListAge(48)), "stale_list")
