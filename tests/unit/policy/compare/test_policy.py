"""What a new policy or token registry makes newly possible, each kind of change with its example."""

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import examples
import pytest

from custody import chains
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ChainPolicy
from custody.policy.compare.change import Change
from custody.policy.compare.policy import compare_policy
from custody.policy.decision import Requirement
from custody.policy.document import OriginatingVasp, Policy

REGTEST, USDC = chains.REGTEST.coin.asset_id, examples.USDC.asset_id
CONTRACT = USDC.rsplit(":", 1)[1]
POLICY = Policy.parse(examples.POLICY)
EVM_POLICY = Policy.parse(examples.EVM_POLICY)
TOKENS = TokenRegistry.parse(
    f'version = 1\n[[token]]\nchain = "ethereum"\ncontract = "{CONTRACT}"\nsymbol = "USDC"\ndecimals = 6\n'.encode()
)


def changed(**values: Any) -> Policy:
    return dataclasses.replace(POLICY, **values)


def with_chain(policy: Policy = POLICY, **values: Any) -> Policy:
    """The policy with other values on its first chain."""
    first, *others = policy.chains
    return dataclasses.replace(policy, chains=(dataclasses.replace(first, **values), *others))


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


def both_ways(old: Policy, new: Policy) -> tuple[Change, Change]:
    """The one change, and the one of the way back."""
    return only(compare_policy(old, new)), only(compare_policy(new, old))


def test_nothing_differs_from_itself() -> None:
    for text in (examples.POLICY, examples.EVM_POLICY):
        commented = b"# another comment\n" + text
        assert compare_policy(Policy.parse(text), Policy.parse(commented)) == ()


def page_policy(project: Path) -> str:
    page = (project / "docs/spec/policy.md").read_text("utf-8")
    return re.findall(r"<!-- example:policy -->\n```toml\n(.*?)```", page, re.DOTALL)[0]


def test_the_example_on_the_page_is_what_is_told(project: Path) -> None:
    text = page_policy(project)
    raised = text.replace('coin = "5000000000" ', 'coin = "5000000100" ')
    assert raised != text
    new = Policy.parse(raised.encode())
    new = dataclasses.replace(new, chains=tuple(one for one in new.chains if one.chain.alias != "regtest"))
    page = (project / "docs/spec/loosening.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:loosening -->\n```json\n(.*?)```", page, re.DOTALL)
    assert [change.as_json() for change in compare_policy(Policy.parse(text.encode()), new)] == json.loads(written)


def test_without_a_policy_before_every_chain_and_asset_is_new() -> None:
    changes = compare_policy(None, EVM_POLICY, TOKENS)
    assert all(change.loosens and change.example.endswith(": refused before, allowed now") for change in changes)
    assert [change.example.split(":")[0] for change in changes[:3]] == [
        "a transaction that pays a fee of 0.020000000000000000 ETH and nobody",
        "a payment of 500.000000000000000000 ETH to any address that is not flagged",
        f"a payment of 1,000,000.000000 USDC ({CONTRACT}) to any address that is not flagged",
    ]
    assert len(changes) == 6


def test_a_token_that_no_registry_names_is_told_in_base_units() -> None:
    changes = compare_policy(None, EVM_POLICY)
    assert f"a payment of 1,000,000,000,000 base units of {CONTRACT} to any" in changes[2].example


@pytest.mark.parametrize(
    ("value", "lower", "higher", "example"),
    [
        ("fee_cap", 99, 100_000, "a fee of 0.00000100 rBTC"),
        ("feerate_cap", 7, 200, "a feerate of 7.001 sat/vB"),
        ("fee_percent_cap", 0, 10, "a fee of 10 % of the payments"),
        ("caps", ((REGTEST, 6),), ((REGTEST, 9),), "a payment of 0.00000007 rBTC to any address that is not flagged"),
        ("day_caps", ((REGTEST, 6),), ((REGTEST, 9),), "payments and fees of 0.00000007 rBTC together within a day"),
        ("day_caps", ((REGTEST, 6),), (), "payments and fees of 0.00000007 rBTC together within a day"),
    ],
)
def test_a_raised_bound_of_a_chain_loosens_and_a_lowered_one_tightens(
    value: str, lower: Any, higher: Any, example: str
) -> None:
    up, down = both_ways(with_chain(**{value: lower}), with_chain(**{value: higher}))
    assert (up.loosens, down.loosens) == (True, False)
    assert up.example == f"{example}: refused before, allowed now"
    assert down.example == f"{example}: allowed before, refused now"
    assert (up.before, up.after) == (down.after, down.before)
    assert up.before.startswith("regtest: ")


def test_a_feerate_is_told_in_the_unit_of_its_network() -> None:
    up, _ = both_ways(with_chain(EVM_POLICY, feerate_cap=100), with_chain(EVM_POLICY, feerate_cap=101))
    assert up.example.startswith("a feerate of 100.000000000001 gwei/gas")


def test_an_asset_that_is_paid_anew_loosens() -> None:
    coin, token = EVM_POLICY.chains[0].caps
    for day_cap, largest, day in ((None, "1,000,000.000000", "no bound for a day"), (5, "0.000005", "within a day")):
        day_caps = () if day_cap is None else ((USDC, day_cap),)
        new = with_chain(EVM_POLICY, day_caps=day_caps)
        change = only(compare_policy(with_chain(EVM_POLICY, caps=(coin,)), new, TOKENS))
        assert (change.loosens, change.rule) == (True, "cap_per_transaction")
        assert change.before == f"ethereum: no payments in USDC ({CONTRACT})"
        assert change.example.startswith(f"a payment of {largest} USDC ({CONTRACT}) to any address")
        assert day in change.after
    assert token[0] == USDC


def test_an_asset_that_is_paid_no_more_tightens_whatever_its_cap_for_the_day_was() -> None:
    old = with_chain(EVM_POLICY, day_caps=((USDC, 5),))
    change = only(compare_policy(old, with_chain(old, caps=EVM_POLICY.chains[0].caps[:1], day_caps=())))
    assert (change.loosens, change.rule) == (False, "cap_per_transaction")


def test_a_cap_for_the_day_that_bounds_fees_alone_counts_too() -> None:
    coinless = with_chain(EVM_POLICY, caps=EVM_POLICY.chains[0].caps[1:])
    bounded = with_chain(coinless, day_caps=((chains.ETHEREUM.coin.asset_id, 5),))
    assert only(compare_policy(bounded, coinless)).loosens


def test_an_example_says_where_the_cap_of_a_day_still_refuses_it() -> None:
    up, down = both_ways(
        with_chain(caps=((REGTEST, 6),), day_caps=((REGTEST, 5),)),
        with_chain(caps=((REGTEST, 9),), day_caps=((REGTEST, 5),)),
    )
    assert up.loosens
    assert up.example.endswith(": refused before, refused by cap_per_day alone now")
    assert down.example.endswith(": refused by cap_per_day alone before, refused now")


def test_a_chain_named_anew_is_told_with_its_assets_and_one_named_no_more_once() -> None:
    anvil = EVM_POLICY.chains[1]
    fewer = dataclasses.replace(EVM_POLICY, chains=(anvil,))
    added = compare_policy(fewer, EVM_POLICY)
    assert [change.rule for change in added] == ["chains", "cap_per_transaction", "cap_per_transaction"]
    assert all(change.loosens for change in added)
    change = only(compare_policy(EVM_POLICY, fewer))
    assert (change.loosens, change.example) == (False, "any transaction on ethereum: allowed before, refused now")


def test_a_chain_named_anew_without_any_asset_loosens_too() -> None:
    bare = ChainPolicy(chains.BITCOIN, (), 500, 1, 0, ((chains.BITCOIN.coin.asset_id, 30),))
    change = only(compare_policy(POLICY, changed(chains=(bare, *POLICY.chains))))
    assert change.loosens
    assert change.example.startswith("a transaction that pays a fee of 0.00000030 BTC and nobody")


TWO, THREE = Requirement(2, "approver", 1), Requirement(3, "approver", 1)
APART, COMPLIANCE = Requirement(2, "approver", 2), Requirement(1, "compliance", 1)


@pytest.mark.parametrize(
    ("weaker", "stronger", "example"),
    [
        ((), (TWO,), "a request that no approver approved"),
        ((TWO,), (THREE,), "a request that 2 approvers of 1 organisation in all approved"),
        ((TWO,), (APART,), "a request that 2 approvers of 1 organisation in all approved"),
        ((TWO,), (COMPLIANCE, TWO), "a request that no compliance officer approved"),
        ((), (COMPLIANCE,), "a request that no compliance officer approved"),
    ],
)
def test_fewer_approvals_loosen_and_more_tighten(
    weaker: tuple[Requirement, ...], stronger: tuple[Requirement, ...], example: str
) -> None:
    less, more = changed(approvals=weaker), changed(approvals=stronger)
    change = only(compare_policy(more, less))
    assert (change.loosens, change.example) == (True, f"{example}: not enough before, enough now")
    assert not only(compare_policy(less, more)).loosens


def test_more_people_of_fewer_organisations_loosen_both_ways() -> None:
    there, back = both_ways(changed(approvals=(APART,)), changed(approvals=(THREE,)))
    assert there.loosens
    assert back.loosens
    assert there.example.startswith("a request that 3 approvers of 1 organisation in all approved")


def test_another_role_in_the_place_of_one_loosens_and_tightens() -> None:
    changes = compare_policy(changed(approvals=(TWO,)), changed(approvals=(COMPLIANCE,)))
    assert [change.loosens for change in changes] == [True, False]


def test_requirements_of_one_role_are_compared_as_what_they_ask_together() -> None:
    assert compare_policy(changed(approvals=(APART, THREE)), changed(approvals=(Requirement(3, "approver", 2),))) == ()


@pytest.mark.parametrize(
    ("fewer", "more", "example"),
    [(0, 7, "on the same day"), (1, 7, "after 1 day"), (3, 7, "after 3 days"), (0, 1, "on the same day")],
)
def test_fewer_days_without_repetition_loosen(fewer: int, more: int, example: str) -> None:
    down, up = both_ways(changed(repeat_days=more), changed(repeat_days=fewer))
    assert (down.loosens, up.loosens) == (True, False)
    assert down.example == f"the same payment again {example}: refused before, allowed now"


@pytest.mark.parametrize(
    ("old", "new", "loosens"),
    [
        (("A", None), ("B", None), True),
        (("A", "L"), ("A", None), True),
        (("A", "L"), ("A", "M"), True),
        (("A", None), ("A", "L"), False),
    ],
)
def test_another_originating_vasp_loosens_and_one_more_identifier_tightens(
    old: tuple[str, str | None], new: tuple[str, str | None], loosens: bool
) -> None:
    policies = (changed(originating_vasp=OriginatingVasp(*vasp)) for vasp in (old, new))
    change = only(compare_policy(*policies))
    assert (change.loosens, change.rule) == (loosens, "originating_vasp")


def vasp(name: str, lei: str | None = None) -> Policy:
    return changed(originating_vasp=OriginatingVasp(name, lei))


def test_another_name_of_this_house_is_told_with_a_record_that_has_it() -> None:
    assert only(compare_policy(vasp("A"), vasp("B"))) == Change(
        loosens=True,
        rule="originating_vasp",
        before="the name A",
        after="the name B",
        example="a record whose originating VASP is B: refused before, allowed now",
    )


NUMBER = "the legal entity identifier"


@pytest.mark.parametrize(
    ("old", "new", "before", "after", "example"),
    [
        ("L", "M", "L", "M", f"{NUMBER} M: refused before, allowed now"),
        ("L", None, "L", "is not compared", "no legal entity identifier: refused before, allowed now"),
        (None, "M", "is not compared", "M", "no legal entity identifier: allowed before, refused now"),
    ],
)
def test_another_identifier_of_this_house_is_told_with_a_record_that_has_it(
    old: str | None, new: str | None, before: str, after: str, example: str
) -> None:
    assert only(compare_policy(vasp("A", old), vasp("A", new))) == Change(
        loosens=old is not None,
        rule="originating_vasp",
        before=f"{NUMBER} {before}",
        after=f"{NUMBER} {after}",
        example=f"a record whose originating VASP has {example}",
    )


def test_whose_policy_it_is_decides_nothing() -> None:
    assert only(compare_policy(POLICY, changed(house="Another"))) == Change(
        loosens=False,
        rule="house",
        before=POLICY.house,
        after="Another",
        example="none: it is shown to people and decides nothing",
    )


def test_what_is_newly_allowed_comes_first() -> None:
    new = with_chain(changed(repeat_days=8, house="Another"), fee_cap=100_001)
    assert [change.loosens for change in compare_policy(POLICY, new)] == [True, False, False]


@dataclass(frozen=True, slots=True)
class LaterPolicy(Policy):
    """A policy of a later version."""

    weekdays: str = "any"


@dataclass(frozen=True, slots=True)
class LaterChainPolicy(ChainPolicy):
    """What holds on a chain in a later version."""

    contracts: str = "none"


def values_of(one: Any) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}


def test_a_field_that_the_comparison_does_not_know_loosens() -> None:
    old, new = LaterPolicy(**values_of(POLICY)), LaterPolicy(**values_of(POLICY), weekdays="mon")
    assert compare_policy(old, dataclasses.replace(old)) == ()
    assert compare_policy(old, new) == (
        Change(True, "weekdays", before="as it is", after="another", example="what this changes cannot be told"),
    )
    chain = values_of(POLICY.chains[0])
    old, new = (changed(chains=(LaterChainPolicy(**chain, contracts=one),)) for one in ("none", "any"))
    assert [(change.loosens, change.rule) for change in compare_policy(old, new)] == [(True, "contracts")]
