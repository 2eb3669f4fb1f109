"""Whatever arrives, the policy gives a decision; and no change to what is paid leaves a request allowed."""

import copy
import dataclasses
import itertools
import json
from typing import Any

import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custody.amounts import Asset
from custody.chains import ANVIL, ETHEREUM, EVM_CHAINS, EvmChain
from custody.codec import canonical_json
from custody.errors import CustodyError
from custody.policy.case import Past
from custody.policy.decision import Decision, Outcome, Reason, Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import Case, evaluate
from custody.policy.explain import render
from custody.policy.rules.history import DAY, CapPerDay
from custody.review import Review, Role, Spend
from custody.screening.flagged import FlaggedList
from custody.travel_rule.record import canonical_block, parse_block

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000), (examples.SECOND_PAYEE, 70_000))
RECORDS = [
    examples.record((0, examples.PAYEE, 100_000)),
    examples.record((1, examples.SECOND_PAYEE, 70_000)),
]
BLOCK = examples.block(*RECORDS)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def decision(case: Case) -> Decision:
    """The decision where no approval is missing."""
    found = evaluate(case)
    return Decision.of(found.reasons, found.requirements)


def decide(block: bytes, review: Any = REVIEW) -> Decision:
    return decision(Case(review, block, POLICY, LIST))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


PLACES = places(RECORDS)[1:]


def replaced(path: tuple[Any, ...], value: Any) -> list[Any]:
    records: Any = copy.deepcopy(RECORDS)
    place = records
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return list(records)


def edited(draw: st.DrawFn, original: bytes) -> bytes:
    """The original with a piece cut out, another put in."""
    start = draw(st.integers(0, len(original)))
    end = draw(st.integers(start, min(len(original), start + 8)))
    return original[:start] + draw(st.binary(max_size=8)) + original[end:]


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    return draw(st.binary(max_size=200)) if draw(st.booleans()) else edited(draw, BLOCK)


@st.composite
def policies(draw: st.DrawFn) -> bytes:
    whole = draw(st.sampled_from([examples.POLICY, examples.EVM_POLICY]))
    return draw(st.binary(max_size=200)) if draw(st.booleans()) else edited(draw, whole)


@given(blocks())
@settings(max_examples=300)
@example(BLOCK)
def test_any_bytes_give_records_or_a_named_error_and_always_a_decision(block: bytes) -> None:
    try:
        records = parse_block(block)
    except CustodyError:
        records = ()
    decided = decide(block)
    assert render(decided)
    assert not decided.allowed or len(records) == 2


@given(policies())
@settings(max_examples=300)
@example(examples.POLICY)
def test_any_bytes_give_a_policy_or_a_named_error(toml: bytes) -> None:
    try:
        policy = Policy.parse(toml)
    except CustodyError:
        return
    assert policy.chains is not None


@given(json_values)
@settings(max_examples=200)
def test_any_json_gives_a_block_or_a_named_error(value: Any) -> None:
    try:
        block = canonical_block(json.dumps(value).encode())
    except CustodyError:
        return
    assert not decide(block).allowed


@given(st.sampled_from(PLACES), json_values)
@settings(max_examples=400)
def test_what_a_changed_record_says_of_the_outputs_is_what_is_paid(path: tuple[Any, ...], value: Any) -> None:
    try:
        block = canonical_json.dumps({"records": replaced(path, value), "version": 1})
    except CustodyError:
        return
    if decide(block).allowed:
        said = [
            (output.index, output.address.lower(), output.amount)
            for record in parse_block(block)
            for output in record.outputs
        ]
        assert sorted(said) == [(0, examples.PAYEE, 100_000), (1, examples.SECOND_PAYEE, 70_000)]


CLAIMS = {
    "index": st.integers(0, 10**6),
    "amount": st.integers(0, 10**30).map(str),
    "address": st.text(min_size=1, max_size=90),
}


@given(st.data(), st.sampled_from(sorted(CLAIMS)), st.integers(0, 1))
@settings(max_examples=200)
def test_a_changed_claim_is_denied(data: st.DataObject, key: str, position: int) -> None:
    value = data.draw(CLAIMS[key].filter(lambda value: value != RECORDS[position]["outputs"][0][key]))
    if isinstance(value, str) and value.lower() == RECORDS[position]["outputs"][0][key]:
        return
    block = canonical_json.dumps({"records": replaced((position, "outputs", 0, key), value), "version": 1})
    assert not decide(block).allowed


ADDRESSES = [examples.PAYEE, examples.SECOND_PAYEE, examples.CHANGE, examples.FLAGGED, "", "nonsense"]


@given(
    st.integers(0, 2),
    st.fixed_dictionaries(
        {},
        optional={
            "index": st.integers(3, 5),
            "amount": st.integers(0, 10**14),
            "address": st.sampled_from(ADDRESSES),
            "role": st.sampled_from((Role.PAYMENT, Role.CHANGE)),
        },
    ),
)
@settings(max_examples=300)
def test_a_transaction_changed_under_an_honest_record_is_denied(position: int, changes: dict[str, Any]) -> None:
    outputs = list(REVIEW.outputs)
    outputs[position] = dataclasses.replace(outputs[position], **changes)
    paid = {(output.index, output.address, output.amount) for output in outputs if output.role is not Role.CHANGE}
    honest = {(output.index, output.address, output.amount) for output in REVIEW.payments}
    assert decide(BLOCK, dataclasses.replace(REVIEW, outputs=tuple(outputs))).allowed == (paid == honest)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_further_records_only_deny(indices: list[int]) -> None:
    further = [examples.record((index, examples.PAYEE, 1)) for index in indices]
    assert not decide(examples.block(*RECORDS, *further)).allowed


reasons = st.builds(Reason, *[st.text(max_size=3)] * 4)


requirements = st.builds(
    Requirement, st.integers(1, 10), st.sampled_from(["approver", "compliance"]), st.integers(1, 10)
)
few_reasons = st.lists(reasons, max_size=5)


@given(few_reasons, st.lists(requirements, max_size=3), few_reasons, reasons)
def test_a_further_reason_only_denies(
    few: list[Reason], asked: list[Requirement], missing: list[Reason], one: Reason
) -> None:
    before, after = Decision.of(few, asked, missing), Decision.of([*few, one], asked, missing)
    assert after.outcome is Outcome.DENY
    assert set(before.reasons) | {one} == set(after.reasons)
    assert before.allowed == (few == [] and missing == [])


@given(few_reasons, st.lists(requirements, max_size=3), few_reasons)
def test_what_is_missing_never_turns_a_no_into_a_perhaps(
    few: list[Reason], asked: list[Requirement], missing: list[Reason]
) -> None:
    decided = Decision.of(few, asked, missing)
    assert decided.outcome is (Outcome.DENY if few else Outcome.NEEDS_APPROVAL if missing else Outcome.ALLOW)
    assert decided.requirements == tuple(sorted(set(asked)))
    assert decided == Decision.of(few[::-1], asked[::-1], missing[::-1])
    assert render(decided).startswith(decided.outcome)


@given(st.permutations([*RECORDS, examples.record((2, examples.CHANGE, 1)), {}]))
def test_the_same_case_gives_the_same_decision(records: list[Any]) -> None:
    block = canonical_json.dumps({"records": records, "version": 1})
    assert decide(block) == decide(block)


EVM_POLICY = Policy.parse(examples.EVM_POLICY)
EVM_LIST = FlaggedList.parse(examples.EVM_FLAGGED_LIST)
EVM_ASSETS = [ETHEREUM.coin, examples.USDC, examples.USDT, examples.ANVIL_TOKEN, ANVIL.coin]
EVM_ADDRESSES = [
    examples.EVM_PAYEE,
    examples.EVM_SECOND_PAYEE,
    examples.RONIN_THIEF,
    examples.USDC.asset_id.rsplit(":", 1)[1],
    examples.EVM_PAYEE.lower(),
    examples.EVM_PAYEE.swapcase(),
    examples.PAYEE,
    "",
]


def evm_case(asset: Asset) -> tuple[Review, dict[str, Any]]:
    """An honest payment of this asset on Ethereum, and its record."""
    token = None if asset == ETHEREUM.coin else asset
    return examples.evm_review(asset=token, amount=10**12), examples.record(
        (0, examples.EVM_PAYEE, 10**12), asset=token
    )


def decide_evm(review: Review, record: dict[str, Any]) -> Decision:
    # A fee of one percent of the smallest payment here, so that fees never stand in the way.
    block = canonical_json.dumps({"records": [record], "version": 1})
    return decision(Case(dataclasses.replace(review, fee=10**10), block, EVM_POLICY, EVM_LIST))


paid_assets = st.sampled_from([ETHEREUM.coin, examples.USDC])


@given(
    paid_assets,
    st.fixed_dictionaries(
        {},
        optional={
            "index": st.integers(0, 3),
            "amount": st.integers(0, 10**13) | st.sampled_from([10**12 - 1, 10**12 + 1]),
            "address": st.sampled_from(EVM_ADDRESSES),
            "asset": st.sampled_from(EVM_ASSETS),
        },
    ),
)
@settings(max_examples=300)
@example(ETHEREUM.coin, {})
@example(examples.USDC, {})
def test_an_evm_transaction_changed_under_an_honest_record_is_denied(asset: Asset, changes: dict[str, Any]) -> None:
    review, record = evm_case(asset)
    changed = dataclasses.replace(review, outputs=(dataclasses.replace(review.outputs[0], **changes),))
    assert decide_evm(changed, record).allowed == (changed == review)


@given(
    paid_assets,
    st.sampled_from(["index", "address", "amount", "asset"]),
    st.integers(0, 5)
    | st.integers(0, 10**30).map(str)
    | st.sampled_from(EVM_ADDRESSES)
    | st.sampled_from([one.asset_id for one in EVM_ASSETS])
    | st.text(max_size=60),
)
@settings(max_examples=400)
def test_a_changed_claim_on_an_evm_payment_is_denied(asset: Asset, key: str, value: Any) -> None:
    review, record = evm_case(asset)
    said = (0, examples.EVM_PAYEE.lower(), str(10**12), asset.asset_id)
    record["outputs"][0][key] = value
    claim = {"asset": ETHEREUM.coin.asset_id} | record["outputs"][0]
    spelling = claim["address"] == examples.EVM_PAYEE or claim["address"] in SAME_PAYEE
    same = spelling and (claim["index"], str(claim["address"]).lower(), claim["amount"], claim["asset"]) == said
    assert decide_evm(review, record).allowed == same


SAME_PAYEE = {examples.EVM_PAYEE.lower(), examples.EVM_PAYEE.upper(), "0x" + examples.EVM_PAYEE[2:].upper()}


@given(st.sampled_from(EVM_CHAINS), st.sampled_from(EVM_ASSETS), st.sampled_from([str, str.lower, str.upper]))
def test_no_spelling_network_or_asset_lets_a_payment_to_a_flagged_address_pass(
    chain: EvmChain, asset: Asset, spelling: Any
) -> None:
    review = examples.evm_review(examples.RONIN_THIEF, 10**12, asset, chain)
    record = examples.record((0, examples.RONIN_THIEF, 10**12), asset=asset)
    flagged = FlaggedList.parse(spelling(examples.RONIN_THIEF).encode())
    found = evaluate(Case(review, examples.block(record), EVM_POLICY, flagged))
    assert "DESTINATION-FLAGGED" in [reason.code for reason in found.reasons]


COIN = POLICY.chains[0].chain.coin.asset_id
NAMES = st.frozensets(st.sampled_from("abcd"), min_size=1, max_size=3)
pasts = st.builds(
    lambda spends, charge, elapsed: Past("ab" * 32, elapsed, tuple(sorted(spends)), (), {COIN: charge}),
    NAMES,
    st.integers(0, 20),
    st.integers(-2 * DAY, 3 * DAY),
)


def most_that_can_be_mined(transactions: list[tuple[frozenset[str], int]]) -> int:
    """By trying every choice in which nothing is spent twice."""
    best = 0
    for size in range(len(transactions) + 1):
        for chosen in itertools.combinations(transactions, size):
            spent = [name for spends, _ in chosen for name in spends]
            if len(set(spent)) == len(spent):
                best = max(best, sum(charge for _, charge in chosen))
    return best


@given(st.lists(pasts, max_size=6), NAMES, st.integers(0, 20), st.integers(0, 80), st.integers(0, 2 * DAY))
@settings(max_examples=500)
def test_no_choice_of_what_is_mined_takes_more_out_than_the_cap_of_a_day(
    history: list[Past], spends: frozenset[str], amount: int, cap: int, elapsed: int
) -> None:
    review = examples.review((examples.PAYEE, amount), fee=0, spends=tuple(Spend(one, 0) for one in sorted(spends)))
    case = Case(review, b"", POLICY, LIST, history=tuple(history), elapsed=elapsed)
    recent = [(frozenset(past.spends), past.charges[COIN]) for past in history if elapsed - past.elapsed < DAY]
    mined, added = most_that_can_be_mined([*recent, (spends, amount)]), sum(charge for _, charge in recent) + amount
    passes = not list(CapPerDay(((COIN, cap),)).reasons(case))
    assert not passes or mined <= cap
    assert passes or cap < added
    if all(len(one) == 1 for one in (spends, *(one for one, _ in recent))):
        assert passes == (mined <= cap)
