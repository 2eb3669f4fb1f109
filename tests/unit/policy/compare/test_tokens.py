"""What a new token registry makes payable, and how it is told."""

import dataclasses
from typing import Any

import evm
import examples
import pytest

from custody.errors import TransactionError
from custody.evm.review import review
from custody.evm.tokens import TokenRegistry
from custody.policy.compare.change import Change
from custody.policy.compare.tokens import compare_tokens

CONTRACT = examples.USDC.asset_id.rsplit(":", 1)[1]
TOKENS = TokenRegistry.parse(
    f'version = 1\n[[token]]\nchain = "ethereum"\ncontract = "{CONTRACT}"\nsymbol = "USDC"\ndecimals = 6\n'.encode()
)


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


def registry(**values: Any) -> TokenRegistry:
    return TokenRegistry((dataclasses.replace(TOKENS.tokens[0], **values),))


def test_a_token_that_is_new_loosens() -> None:
    new = only(compare_tokens(TokenRegistry(), TOKENS))
    assert new.loosens
    assert (new.before, new.after) == ("not known", f"USDC on ethereum, 6 decimals, contract {CONTRACT}")
    assert new.example == (
        "a payment in USDC on ethereum, where the policy has a cap for it: refused before, allowed now"
    )


def test_a_token_that_is_gone_is_paid_no_more_but_its_contract_is() -> None:
    contract, gone = compare_tokens(TOKENS, TokenRegistry())
    assert (contract.loosens, gone.loosens) == (True, False)
    assert gone.example.endswith("allowed before, refused now")
    assert contract.example == (
        f"a payment to {CONTRACT} on ethereum, the contract of USDC: refused before, allowed now"
    )


def test_what_is_told_of_the_contract_is_so() -> None:
    to_contract = dataclasses.replace(evm.COIN_PAYMENT, to=evm.USDC).serialize()
    with pytest.raises(TransactionError):
        review(to_contract, evm.TREASURY, evm.SENDER, TOKENS)
    assert review(to_contract, evm.TREASURY, evm.SENDER, TokenRegistry()).payments[0].address == CONTRACT


def test_another_reading_of_amounts_loosens_both_ways() -> None:
    for other in (registry(decimals=8), registry(symbol="USDX")):
        assert only(compare_tokens(TOKENS, other)).loosens
        assert only(compare_tokens(other, TOKENS)).loosens
    change = only(compare_tokens(TOKENS, registry(decimals=8)))
    assert change.example == "100,000,000 base units: shown as 100.000000 USDC before, as 1.00000000 USDC now"


def test_the_same_tokens_in_another_order_do_not_differ() -> None:
    two = TokenRegistry((*TOKENS.tokens, *registry(contract=b"\x11" * 20, symbol="OTHER").tokens))
    assert compare_tokens(two, TokenRegistry(two.tokens[::-1])) == ()


def test_two_tokens_that_swap_their_symbols_loosen_each() -> None:
    def of(first: str, second: str) -> TokenRegistry:
        return TokenRegistry((*registry(symbol=first).tokens, *registry(contract=b"\x11" * 20, symbol=second).tokens))

    assert [change.loosens for change in compare_tokens(of("A", "B"), of("B", "A"))] == [True, True]
