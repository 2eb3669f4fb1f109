"""A decision in words, in both languages."""

from pathlib import Path

import pytest

from custody.policy.decision import Decision, Outcome, Reason, Requirement
from custody.policy.explain import remedies_json, render
from custody.policy.words import LANGUAGES

CAP = Reason(
    "CAP-EXCEEDED",
    "cap_per_transaction",
    "payments of 2.00000000 BTC together",
    "at most 1.00000000 BTC in one transaction",
    "outputs[0].amount",
    "policy 12ab",
)
FEE = Reason("FEE-RATE", "fee_caps", "a feerate of 400.000 sat/vB", "at most 300 sat/vB", "feerate", "policy 12ab")
AGAIN = Reason("DUPLICATE-PAYMENT", "repeat_days", "as request ab did", "14 days", "outputs[0]", "", "duplicate")
ASKED = [Requirement(1, "compliance", 1), Requirement(2, "approver", 2)]
MISSING = Reason("APPROVALS-MISSING", "approvals", "1 of role approver", "2 of role approver", "approvals")

REFUSED = """\
DENY: 2 reasons.
1. CAP-EXCEEDED (rule cap_per_transaction)
   The payments come to more than one transaction may pay.
   rule:     One transaction pays no more of an asset than its cap.
   fact:     outputs[0].amount
   seen:     payments of 2.00000000 BTC together
   passes:   at most 1.00000000 BTC in one transaction
   rests on: policy 12ab
2. FEE-RATE (rule fee_caps)
   The fee for each unit of size is too high.
   rule:     The fee stays within its bounds.
   fact:     feerate
   seen:     a feerate of 400.000 sat/vB
   passes:   at most 300 sat/vB
   rests on: policy 12ab

What would make it pass:
   The maker of the request
   - a smaller payment (CAP-EXCEEDED)
   - the same payment with a lower fee (FEE-RATE)
   Compliance officers, by a new policy or list
   - a higher bound, if the house really wants it (CAP-EXCEEDED, FEE-RATE)"""

ANSWERED = """\
ALLOW: no rule speaks against this request. More people have answered for what is told below.
Concern: DUPLICATE-PAYMENT (rule repeat_days)
   The same payment was authorised a short time ago.
   rule:     No payment is made a second time.
   fact:     outputs[0]
   seen:     as request ab did
   passes:   14 days
   answered for by: 1 compliance officer and 2 approvers of 2 organisations
The policy asks for 1 compliance officer and 2 approvers of 2 organisations."""


def test_an_allowed_request_is_one_line() -> None:
    assert render(Decision.of([], ())) == "ALLOW: no rule speaks against this request."


def test_a_refusal_says_what_was_seen_where_and_by_what_and_who_can_do_what() -> None:
    assert render(Decision.of([FEE, CAP], ())) == REFUSED


def test_a_refusal_in_japanese_keeps_what_the_log_holds() -> None:
    golden = Path(__file__).with_name("refused.ja.txt").read_text("utf-8")
    assert render(Decision.of([CAP], ()), "ja").splitlines() == golden.splitlines()


def test_a_concern_is_told_with_who_answers_for_it() -> None:
    assert render(Decision.of([], ASKED, (), [AGAIN])) == ANSWERED


def test_missing_approvals_are_told_with_what_the_policy_asks() -> None:
    told = render(Decision.of([], ASKED, [MISSING])).splitlines()
    assert told[0] == ("NEEDS_APPROVAL: no rule speaks against this request, but approvals are missing, for 1 reason.")
    assert "The policy asks for 1 compliance officer and 2 approvers of 2 organisations." in told
    assert told[-2:] == ["   Approvers", "   - the approvals that are missing (APPROVALS-MISSING)"]


def test_what_is_nobody_s_to_answer_is_told_under_another_heading() -> None:
    """Though somebody could do something later."""
    flagged = Reason("DESTINATION-FLAGGED", "flagged_list", "seen", "required")
    told = render(Decision.of([flagged], ())).splitlines()
    assert told[told.index("") + 1] == LANGUAGES["en"].say("remedies.refused")
    assert render(Decision.of([CAP], ())).splitlines().count(LANGUAGES["en"].say("remedies")) == 1


def test_a_concern_beside_a_refusal_changes_no_heading_and_says_who_answers() -> None:
    told = render(Decision.of([CAP], (), (), [AGAIN])).splitlines()
    assert told[0] == "DENY: 1 reason."
    nobody = LANGUAGES["en"].say("decision.answered", people=LANGUAGES["en"].say("decision.nobody"))
    assert f"   {nobody}" in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_begins_with_its_stable_word(language: str, outcome: Outcome) -> None:
    denials = [CAP] if outcome is Outcome.DENY else []
    missing = [MISSING] if outcome is Outcome.NEEDS_APPROVAL else []
    assert render(Decision.of(denials, (), missing), language).startswith(outcome)


def test_a_code_without_words_is_still_told() -> None:
    told = render(Decision.of([Reason("A-A", "first", "nothing", "")], ())).splitlines()
    assert told[1:3] == ["1. A-A (rule first)", "   seen:     nothing"]


def test_remedies_for_scripts() -> None:
    assert remedies_json(Decision.of([CAP], ())) == [
        {"who": "maker", "what": "a smaller payment", "codes": ["CAP-EXCEEDED"]},
        {"who": "compliance", "what": "a higher bound, if the house really wants it", "codes": ["CAP-EXCEEDED"]},
    ]
    assert remedies_json(Decision.of([], ())) == []
