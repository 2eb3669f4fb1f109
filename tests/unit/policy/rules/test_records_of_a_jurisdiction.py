"""The rule on complete records: the policy's jurisdiction, its rates, what a reason rests on, and own accounts."""

import copy
import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import examples
import pytest

from custody import chains
from custody.codec import canonical_json
from custody.policy.case import Case
from custody.policy.decision import Reason
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules.records import RecordBound, RecordComplete, RecordPresent
from custody.review import Review, Role
from custody.screening.flagged import FlaggedList
from custody.travel_rule.profiles import PROFILES
from custody.travel_rule.rates import ReferenceRate

LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000), (examples.SECOND_PAYEE, 70_000))
FIRST = examples.record((0, examples.PAYEE, 100_000))
SECOND = examples.record((1, examples.SECOND_PAYEE, 70_000))
NOTICED = 1_767_222_000
COIN = chains.REGTEST.coin.asset_id


def complete(
    *records: dict[str, Any],
    profile: str = "jp",
    rates: tuple[ReferenceRate, ...] = (),
    review: Review = REVIEW,
    **times: int,
) -> list[Reason]:
    case = Case(review, examples.block(*records), None, None, **times)
    return list(RecordComplete(PROFILES[profile], rates).reasons(case))


def codes(*records: dict[str, Any], **changes: Any) -> list[str]:
    return [reason.code for reason in complete(*records, **changes)]


def unidentified(record: dict[str, Any]) -> dict[str, Any]:
    """The record without anything but the name of its originator, for whom the United States ask nothing below."""
    record = copy.deepcopy(record)
    originator = record["ivms101"]["originator"]["originatorPerson"][0]
    del originator["accountNumber"]
    return record


def policy(travel_rule: str) -> Policy:
    return Policy.parse(examples.POLICY + travel_rule.encode())


def test_a_policy_that_names_no_jurisdiction_is_judged_by_japans() -> None:
    without = {key: value for key, value in FIRST.items() if key != "notice"}
    for text, found in (
        ("", ["PROFILE-NOTICE"]),
        ('[travel_rule]\nprofile = "jp"\n', ["PROFILE-NOTICE"]),
        ('[travel_rule]\nprofile = "fatf"\n', []),
    ):
        case = Case(REVIEW, examples.block(without, SECOND), policy(text), LIST)
        assert [reason.code for reason in evaluate(case).reasons] == found


def test_the_rates_of_the_policy_say_what_is_below_a_threshold() -> None:
    text = """
[travel_rule]
profile = "us"

[[travel_rule.rates]]
chain = "regtest"
currency = "USD"
price = "{price}"
valid_until = "2026-12-01T00:00:00Z"
"""
    record = unidentified(FIRST)
    for price, found in ((299_999_000, []), (300_000_000, ["PROFILE-ACCOUNT"])):
        case = Case(REVIEW, examples.block(record, SECOND), policy(text.format(price=price)), LIST)
        assert [reason.code for reason in evaluate(case).reasons] == found


RATE = ReferenceRate(COIN, "USD", 299_999_000, 2_000)


@pytest.mark.parametrize(
    ("rates", "latest", "found"),
    [
        ((RATE,), 1_999, []),
        ((RATE,), 2_000, ["PROFILE-ACCOUNT"]),
        ((), 0, ["PROFILE-ACCOUNT"]),
        ((dataclasses.replace(RATE, currency="EUR"),), 0, ["PROFILE-ACCOUNT"]),
        ((dataclasses.replace(RATE, asset_id=examples.USDC.asset_id),), 0, ["PROFILE-ACCOUNT"]),
        ((dataclasses.replace(RATE, price=300_000_001),), 0, ["PROFILE-ACCOUNT"]),
    ],
)
def test_without_a_rate_that_holds_everything_is_above(
    rates: tuple[ReferenceRate, ...], latest: int, found: list[str]
) -> None:
    assert codes(unidentified(FIRST), profile="us", rates=rates, latest=latest) == found


def test_all_payments_of_a_record_count_together_and_each_output_once() -> None:
    both = unidentified(examples.record((0, examples.PAYEE, 100_000), (1, examples.SECOND_PAYEE, 70_000)))
    rate = dataclasses.replace(RATE, price=200_000_000)
    assert codes(unidentified(FIRST), profile="us", rates=(rate,)) == []
    assert codes(both, profile="us", rates=(rate,)) == ["PROFILE-ACCOUNT"]
    twice = unidentified(examples.record((0, examples.PAYEE, 100_000), (0, examples.PAYEE, 100_000)))
    assert codes(twice, profile="us", rates=(rate,)) == []


def test_what_counts_is_what_is_paid_and_not_what_the_record_says() -> None:
    record = unidentified(FIRST)
    record["outputs"][0]["amount"] = "1"
    rate = dataclasses.replace(RATE, price=300_000_000)
    assert codes(record, profile="us", rates=(rate,)) == ["PROFILE-ACCOUNT"]


def test_a_record_for_an_output_that_does_not_exist_is_below_nothing() -> None:
    record = unidentified(FIRST)
    record["outputs"][0]["index"] = 7
    assert codes(record, profile="us", rates=(RATE,)) == ["PROFILE-ACCOUNT"]


def test_a_notice_is_no_later_than_the_request_says_it_was_made() -> None:
    assert codes(FIRST, created=NOTICED) == []
    assert codes(FIRST, created=NOTICED - 1) == ["PROFILE-NOTICE"]


def test_a_birth_is_past_by_the_devices_latest_time() -> None:
    record = copy.deepcopy(FIRST)
    person = record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]
    person["dateAndPlaceOfBirth"] = {"dateOfBirth": "2025-12-31", "placeOfBirth": "Kobe"}
    assert codes(record, latest=NOTICED) == ["IVMS-C2"]
    assert codes(record, latest=NOTICED + 86_400) == []


def test_a_reason_says_which_fact_of_which_record_was_judged() -> None:
    broken = copy.deepcopy(SECOND)
    del broken["notice"]
    (reason,) = complete(FIRST, broken)
    digest = hashlib.sha256(canonical_json.dumps(broken)).hexdigest()
    assert (reason.fact, reason.evidence) == ("records[1].notice", f"record {digest}")
    assert reason.observed.startswith("records[1].notice: missing")


def test_a_reason_against_an_unreadable_block_rests_on_the_block() -> None:
    case = Case(REVIEW, b"{", None, None)
    (reason,) = RecordComplete(PROFILES["jp"]).reasons(case)
    assert (reason.code, reason.fact) == ("TRAVEL-RULE-SYNTAX", "the block")
    assert reason.evidence == f"record {hashlib.sha256(b'{').hexdigest()}"


def test_every_reason_of_a_bound_record_has_a_fact_and_evidence() -> None:
    record = copy.deepcopy(FIRST)
    record["outputs"][0] |= {"amount": "1", "address": "elsewhere", "asset": "x"}
    case = Case(REVIEW, examples.block(record), None, None)
    found = list(RecordBound(chains.REGTEST).reasons(case))
    digest = hashlib.sha256(canonical_json.dumps(record)).hexdigest()
    facts = {reason.code: (reason.fact, reason.evidence) for reason in found}
    assert facts == {
        "TRAVEL-RULE-ADDRESS": ("records[0].outputs[0].address", f"record {digest}"),
        "TRAVEL-RULE-AMOUNT": ("records[0].outputs[0].amount", f"record {digest}"),
        "TRAVEL-RULE-ASSET": ("records[0].outputs[0].asset", f"record {digest}"),
        "TRAVEL-RULE-UNCOVERED": ("outputs[1]", f"transaction {REVIEW.digest.hex()}"),
    }


# --- unhosted wallets and own accounts


def test_a_payment_to_an_unhosted_wallet_is_bound_like_any_other() -> None:
    record = copy.deepcopy(FIRST) | {"counterparty": {"unhosted": {"owner": "originator", "risk": "low"}}}
    del record["ivms101"]["beneficiaryVASP"], record["notice"]
    case = Case(REVIEW, examples.block(record, SECOND), policy(""), LIST)
    assert evaluate(case).reasons == ()
    record["outputs"][0]["amount"] = "99999"
    case = Case(REVIEW, examples.block(record, SECOND), policy(""), LIST)
    assert [reason.code for reason in evaluate(case).reasons] == ["TRAVEL-RULE-AMOUNT"]


def test_the_unhosted_wallet_on_the_page_is_complete_in_japan_and_in_the_union(project: Path) -> None:
    page = (project / "docs/spec/travel-rule.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:unhosted -->\n```json\n(.*?)```", page, re.DOTALL)
    record = copy.deepcopy(FIRST) | {"counterparty": json.loads(written)}
    del record["ivms101"]["beneficiaryVASP"], record["notice"]
    person = record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]
    person["dateAndPlaceOfBirth"] = {"dateOfBirth": "1980-02-29", "placeOfBirth": "Kobe"}
    for profile in ("jp", "eu"):
        assert codes(record, profile=profile, latest=NOTICED) == []


def with_own(position: int, review: Review = REVIEW) -> Review:
    """The facts, with one output that goes to another account of the house."""
    outputs = list(review.outputs)
    outputs[position] = dataclasses.replace(outputs[position], role=Role.OWN, owner="warm")
    return dataclasses.replace(review, outputs=tuple(outputs))


def bound(review: Review, *records: dict[str, Any]) -> list[str]:
    block = examples.block(*records) if records else b""
    case = Case(review, block, None, None)
    rules = (RecordPresent(), RecordBound(chains.REGTEST))
    return [reason.code for rule in rules for reason in rule.reasons(case)]


def test_a_move_to_an_own_account_needs_no_record() -> None:
    alone = with_own(0, examples.review((examples.PAYEE, 100_000)))
    assert bound(alone) == []
    assert bound(with_own(0), SECOND) == []


def test_a_payment_beside_a_move_to_an_own_account_needs_its_record() -> None:
    assert bound(with_own(0)) == ["TRAVEL-RULE-NONE"]
    assert bound(with_own(0), FIRST) == ["TRAVEL-RULE-UNCOVERED"]


def test_a_record_of_a_move_to_an_own_account_speaks_the_truth_and_once() -> None:
    assert bound(with_own(0), FIRST, SECOND) == []
    assert bound(with_own(0), FIRST, FIRST, SECOND) == ["TRAVEL-RULE-TWICE"]
    wrong = copy.deepcopy(FIRST)
    wrong["outputs"][0]["amount"] = "1"
    assert bound(with_own(0), wrong, SECOND) == ["TRAVEL-RULE-AMOUNT"]
