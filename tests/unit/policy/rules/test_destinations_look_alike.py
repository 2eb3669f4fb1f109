"""Addresses that begin and end like a known one and are another: refused, whoever approves."""

from dataclasses import replace
from typing import Any

import examples
import pytest

from custody.chains import BITCOIN, ETHEREUM, REGTEST, SEPOLIA, Chain
from custody.evm.address import checksum_address
from custody.policy.case import Case, Past
from custody.policy.clauses import Allowed, OwnAccount
from custody.policy.decision import CONCERNS, Reason, Requirement
from custody.policy.document import Escalation, Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules import destinations
from custody.policy.rules.destinations import NotLookAlike
from custody.policy.rules.history import DAY, SEEN_DAYS
from custody.review import Review, Role
from custody.screening.address import decode_on_chain

POLICY = Policy.parse(examples.POLICY)
NOW = 100 * DAY
DIGEST = "ab" * 32
LOOK_ALIKE = ["DESTINATION-LOOK-ALIKE"]


def evm(middle: int, *, begin: str = "5aae", end: str = "aaed") -> str:
    return checksum_address(bytes.fromhex(begin + f"{middle:032x}" + end))


KNOWN, POISON, HONEST = evm(1), evm(2), evm(2, begin="5aaf")


def allowed(address: str, chain: Chain = ETHEREUM) -> Allowed:
    return Allowed(chain, address, "Broker", decode_on_chain(address, chain))


def past(address: str, age: int = DAY) -> Past:
    return Past("cd" * 32, NOW - age, ("x:1",), ((address, 5, ETHEREUM.coin.asset_id),), {})


def found(address: str, *history: Past, allowlist: tuple[Allowed, ...] = (), own: tuple[OwnAccount, ...] = (),
          chain: Any = ETHEREUM, review: Review | None = None) -> list[Reason]:  # fmt: skip
    facts = review or examples.evm_review(address, chain=chain)
    case = Case(facts, b"", POLICY, None, history=history, elapsed=NOW, evidence={"policy": DIGEST})
    return list(NotLookAlike(chain, allowlist, own).reasons(case))


def codes(address: str, *history: Past, **known: Any) -> list[str]:
    return [reason.code for reason in found(address, *history, **known)]


def test_both_addresses_are_shown_in_full_and_nobody_can_answer_for_it() -> None:
    (reason,) = found(POISON, allowlist=(allowed(KNOWN),))
    assert reason == Reason(
        code="DESTINATION-LOOK-ALIKE",
        rule="look_alike",
        observed=f"output 0 pays {POISON}, which looks like {KNOWN} and is another",
        required="the address that is known; or, if both are true, this one in the allowlist",
        fact="outputs[0].address",
        evidence=f"policy {DIGEST}",
    )


def test_only_both_ends_together_deceive() -> None:
    near = (allowed(KNOWN),)
    assert codes(KNOWN, allowlist=near) == []
    assert codes(HONEST, allowlist=near) == []
    assert codes(evm(2, end="baed"), allowlist=near) == []
    assert codes(POISON) == []


def test_an_address_that_the_policy_names_is_not_asked() -> None:
    assert codes(POISON, allowlist=(allowed(KNOWN), allowed(POISON))) == []
    assert codes(POISON, allowlist=(allowed(KNOWN), allowed(POISON, SEPOLIA))) == LOOK_ALIKE


def test_it_is_the_text_that_deceives_whatever_the_network_of_the_known_one() -> None:
    assert codes(POISON, allowlist=(allowed(KNOWN, SEPOLIA),)) == LOOK_ALIKE


def test_own_accounts_are_not_imitated_either() -> None:
    own = (OwnAccount("Hot 1", "hot", ETHEREUM, address=KNOWN), OwnAccount("Cold", "cold", REGTEST, checksum="q" * 8))
    assert codes(POISON, own=own) == LOOK_ALIKE
    review = examples.evm_review(POISON)
    ours = replace(review, outputs=(replace(review.outputs[0], role=Role.OWN, owner="Hot 2"),))
    assert found(POISON, own=own, review=ours) == []


@pytest.mark.parametrize(
    ("age", "told"), [(0, LOOK_ALIKE), (SEEN_DAYS * DAY - 1, LOOK_ALIKE), (SEEN_DAYS * DAY, []), (-5, LOOK_ALIKE)]
)
def test_whoever_was_paid_lately_is_not_imitated(age: int, told: list[str]) -> None:
    assert codes(POISON, past(KNOWN, age)) == told
    assert codes(KNOWN, past(KNOWN, age)) == []


def test_the_evidence_is_the_request_that_paid_the_known_one() -> None:
    assert [one.evidence for one in found(POISON, past(KNOWN))] == [f"request {'cd' * 32}"]
    assert [one.evidence for one in found(POISON, past(KNOWN), allowlist=(allowed(KNOWN),))] == [f"policy {DIGEST}"]


def test_having_been_paid_before_excuses_nobody() -> None:
    """Who saw the known one coming could have had himself paid first."""
    assert codes(POISON, past(POISON, 20 * DAY), allowlist=(allowed(KNOWN),)) == LOOK_ALIKE


def test_bitcoin_addresses_that_look_alike_are_found_among_several_payments() -> None:
    """Two witness programs of 20 bytes that differ in their last three: found by trying two million."""
    known, near = "bc1qzyg3zygqqqqqqqqqqqqqqqqqqqqqqqqqprq8w6", "bc1qzyg3zygqqqqqqqqqqqqqqqqqqqqpak54u3q8w6"
    two = examples.review((known, 5), (near, 5), chain_id=BITCOIN.chain_id)
    told = found("", allowlist=(allowed(known, BITCOIN),), chain=BITCOIN, review=two)
    assert [one.fact for one in told] == ["outputs[1].address"]
    assert near in told[0].observed
    assert known in told[0].observed


def test_two_new_payees_of_one_transaction_that_look_alike_are_both_refused() -> None:
    """A thief's output beside the honest one: who reads both takes them for one payee in two payments."""
    honest, thief = "bc1qzyg3zygqqqqqqqqqqqqqqqqqqqqqqqqqprq8w6", "bc1qzyg3zygqqqqqqqqqqqqqqqqqqqqpak54u3q8w6"
    two = examples.review((honest, 5), (thief, 5), chain_id=BITCOIN.chain_id)
    told = found("", chain=BITCOIN, review=two)
    assert [one.fact for one in told] == ["outputs[0].address", "outputs[1].address"]
    assert {one.evidence for one in told} == {f"transaction {two.digest.hex()}"}
    twice = examples.review((honest, 5), (honest, 5), chain_id=BITCOIN.chain_id)
    assert found("", chain=BITCOIN, review=twice) == []


@pytest.mark.parametrize("concern", CONCERNS)
def test_no_policy_can_let_more_people_answer_for_it(concern: str) -> None:
    asked = Escalation(concern, Requirement(1, "approver", 1))
    policy = replace(Policy.parse(examples.EVM_POLICY), allowlist=(allowed(KNOWN),), escalations=(asked,))
    found = evaluate(Case(examples.evm_review(POISON), b"", policy, None, elapsed=NOW))
    assert "DESTINATION-LOOK-ALIKE" in {reason.code for reason in found.reasons}
    assert found.concerns == ()


def test_a_rule_that_sees_no_likeness_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "lookalike", lambda *_: None)
    with pytest.raises(ValueError, match="not enough values"):
        test_both_addresses_are_shown_in_full_and_nobody_can_answer_for_it()
