"""A decision: one reason denies, and its reasons have one order."""

import itertools

from custody.policy.decision import Decision, Outcome, Reason

PARTS = ("a", "b", "c")
REASONS = [Reason(*fields) for fields in itertools.product(PARTS, repeat=4)]


def test_no_reason_allows_and_one_denies() -> None:
    assert Decision.allow_unless([]).outcome is Outcome.ALLOW
    for reason in REASONS:
        assert not Decision.allow_unless([reason]).allowed


def test_the_order_of_reasons_is_that_of_all_their_fields() -> None:
    expected = sorted(REASONS, key=lambda reason: (reason.rule, reason.code, reason.observed, reason.required))
    for reasons in (REASONS, REASONS[::-1], REASONS * 2):
        assert list(Decision.allow_unless(reasons).reasons) == expected
