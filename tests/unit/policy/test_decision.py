"""A decision: one reason denies, what is missing waits, and everything has one order."""

import itertools

from custody.errors import InputError
from custody.policy.decision import Decision, Outcome, Reason, Requirement

PARTS = ("a", "b", "c")
REASONS = [Reason(*fields) for fields in itertools.product(PARTS, repeat=4)]


def test_no_reason_allows_and_one_denies() -> None:
    assert Decision.of([], ()).outcome is Outcome.ALLOW
    assert Decision.of([], ()).allowed
    for reason in REASONS:
        assert not Decision.of([reason], ()).allowed


def test_the_order_of_reasons_is_that_of_all_their_fields() -> None:
    expected = sorted(REASONS, key=lambda reason: (reason.rule, reason.code, reason.observed, reason.required))
    for reasons in (REASONS, REASONS[::-1], REASONS * 2):
        assert list(Decision.of(reasons, ()).reasons) == expected


def test_reasons_that_differ_in_what_they_rest_on_have_an_order_too() -> None:
    """Two processes that told them in another order would not agree on the decision."""
    alike = [Reason("a", "a", "a", "a", *fields) for fields in itertools.product(PARTS, repeat=3)]
    for reasons in (alike, alike[::-1]):
        assert list(Decision.of(reasons, ()).reasons) == alike


def test_a_refusal_by_a_reader_is_told_as_a_reason() -> None:
    refused = InputError("A-CODE", "This is wrong.", "That would be right.")
    assert Reason.from_error(refused, "transaction", "outputs") == Reason(
        code="A-CODE", rule="transaction", observed="This is wrong.", required="That would be right.", fact="outputs"
    )


def test_a_reason_that_names_no_evidence_rests_on_what_is_given() -> None:
    assert Reason("A-A", "first", "x", "y").resting_on("the policy") == Reason(
        "A-A", "first", "x", "y", evidence="the policy"
    )


def test_a_reason_keeps_the_evidence_that_it_names() -> None:
    reason = Reason("A-A", "first", "x", "y", evidence="a record")
    assert reason.resting_on("the policy") == reason


DENIAL, MISSING = Reason("A-A", "first", "x", "y"), Reason("B-B", "approvals", "1 approval", "2 approvals")
TWO, THREE = Requirement(2, "approver", 2), Requirement(3, "compliance", 1)


def test_what_is_missing_needs_approval_and_is_told() -> None:
    decision = Decision.of([], [TWO], [MISSING])
    assert (decision.outcome, decision.reasons) == (Outcome.NEEDS_APPROVAL, (MISSING,))
    assert not decision.allowed


def test_a_denial_outweighs_what_is_missing_and_both_are_told() -> None:
    decision = Decision.of([DENIAL], [TWO], [MISSING])
    assert (decision.outcome, decision.reasons) == (Outcome.DENY, (MISSING, DENIAL))


def test_the_requirements_stand_on_every_decision_each_once_and_in_order() -> None:
    for denials, missing in (([], []), ([], [MISSING]), ([DENIAL], [])):
        assert Decision.of(denials, [THREE, TWO, THREE], missing).requirements == (TWO, THREE)


def test_a_decision_as_json() -> None:
    assert Decision.of([], [TWO], [MISSING]).as_json() == {
        "concerns": [],
        "outcome": "NEEDS_APPROVAL",
        "reasons": [
            {
                "code": "B-B",
                "evidence": "",
                "fact": "",
                "observed": "1 approval",
                "required": "2 approvals",
                "rule": "approvals",
            }
        ],
        "requirements": [{"count": 2, "organisations": 2, "role": "approver"}],
    }
