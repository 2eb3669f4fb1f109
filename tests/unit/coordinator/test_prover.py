"""Proofs of what a new policy newly allows: examples that the device bears out, and what is proved of any policy."""

import dataclasses
import re
from pathlib import Path
from random import Random
from typing import Any

import examples
import pytest
import z3
from policies import FIELDS, VALUES, neighbours

from custody import chains
from custody.coordinator.prover import prove as prover
from custody.coordinator.prover import words
from custody.coordinator.prover.encode import allowed
from custody.coordinator.prover.payees import payees, stranger
from custody.coordinator.prover.prove import Proof, situations
from custody.coordinator.prover.scenario import Scenario
from custody.coordinator.prover.symbols import Symbols
from custody.errors import CustodyError
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ChainPolicy, Tier
from custody.policy.clauses import Allowed, Escalation, NewDestinations, OwnAccount
from custody.policy.decision import CONCERNS, Requirement
from custody.policy.document import OriginatingVasp, Policy
from custody.screening.address import decode_on_chain
from custody.screening.lookalike import lookalike

TOKENS = TokenRegistry.parse(examples.TOKENS)
COIN = chains.REGTEST.coin.asset_id
POLICY = Policy.parse(examples.POLICY)
EVM_POLICY = Policy.parse(examples.EVM_POLICY)


def changed(policy: Policy = POLICY, **values: Any) -> Policy:
    """The policy with other values, those of a chain on its first chain."""
    own = {name: value for name, value in values.items() if name not in VALUES}
    first, *others = policy.chains
    chain = dataclasses.replace(first, **{name: value for name, value in values.items() if name in VALUES})
    return dataclasses.replace(policy, chains=(chain, *others), **own)


def proof(old: Policy, new: Policy) -> Proof:
    return prover.prove(old, new, [*situations(old, new, TOKENS)])


def example(old: Policy, new: Policy) -> Scenario:
    found = proof(old, new).example
    assert found
    return found


def told(old: Policy, new: Policy) -> str:
    return "\n".join(words.told(proof(old, new), old))


def test_a_policy_allows_nothing_that_it_does_not() -> None:
    for policy in (POLICY, EVM_POLICY):
        found = proof(policy, policy)
        assert found.example is None
        assert found.situations > 1
        assert found.always == (
            "what is flagged is never allowed",
            "without a record nobody but this house is paid",
        )


def test_a_tighter_policy_allows_nothing_new_and_is_told_so() -> None:
    tighter = changed(caps=((COIN, 7),), fee_cap=3, approvals=(Requirement(2, "approver", 2),), repeat_days=30)
    assert proof(POLICY, tighter).example is None
    text = told(POLICY, tighter)
    assert text.startswith("PROVED: the new policy allows nothing that the old one does not, in 2 situation(s),")
    assert "payments that the payee's VASP has signed" in text


def test_a_raised_cap_gives_a_payment_above_the_old_one_and_within_the_new() -> None:
    old, new = changed(caps=((COIN, 50),)), changed(caps=((COIN, 60),))
    found = example(old, new)
    assert 50 < found.amount <= 60
    assert (found.fee, found.people, found.record) == (0, {"approver": 0, "compliance": 0}, True)
    text = told(old, new)
    assert text.startswith(
        "NEWLY ALLOWED, found by the solver and judged by the device's own rules:\n  regtest: 0.000000"
    )
    assert "  before   refused: CAP-EXCEEDED, payments of 0.000000" in text
    assert "  now      allowed" in text


def test_fewer_approvals_give_a_request_that_too_few_approved() -> None:
    old, new = (changed(approvals=(Requirement(many, "approver", 1),)) for many in (3, 2))
    assert example(old, new).people["approver"] == 2
    text = told(old, new)
    assert "approved by 2 approvers" in text
    assert "before   not enough approvals: 3 approvers" in text


def test_a_cap_of_a_period_gives_an_earlier_payment() -> None:
    old, new = changed(week_caps=((COIN, 50),), caps=((COIN, 40),), fee_cap=0), changed(caps=((COIN, 40),), fee_cap=0)
    found = example(old, new)
    assert sum(one.same + one.other + one.fee for one in found.earlier) + found.amount + found.fee > 50
    assert "authorised " in told(old, new)


def test_a_destination_that_is_known_no_more_lets_what_looks_like_it_pass() -> None:
    entry = Allowed(chains.ETHEREUM, examples.EVM_PAYEE, "Other", decode_on_chain(examples.EVM_PAYEE, chains.ETHEREUM))
    found = example(dataclasses.replace(EVM_POLICY, allowlist=(entry,)), EVM_POLICY)
    payee = found.situation.payee
    assert payee
    assert payee.address != examples.EVM_PAYEE
    assert lookalike(payee.address, [examples.EVM_PAYEE])
    assert payee.words == f"who looks like {examples.EVM_PAYEE}"


def test_a_hot_account_that_is_the_houses_no_more_is_paid_without_bound() -> None:
    hot = OwnAccount("refill", "hot", chains.REGTEST, checksum="qqqqqqqq")
    found = example(changed(own_accounts=(hot,)), POLICY)
    assert found.situation.payee
    assert found.situation.payee.words == "the own account refill"


def test_payees_who_are_forgotten_sooner_are_paid_a_smaller_retry() -> None:
    """What the solver found of the comparison."""
    old, new = (changed(new_destinations=NewDestinations(24, days), first_payments=((COIN, 100),)) for days in (30, 10))
    found = example(old, new)
    assert any(one.shared and one.same > 100 for one in found.earlier)
    assert "from a coin that this request spends" in told(old, new)


def test_another_house_in_the_records_is_found() -> None:
    new = dataclasses.replace(POLICY, originating_vasp=OriginatingVasp("Another KK"))
    found = example(POLICY, new)
    assert found.situation.houses[found.house].name == "Another KK"


def test_a_chain_that_is_named_anew_is_found() -> None:
    assert example(dataclasses.replace(POLICY, chains=()), POLICY).situation.chain == chains.REGTEST


def test_each_kind_of_payee_is_asked_about_once() -> None:
    addresses = ["0x" + f"{number:040d}" for number in range(1, 60)]
    allowed = tuple(Allowed(chains.ETHEREUM, one, "one", decode_on_chain(one, chains.ETHEREUM)) for one in addresses)
    new = dataclasses.replace(EVM_POLICY, allowlist=allowed)
    kinds = payees(EVM_POLICY, new, chains.ETHEREUM)
    assert [payee.words for payee in kinds[:2]] == ["somebody who is not known", "one, of the allowlist"]
    assert len(kinds) <= 4
    assert stranger(chains.ETHEREUM) not in addresses


def test_an_example_that_the_device_does_not_bear_out_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    formulas = iter([z3.BoolVal(True), z3.BoolVal(False)])
    monkeypatch.setattr(prover, "allowed", lambda *_: next(formulas))
    with pytest.raises(CustodyError) as raised:
        proof(POLICY, POLICY)
    assert raised.value.code == "PROVER-DIFFERS"


def test_a_solver_that_gives_up_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(z3.Solver, "check", lambda _: z3.unknown)
    with pytest.raises(CustodyError) as raised:
        proof(POLICY, POLICY)
    assert raised.value.code == "PROVER-UNDECIDED"


def test_a_rule_that_lets_the_flagged_pass_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover, "allowed", lambda *_: z3.BoolVal(True))
    assert list(prover._proved(POLICY, situations(POLICY, POLICY, TOKENS))) == []


def symbolic(name: str) -> Any:
    """Any number from nothing on."""
    return z3.Int(name)


def any_policy(chain: chains.Chain) -> Policy:
    """Every policy of one chain that has all clauses, its numbers free."""
    coin = chain.coin.asset_id
    asked = [Requirement(symbolic(f"count {at}"), "approver", symbolic(f"of {at}")) for at in range(8)]
    bounds = ["caps", "day_caps", "week_caps", "month_caps", "first_payments", "known_above", "signed_above"]
    values: dict[str, Any] = {name: ((coin, symbolic(name)),) for name in [*bounds, "to_hot_caps"]}
    numbers = {name: symbolic(name) for name in ("fee_cap", "feerate_cap", "fee_percent_cap")}
    tiers = (Tier(coin, symbolic("above"), asked[0]),)
    return Policy(
        house="any",
        originating_vasp=OriginatingVasp("Any"),
        chains=(ChainPolicy(chain, **values, **numbers, tiers=tiers),),
        approvals=(asked[1],),
        repeat_days=symbolic("repeat_days"),
        request_hours=symbolic("request_hours"),
        new_destinations=NewDestinations(symbolic("cool_down"), symbolic("forget")),
        escalations=tuple(Escalation(concern, one) for concern, one in zip(CONCERNS, asked[2:], strict=False)),
        own_accounts=(OwnAccount("cold", "cold", chain, checksum="qqqqqqqq"),),
    )


@pytest.mark.parametrize("breaks", ["flagged", "record"])
def test_whatever_a_policys_numbers_nobody_is_paid_who_is_flagged_or_has_no_record(breaks: str) -> None:
    policy = any_policy(chains.REGTEST)
    asked = [*situations(policy, policy, TOKENS)]
    assert len(asked) == 3
    for situation in asked:
        payee, symbols = situation.payee, Symbols.fresh()
        if payee is None or (breaks == "record" and payee.new.own):
            continue
        solver = z3.Solver()
        solver.add(*symbols.domain(situation), allowed(policy, payee.new, situation, symbols))
        assert solver.check() == z3.sat
        solver.add(symbols.flagged if breaks == "flagged" else z3.Not(symbols.record))
        assert solver.check() == z3.unsat


def test_the_example_on_the_page_is_what_is_told(project: Path) -> None:
    page = (project / "docs/spec/loosening.md").read_text("utf-8")
    written = re.findall(r"<!-- example:proof -->\n```text\n(.*?)\n```", page, re.DOTALL)[0]
    old, new = (
        changed(new_destinations=NewDestinations(24, days), first_payments=((COIN, 5_000_000),)) for days in (30, 10)
    )
    assert told(old, new).split("\nPROVED of")[0] == written


def test_what_a_proof_says_for_scripts_is_what_it_tells_people() -> None:
    old, new = changed(caps=((COIN, 50),)), changed(caps=((COIN, 60),))
    fields = words.as_json(proof(old, new), old)
    assert fields["proved"] is False
    shown = fields["example"]
    assert isinstance(shown, dict)
    assert isinstance(shown["request"], list)
    assert str(shown["request"][0]) in told(old, new)
    assert words.as_json(proof(old, old), old)["example"] is None


def test_every_example_of_random_policies_can_be_told() -> None:
    for seed in range(20):
        old, new = neighbours(Random(seed), [*FIELDS, *VALUES][seed % len([*FIELDS, *VALUES])])
        assert told(old, new).isprintable() or "\n" in told(old, new)
