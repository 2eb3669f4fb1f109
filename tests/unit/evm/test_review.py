"""The review: what a transaction pays, to whom, at what worst case; everything else is refused by name."""

from dataclasses import replace

import pytest
from evm import (
    COIN_PAYMENT,
    PAYEE,
    PRACTICE,
    SENDER,
    TOKEN_PAYMENT,
    TOKENS,
    TREASURY,
    USDC,
    USDT,
    account,
    fields,
    serialize,
)

from custody.chains import BNB, ETHEREUM
from custody.errors import TransactionError
from custody.evm.account import ADDRESSES
from custody.evm.address import checksum_address
from custody.evm.calldata import Transfer, selector
from custody.evm.review import KIND, prove, review
from custody.evm.tokens import TokenRegistry
from custody.evm.transaction import Eip1559
from custody.review import Output, Review, Role, Spend


def facts(transaction: Eip1559) -> Review:
    return review(transaction.serialize(), TREASURY, SENDER, TOKENS)


def refusal(transaction: Eip1559, tokens: TokenRegistry = TOKENS) -> TransactionError:
    with pytest.raises(TransactionError) as caught:
        review(transaction.serialize(), TREASURY, SENDER, tokens)
    return caught.value


def test_a_payment_in_coin() -> None:
    found = facts(COIN_PAYMENT)
    assert (found.chain_id, found.account, found.kind) == ("eip155:1", "treasury", KIND)
    assert found.outputs == (
        Output(0, checksum_address(PAYEE), 1_500_000_000_000_000_000, ETHEREUM.coin, Role.PAYMENT),
    )
    assert found.spends == (Spend(f"eip155:1:{SENDER}:7", 0),)
    assert found.transaction_id == "0x" + COIN_PAYMENT.signing_hash.hex()


def test_a_payment_in_token() -> None:
    found = facts(TOKEN_PAYMENT)
    asset = TOKENS.find(ETHEREUM.chain_id, USDC)
    assert asset is not None
    assert found.outputs == (Output(0, checksum_address(PAYEE), 2_500_000_000, asset, Role.PAYMENT),)
    assert found.fee_asset == ETHEREUM.coin
    assert any(checksum_address(USDC) in note for note in found.notes)


def test_the_fee_is_the_worst_case() -> None:
    found = facts(COIN_PAYMENT)
    assert found.fee == 21_000 * 30_000_000_000
    assert found.feerate == 30_000_000_000 * 1000
    assert found.size == 21_000
    assert "21,000 gas at 0.000000030000000000 ETH" in found.notes[1]


def test_a_note_tells_the_number_and_the_sender() -> None:
    assert "number 7" in facts(COIN_PAYMENT).notes[0]
    assert SENDER in facts(COIN_PAYMENT).notes[0]


def test_a_payment_to_an_own_address_is_a_payment() -> None:
    own = bytes.fromhex(TREASURY.address(1)[2:])
    assert facts(replace(COIN_PAYMENT, to=own)).outputs[0].role is Role.PAYMENT
    assert facts(replace(TOKEN_PAYMENT, calldata=Transfer(own, 1).serialize())).payments != ()


def test_the_facts_change_with_every_field() -> None:
    changes: list[dict[str, object]] = [
        {"nonce": 9},
        {"max_priority_fee_per_gas": 1},
        {"max_fee_per_gas": 31_000_000_000},
        {"gas": 21_001},
        {"to": PAYEE[::-1]},
        {"value": 1},
    ]
    digests = {facts(replace(COIN_PAYMENT, **change)).digest for change in changes}  # type: ignore[arg-type]
    assert len(digests | {facts(COIN_PAYMENT).digest}) == len(changes) + 1


@pytest.mark.parametrize("number", [0, 5, 56, 137, 11_155_111, 2**64])
def test_another_networks_transaction_is_refused(number: int) -> None:
    fault = refusal(replace(COIN_PAYMENT, chain_number=number))
    assert fault.code == "EVM-CHAIN"
    assert str(number) in fault.message


def test_the_same_keys_on_another_network_review_only_its_own_transactions() -> None:
    bnb = account(chain=BNB)
    with pytest.raises(TransactionError, match="EVM-CHAIN"):
        review(COIN_PAYMENT.serialize(), bnb, SENDER, TOKENS)
    found = review(replace(COIN_PAYMENT, chain_number=56).serialize(), bnb, SENDER, TOKENS)
    assert found.outputs[0].asset == BNB.coin
    with pytest.raises(TransactionError, match="EVM-TOKEN-UNKNOWN"):
        review(replace(TOKEN_PAYMENT, chain_number=56).serialize(), bnb, SENDER, TOKENS)


@pytest.mark.parametrize(
    "sender", ["", SENDER.lower(), checksum_address(PAYEE), PRACTICE.address(0), TREASURY.address(ADDRESSES)]
)
def test_a_sender_that_is_not_the_accounts_is_refused(sender: str) -> None:
    for judge in (lambda: review(COIN_PAYMENT.serialize(), TREASURY, sender, TOKENS),
                  lambda: prove(COIN_PAYMENT.serialize(), TREASURY, sender)):  # fmt: skip
        with pytest.raises(TransactionError, match="EVM-SENDER"):
            judge()


def test_every_address_of_the_account_may_send() -> None:
    last = TREASURY.address(ADDRESSES - 1)
    assert review(COIN_PAYMENT.serialize(), TREASURY, last, TOKENS).spends == (Spend(f"eip155:1:{last}:7", 0),)


def test_a_call_of_an_unknown_contract_is_refused_never_guessed() -> None:
    unknown = replace(TOKEN_PAYMENT, to=USDC[::-1])
    assert refusal(unknown).code == "EVM-TOKEN-UNKNOWN"
    assert checksum_address(USDC[::-1]) in refusal(unknown).message
    assert refusal(TOKEN_PAYMENT, TokenRegistry()).code == "EVM-TOKEN-UNKNOWN"
    assert refusal(replace(COIN_PAYMENT, gas=30_000, calldata=b"\0")).code == "EVM-TOKEN-UNKNOWN"


@pytest.mark.parametrize(
    "function", ["approve(address,uint256)", "increaseAllowance(address,uint256)", "transferOwnership(address)"]
)
def test_another_call_of_a_known_token_is_refused_by_its_name(function: str) -> None:
    fault = refusal(replace(TOKEN_PAYMENT, calldata=selector(function) + TOKEN_PAYMENT.calldata[4:]))
    assert fault.code == "EVM-SELECTOR"
    assert function in fault.message


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"value": 1}, "EVM-VALUE-WITH-CALL"),
        ({"calldata": b""}, "EVM-SELECTOR"),
        ({"calldata": b"", "value": 1}, "EVM-VALUE-WITH-CALL"),
        ({"calldata": TOKEN_PAYMENT.calldata + b"\0"}, "EVM-CALLDATA-SIZE"),
        ({"calldata": TOKEN_PAYMENT.calldata[:-1]}, "EVM-CALLDATA-SIZE"),
        ({"calldata": TOKEN_PAYMENT.calldata[:4] + b"\1" + TOKEN_PAYMENT.calldata[5:]}, "EVM-CALLDATA-PADDING"),
        ({"calldata": Transfer(bytes(20), 5).serialize()}, "EVM-RECIPIENT-ZERO"),
        ({"calldata": Transfer(bytes(19) + b"\1", 5).serialize()}, "EVM-RECIPIENT-RESERVED"),
        ({"calldata": Transfer(USDC, 5).serialize()}, "EVM-RECIPIENT-TOKEN"),
        ({"calldata": Transfer(USDT, 5).serialize()}, "EVM-RECIPIENT-TOKEN"),
        ({"calldata": Transfer(PAYEE, 0).serialize()}, "EVM-ZERO-AMOUNT"),
    ],
)
def test_a_token_payment_that_does_not_hold_is_refused(changed: dict[str, object], code: str) -> None:
    assert refusal(replace(TOKEN_PAYMENT, **changed)).code == code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"to": bytes(20)}, "EVM-RECIPIENT-ZERO"),
        ({"to": (1).to_bytes(20, "big")}, "EVM-RECIPIENT-RESERVED"),
        ({"to": (0x100).to_bytes(20, "big")}, "EVM-RECIPIENT-RESERVED"),
        ({"to": (0xFFFF).to_bytes(20, "big")}, "EVM-RECIPIENT-RESERVED"),
        ({"to": USDC}, "EVM-VALUE-WITH-CALL"),
        ({"value": 0}, "EVM-ZERO-AMOUNT"),
    ],
)
def test_a_coin_payment_that_does_not_hold_is_refused(changed: dict[str, object], code: str) -> None:
    assert refusal(replace(COIN_PAYMENT, **changed)).code == code  # type: ignore[arg-type]


def test_the_first_address_that_is_not_reserved_may_be_paid() -> None:
    assert facts(replace(COIN_PAYMENT, to=(0x10000).to_bytes(20, "big"))).outputs[0].amount


def test_creating_a_contract_is_refused() -> None:
    creation = fields()
    creation[5] = b""
    with pytest.raises(TransactionError, match="EVM-CREATION"):
        review(serialize(creation), TREASURY, SENDER, TOKENS)


def test_the_largest_facts_still_have_a_digest() -> None:
    widest = replace(COIN_PAYMENT, value=2**255, gas=16_777_216, max_fee_per_gas=2**200, nonce=2**64 - 2)
    assert len(facts(widest).digest) == 32
