"""Whatever arrives, the policy gives a decision; and no change to what is paid leaves a request allowed."""

import copy
import dataclasses
import json
from typing import Any

import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custody.amounts import Asset
from custody.chains import ANVIL, ETHEREUM, EVM_CHAINS, EvmChain
from custody.codec import canonical_json
from custody.errors import CustodyError
from custody.policy.decision import Decision, Reason
from custody.policy.document import Policy
from custody.policy.evaluate import Case, evaluate
from custody.policy.explain import render
from custody.review import Review, Role
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


def decide(block: bytes, review: Any = REVIEW) -> Decision:
    return evaluate(Case(review, block, POLICY, LIST))


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
    decision = decide(block)
    assert render(decision)
    assert not decision.allowed or len(records) == 2


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
    decision = decide(block)
    if decision.allowed:
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
            "role": st.sampled_from(Role),
        },
    ),
)
@settings(max_examples=300)
def test_a_transaction_changed_under_an_honest_record_is_denied(position: int, changes: dict[str, Any]) -> None:
    outputs = list(REVIEW.outputs)
    outputs[position] = dataclasses.replace(outputs[position], **changes)
    paid = {(output.index, output.address, output.amount) for output in outputs if output.role is Role.PAYMENT}
    honest = {(output.index, output.address, output.amount) for output in REVIEW.payments}
    assert decide(BLOCK, dataclasses.replace(REVIEW, outputs=tuple(outputs))).allowed == (paid == honest)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_further_records_only_deny(indices: list[int]) -> None:
    further = [examples.record((index, examples.PAYEE, 1)) for index in indices]
    assert not decide(examples.block(*RECORDS, *further)).allowed


reasons = st.builds(Reason, *[st.text(max_size=3)] * 4)


@given(st.lists(reasons, max_size=5), reasons)
def test_a_further_reason_only_denies(few: list[Reason], one: Reason) -> None:
    before, after = Decision.allow_unless(few), Decision.allow_unless([*few, one])
    assert not after.allowed
    assert set(before.reasons) <= set(after.reasons)
    assert before.allowed == (few == [])


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
    return evaluate(Case(dataclasses.replace(review, fee=10**10), block, EVM_POLICY, EVM_LIST))


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
