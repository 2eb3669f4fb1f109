"""What a decision is made from: what it says of itself by default, and what it never prints."""

from dataclasses import fields

import examples

from custody.policy.case import Case

REVIEW = examples.review((examples.PAYEE, 1))
BLOCK = examples.block(examples.record((0, examples.PAYEE, 1)))


def test_a_case_prints_no_record_no_history_and_no_key() -> None:
    """A customer's name would stand in the first of them."""
    printed = repr(Case(REVIEW, BLOCK, None, None))
    shown = [field.name for field in fields(Case) if f"{field.name}=" in printed.replace(repr(REVIEW), "")]
    assert shown == ["review", "policy", "flagged", "interfaces", "elapsed", "latest", "created", "list_made"]
    assert "Tanaka" not in printed


def test_a_case_that_knows_no_time_begins_at_the_first_second() -> None:
    case = Case(REVIEW, BLOCK, None, None)
    assert (case.elapsed, case.latest, case.created, case.list_made) == (0, 0, 0, None)
    assert (case.history, case.evidence, case.vasps) == ((), {}, None)
