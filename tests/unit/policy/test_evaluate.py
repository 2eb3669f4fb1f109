"""The judgement as a whole: no policy is no, all reasons at once, the same case the same decision."""

import dataclasses
import random
from typing import Any

import evm
import examples
import pytest

from custody.evm import review as evm_review
from custody.evm.address import checksum_address
from custody.evm.calldata import Transfer
from custody.evm.transaction import Eip1559
from custody.policy import evaluate as judgement
from custody.policy.document import Policy
from custody.policy.evaluate import MAX_REASONS, Case, Evaluation, evaluate, rules_of
from custody.review import Role
from custody.screening.flagged import FlaggedList

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000))
BLOCK = examples.block(examples.record((0, examples.PAYEE, 100_000)))
HONEST = Case(REVIEW, BLOCK, POLICY, LIST)


def codes(case: Case) -> list[str]:
    return [reason.code for reason in evaluate(case).reasons]


def test_an_honest_request_is_allowed() -> None:
    assert evaluate(HONEST) == Evaluation((), ())


def test_without_a_policy_every_request_is_denied() -> None:
    assert codes(dataclasses.replace(HONEST, policy=None)) == ["POLICY-NONE"]
    assert codes(Case(REVIEW, b"{", None, None)) == ["POLICY-NONE"]


def test_without_a_list_every_request_is_denied() -> None:
    assert codes(dataclasses.replace(HONEST, flagged=None)) == ["LIST-NONE"]


def test_an_address_of_another_network_is_denied_even_with_a_record_for_it() -> None:
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    block = examples.block(examples.record((0, address, 100_000)))
    reasons = evaluate(Case(examples.review((address, 100_000)), block, POLICY, LIST)).reasons
    assert ("chains", "ADDRESS-SYNTAX") in {(reason.rule, reason.code) for reason in reasons}


def test_all_reasons_are_told_at_once() -> None:
    review = examples.review((examples.FLAGGED, 2 * 10**12), fee=200_001, feerate=300_000)
    assert codes(Case(review, b"", POLICY, LIST)) == [
        "CAP-EXCEEDED",
        "FEE-ABSOLUTE",
        "FEE-RATE",
        "DESTINATION-FLAGGED",
        "TRAVEL-RULE-NONE",
    ]


def test_every_rule_has_a_name_and_a_docstring_and_holds_against_something() -> None:
    rules = rules_of(POLICY, REVIEW.chain_id)
    assert all(rule.name and type(rule).__doc__ for rule in rules)
    assert not any(list(rule.reasons(HONEST)) for rule in rules)
    foreign = rules_of(POLICY, "bip122:elsewhere")
    assert {rule.name for rule in foreign} == {
        *("flagged_list", "travel_rule", "originating_vasp", "repeat_days", "replacement", "request_hours", "chains")
    }


def test_the_order_of_the_rules_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    review = examples.review((examples.FLAGGED, 2 * 10**12), fee=200_001, feerate=300_000)
    case = Case(review, BLOCK, POLICY, LIST)
    expected = evaluate(case)
    rules = list(rules_of(POLICY, review.chain_id))
    for seed in range(5):
        random.Random(seed).shuffle(rules)
        monkeypatch.setattr(judgement, "rules_of", lambda *_: tuple(rules))
        assert evaluate(case) == expected


def test_a_rule_tells_fifty_reasons_and_that_there_are_more() -> None:
    review = examples.review(*[(examples.FLAGGED, 1000)] * (MAX_REASONS + 20))
    reasons = evaluate(Case(review, b"", POLICY, LIST)).reasons
    flagged = [reason.code for reason in reasons if reason.rule == "flagged_list"]
    assert sorted(set(flagged)) == ["DESTINATION-FLAGGED", "POLICY-MORE"]
    assert len(flagged) == MAX_REASONS + 1
    exact = examples.review(*[(examples.FLAGGED, 1000)] * MAX_REASONS)
    assert "POLICY-MORE" not in codes(Case(exact, b"", POLICY, LIST))


def test_a_payment_disguised_as_change_by_nobody_else_than_the_review() -> None:
    outputs = tuple(dataclasses.replace(output, role=Role.PAYMENT) for output in REVIEW.outputs)
    review = dataclasses.replace(REVIEW, outputs=outputs)
    assert codes(dataclasses.replace(HONEST, review=review)) == ["TRAVEL-RULE-UNCOVERED"]


EVM_POLICY = Policy.parse(examples.EVM_POLICY)
EVM_LIST = FlaggedList.parse(examples.EVM_FLAGGED_LIST)


def evm_decision(transaction: Eip1559, record: dict[str, Any]) -> list[str]:
    """The decision on a transaction's own bytes."""
    facts = evm_review.review(transaction.serialize(), evm.TREASURY, evm.SENDER, evm.TOKENS)
    return codes(Case(facts, examples.block(record), EVM_POLICY, EVM_LIST))


def token_transfer(recipient: bytes, amount: int = 2_500_000_000, contract: bytes = evm.USDC) -> Eip1559:
    return dataclasses.replace(evm.TOKEN_PAYMENT, to=contract, calldata=Transfer(recipient, amount).serialize())


def test_evm_transactions_are_judged_by_their_bytes() -> None:
    payee = checksum_address(evm.PAYEE)
    coin = examples.record((0, payee, evm.COIN_PAYMENT.value))
    token = examples.record((0, payee, 2_500_000_000), asset=examples.USDC)
    assert evm_decision(evm.COIN_PAYMENT, coin) == []
    assert evm_decision(evm.TOKEN_PAYMENT, token) == []
    assert evm_decision(evm.COIN_PAYMENT, token) == ["TRAVEL-RULE-AMOUNT", "TRAVEL-RULE-ASSET"]
    assert evm_decision(token_transfer(evm.PAYEE, 2_500_000_001), token) == ["TRAVEL-RULE-AMOUNT"]
    assert evm_decision(token_transfer(evm.PAYEE, contract=evm.USDT), token) == ["CAP-NONE", "TRAVEL-RULE-ASSET"]
    assert evm_decision(token_transfer(b"\x77" * 20), token) == ["TRAVEL-RULE-ACCOUNT", "TRAVEL-RULE-ADDRESS"]


def test_tokens_for_a_flagged_recipient_are_denied_though_the_contract_is_clean() -> None:
    thief = bytes.fromhex(examples.RONIN_THIEF[2:])
    record = examples.record((0, examples.RONIN_THIEF, 2_500_000_000), asset=examples.USDC)
    assert evm_decision(token_transfer(thief), record) == ["DESTINATION-FLAGGED"]
    coin = examples.record((0, examples.RONIN_THIEF, evm.COIN_PAYMENT.value))
    assert evm_decision(dataclasses.replace(evm.COIN_PAYMENT, to=thief), coin) == ["DESTINATION-FLAGGED"]
