"""The rules on chain, destination, amount and fee: each at its edge, on either side."""

import dataclasses
from typing import Any

import examples
import lists
import pytest

from custody import chains
from custody.amounts import Asset
from custody.policy.document import Policy
from custody.policy.evaluate import Case, evaluate
from custody.policy.rules.payments import AddressOnChain, CapPerTransaction, FeeCaps, NotFlagged
from custody.review import Output, Review, Role
from custody.screening.flagged import FlaggedList

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REGTEST = POLICY.chains[0]
ASSET = chains.REGTEST.coin.asset_id
HONEST = examples.review((examples.PAYEE, 100_000))
TOKEN = Asset("eip155:1/erc20:0x00", "TOK", 6)


def case(review: Review, **parts: Any) -> Case:
    return Case(**({"review": review, "travel_rule": b"", "policy": POLICY, "flagged": LIST} | parts))


def codes(rule: Any, review: Review, **parts: Any) -> list[str]:
    return [reason.code for reason in rule.reasons(case(review, **parts))]


def with_output(review: Review, **changes: Any) -> Review:
    """The same facts with the first output changed."""
    first, *rest = review.outputs
    return dataclasses.replace(review, outputs=(dataclasses.replace(first, **changes), *rest))


def test_an_honest_payment_passes_every_rule_here() -> None:
    for rule in (NotFlagged(), CapPerTransaction(REGTEST.caps), FeeCaps(REGTEST), AddressOnChain(REGTEST.chain)):
        assert codes(rule, HONEST) == []


def test_a_chain_the_policy_does_not_name_is_denied() -> None:
    review = dataclasses.replace(HONEST, chain_id=chains.BITCOIN.chain_id)
    assert "POLICY-CHAIN" in [reason.code for reason in evaluate(case(review)).reasons]


@pytest.mark.parametrize(
    "address",
    ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "", "nonsense"],
)
def test_an_address_of_another_network_is_denied(address: str) -> None:
    assert codes(AddressOnChain(chains.REGTEST), with_output(HONEST, address=address)) == ["ADDRESS-SYNTAX"]


def test_no_list_is_a_reason() -> None:
    assert codes(NotFlagged(), HONEST, flagged=None) == ["LIST-NONE"]


@pytest.mark.parametrize(
    "flagged",
    [examples.PAYEE, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"],
)
def test_a_flagged_destination_is_denied_in_any_encoding(flagged: str) -> None:
    text = f"# first\n{examples.FLAGGED}\n{flagged}\n".encode()
    (reason,) = NotFlagged().reasons(case(HONEST, flagged=FlaggedList.parse(text)))
    assert reason.code == "DESTINATION-FLAGGED"
    assert "line 3" in reason.observed
    assert examples.PAYEE in reason.observed


def test_a_built_list_denies_with_what_its_source_says_as_evidence() -> None:
    octets = lists.built([lists.Entry(examples.FLAGGED, 0, 17, "2022-04-14", "SDN 27307, XBT")])
    review = examples.review((examples.FLAGGED, 1))
    (reason,) = NotFlagged().reasons(case(review, flagged=FlaggedList.parse(octets), evidence={"list": "ab" * 32}))
    assert (reason.code, reason.fact) == ("DESTINATION-FLAGGED", "outputs[0].address")
    assert reason.observed.endswith("as entry 1 of the list (example, 17; SDN 27307, XBT; 2022-04-14)")
    assert reason.evidence == f"list {'ab' * 32}, entry 1"


def test_a_damaged_list_clears_nobody() -> None:
    octets = bytearray(lists.built([examples.FLAGGED]))
    octets[-10] ^= 1
    review = examples.review((examples.FLAGGED, 1))
    assert codes(NotFlagged(), review, flagged=FlaggedList.parse(bytes(octets))) == ["LIST-FORM"]


def test_each_flagged_output_is_told() -> None:
    review = examples.review((examples.FLAGGED, 1), (examples.PAYEE, 2), (examples.FLAGGED, 3))
    assert codes(NotFlagged(), review) == ["DESTINATION-FLAGGED"] * 2


def test_change_is_not_screened() -> None:
    assert codes(NotFlagged(), with_output(HONEST, address=examples.FLAGGED, role=Role.CHANGE)) == []


def test_a_destination_that_cannot_be_decoded_is_denied() -> None:
    assert codes(NotFlagged(), with_output(HONEST, address="nonsense")) == ["ADDRESS-SYNTAX"]


@pytest.mark.parametrize(
    ("amounts", "found"), [((1000,), []), ((1001,), ["CAP-EXCEEDED"]), ((600, 401), ["CAP-EXCEEDED"])]
)
def test_the_cap_holds_for_the_payments_together(amounts: tuple[int, ...], found: list[str]) -> None:
    review = examples.review(*((examples.PAYEE, amount) for amount in amounts), change=10**12)
    assert codes(CapPerTransaction(((ASSET, 1000),)), review) == found


def test_a_payment_to_oneself_that_is_not_proved_change_counts() -> None:
    review = examples.review((examples.CHANGE, 1001), change=0)
    assert codes(CapPerTransaction(((ASSET, 1000),)), review) == ["CAP-EXCEEDED"]


def test_an_asset_without_a_cap_is_not_paid() -> None:
    review = with_output(HONEST, asset=TOKEN)
    assert codes(CapPerTransaction(((ASSET, 10**12),)), review) == ["CAP-NONE"]


def test_each_asset_has_its_own_cap() -> None:
    token = Output(9, examples.PAYEE, 7, TOKEN, Role.PAYMENT)
    review = dataclasses.replace(HONEST, outputs=(*HONEST.outputs, token))
    assert codes(CapPerTransaction(((ASSET, 100_000), (TOKEN.asset_id, 7))), review) == []
    assert codes(CapPerTransaction(((ASSET, 99_999), (TOKEN.asset_id, 6))), review) == ["CAP-EXCEEDED"] * 2


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"fee": 10_000}, []),
        ({"fee": 10_001}, ["FEE-PERCENT"]),
        ({"fee": 100_000, "pay": 1_000_000}, []),
        ({"fee": 100_001, "pay": 10_000_000}, ["FEE-ABSOLUTE"]),
        ({"feerate": 200_000}, []),
        ({"feerate": 200_001}, ["FEE-RATE"]),
        ({"fee": 100_001, "feerate": 200_001}, ["FEE-ABSOLUTE", "FEE-RATE", "FEE-PERCENT"]),
        ({"fee": 1, "pay": 0}, ["FEE-PERCENT"]),
    ],
)
def test_each_fee_cap_holds_at_its_edge(facts: dict[str, int], found: list[str]) -> None:
    paid = facts.pop("pay", 100_000)
    assert codes(FeeCaps(REGTEST), examples.review((examples.PAYEE, paid), **facts)) == found


def test_a_move_that_pays_nobody_has_no_percentage_but_the_other_fee_caps() -> None:
    assert codes(FeeCaps(REGTEST), examples.review(fee=100_000)) == []
    assert codes(FeeCaps(REGTEST), examples.review(fee=100_001)) == ["FEE-ABSOLUTE"]


def test_amounts_beyond_64_bits_are_judged_exactly() -> None:
    cap = 2**200
    assert codes(CapPerTransaction(((ASSET, cap),)), examples.review((examples.PAYEE, cap))) == []
    assert codes(CapPerTransaction(((ASSET, cap),)), examples.review((examples.PAYEE, cap + 1))) == ["CAP-EXCEEDED"]


EVM_POLICY = Policy.parse(examples.EVM_POLICY)
EVM_LIST = FlaggedList.parse(examples.EVM_FLAGGED_LIST)
ETHEREUM, ANVIL = EVM_POLICY.chains
EVM = {"policy": EVM_POLICY, "flagged": EVM_LIST}
COIN_REVIEW = examples.evm_review()
TOKEN_REVIEW = examples.evm_review(amount=2_500_000_000, asset=examples.USDC)


@pytest.mark.parametrize("review", [COIN_REVIEW, TOKEN_REVIEW])
def test_an_honest_evm_payment_passes_every_rule_here(review: Review) -> None:
    for rule in (NotFlagged(), CapPerTransaction(ETHEREUM.caps), FeeCaps(ETHEREUM), AddressOnChain(ETHEREUM.chain)):
        assert codes(rule, review, **EVM) == []


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (examples.EVM_PAYEE.lower(), ["ADDRESS-CHECKSUM"]),
        (examples.EVM_PAYEE.replace("A", "a", 1), ["ADDRESS-CHECKSUM"]),
        (examples.EVM_PAYEE[:-1], ["ADDRESS-SYNTAX"]),
        (examples.PAYEE, ["ADDRESS-SYNTAX"]),
        ("", ["ADDRESS-SYNTAX"]),
    ],
)
def test_an_evm_payment_names_its_payee_in_the_one_spelling(address: str, found: list[str]) -> None:
    assert codes(AddressOnChain(chains.ETHEREUM), examples.evm_review(address)) == found


def test_an_evm_address_is_none_of_a_bitcoin_network() -> None:
    assert codes(AddressOnChain(chains.REGTEST), with_output(HONEST, address=examples.EVM_PAYEE)) == ["ADDRESS-SYNTAX"]


@pytest.mark.parametrize("chain", chains.EVM_CHAINS, ids=lambda one: one.alias)
@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
def test_a_flagged_evm_address_is_denied_on_every_evm_network(chain: chains.EvmChain, spelling: Any) -> None:
    flagged = FlaggedList.parse(f"# Ronin\n{spelling(examples.RONIN_THIEF)}\n".encode())
    for asset in (None, examples.USDC):
        review = examples.evm_review(examples.RONIN_THIEF, asset=asset, chain=chain)
        (reason,) = NotFlagged().reasons(case(review, flagged=flagged))
        assert reason.code == "DESTINATION-FLAGGED"
        assert "line 2" in reason.observed


def test_a_flagged_bitcoin_key_does_not_flag_the_evm_address_of_the_same_bytes() -> None:
    review = examples.evm_review("0x" + "33" * 20)
    assert codes(NotFlagged(), review, flagged=FlaggedList.parse(examples.FLAGGED.encode())) == []


@pytest.mark.parametrize(
    ("asset", "amount", "found"),
    [
        (None, 500 * 10**18, []),
        (None, 500 * 10**18 + 1, ["CAP-EXCEEDED"]),
        (examples.USDC, 10**12, []),
        (examples.USDC, 10**12 + 1, ["CAP-EXCEEDED"]),
        (examples.USDT, 1, ["CAP-NONE"]),
        (examples.ANVIL_TOKEN, 1, ["CAP-NONE"]),
        (chains.ANVIL.coin, 1, ["CAP-NONE"]),
    ],
)
def test_each_evm_asset_has_its_own_cap_and_without_one_is_not_paid(
    asset: Asset | None, amount: int, found: list[str]
) -> None:
    assert codes(CapPerTransaction(ETHEREUM.caps), examples.evm_review(amount=amount, asset=asset)) == found


def test_a_token_that_borrows_a_symbol_has_not_its_cap() -> None:
    impostor = Asset("eip155:1/erc20:" + examples.EVM_SECOND_PAYEE, "USDC", 6)
    assert codes(CapPerTransaction(ETHEREUM.caps), examples.evm_review(asset=impostor)) == ["CAP-NONE"]


GWEI = 10**9


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"feerate": 200 * GWEI * 1000}, []),
        ({"feerate": 200 * GWEI * 1000 + 1}, ["FEE-RATE"]),
        ({"fee": 2 * 10**16}, []),
        ({"fee": 2 * 10**16 + 1}, ["FEE-ABSOLUTE", "FEE-PERCENT"]),
        ({"amount": 10**18, "fee": 2 * 10**16}, []),
        ({"amount": 10**18 - 1, "fee": 2 * 10**16}, ["FEE-PERCENT"]),
        ({"amount": 0}, ["FEE-PERCENT"]),
        ({"asset": examples.USDC, "amount": 1, "fee": 2 * 10**16}, []),
        ({"asset": examples.USDC, "amount": 1, "fee": 2 * 10**16 + 1}, ["FEE-ABSOLUTE"]),
        ({"asset": examples.USDC, "amount": 1, "feerate": 201 * GWEI * 1000}, ["FEE-RATE"]),
    ],
)
def test_fee_caps_of_an_evm_payment_and_no_percentage_for_tokens(facts: dict[str, Any], found: list[str]) -> None:
    assert codes(FeeCaps(ETHEREUM), examples.evm_review(**facts)) == found


def test_a_batch_with_payments_in_the_coin_has_its_percentage_of_those() -> None:
    token = dataclasses.replace(TOKEN_REVIEW.outputs[0], index=1)
    review = dataclasses.replace(COIN_REVIEW, outputs=(*COIN_REVIEW.outputs, token), fee=2 * 10**16)
    assert codes(FeeCaps(ETHEREUM), review) == []
    assert codes(FeeCaps(ETHEREUM), with_output(review, amount=10**18 - 1)) == ["FEE-PERCENT"]


def test_a_feerate_is_told_in_the_unit_of_its_network() -> None:
    (evm,) = FeeCaps(ETHEREUM).reasons(case(examples.evm_review(feerate=250_500_000_000_000)))
    assert (evm.observed, evm.required) == ("a feerate of 250.500 gwei/gas", "at most 200 gwei/gas")
    (bitcoin,) = FeeCaps(REGTEST).reasons(case(examples.review((examples.PAYEE, 100_000), feerate=250_500)))
    assert (bitcoin.observed, bitcoin.required) == ("a feerate of 250.500 sat/vB", "at most 200 sat/vB")


def test_each_fee_cap_tells_the_fee_what_it_may_be_and_what_it_was_judged_by() -> None:
    review = examples.review((examples.PAYEE, 100_000), fee=100_001)
    absolute, percent = FeeCaps(REGTEST).reasons(case(review))
    assert (absolute.observed, absolute.required) == ("a fee of 0.00100001 rBTC", "at most 0.00100000 rBTC")
    assert percent.observed == "a fee of 0.00100001 rBTC for payments of 0.00100000 rBTC"
    assert percent.required == "a fee of at most 10 % of the payments"
    assert {one.fact for one in (absolute, percent)} == {"fee"}
