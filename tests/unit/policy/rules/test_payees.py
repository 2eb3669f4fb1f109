"""Whom a transaction pays, and what the same payees got before, however their addresses were written."""

import dataclasses

import examples

from custody import chains
from custody.bitcoin.script import encode_address
from custody.policy.case import Case, Past
from custody.policy.document import Policy
from custody.policy.rules.payees import earlier_payments, payees
from custody.review import Review
from custody.screening.flagged import FlaggedList

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000))
COIN = chains.REGTEST.coin.asset_id
TOKEN = examples.evm_review(amount=2_500_000, asset=examples.USDC)


def past(*payments: tuple[str, int, str], request: str = "ab") -> Past:
    return Past(request, 0, ("before",), payments, {}, records=("first", "second"))


def case(review: Review, *history: Past) -> Case:
    return Case(review, b"", POLICY, LIST, history=history, elapsed=10)


def told(review: Review, *history: Past) -> list[tuple[int, int, str]]:
    return [(output.index, amount, request) for output, amount, request in earlier_payments(case(review, *history))]


def test_earlier_payments_are_told_whatever_their_amounts() -> None:
    assert told(REVIEW, past((examples.PAYEE, 5, COIN), request="cd")) == [(0, 5, "cd")]


def test_payments_to_others_or_in_other_assets_are_not() -> None:
    paid = TOKEN.payments[0]
    assert told(REVIEW, past((examples.SECOND_PAYEE, 5, COIN), (examples.PAYEE, 5, paid.asset.asset_id))) == []


def test_they_are_told_in_the_order_of_the_outputs() -> None:
    twice = examples.review((examples.PAYEE, 1), (examples.SECOND_PAYEE, 2), (examples.PAYEE, 3))
    both = past((examples.PAYEE, 5, COIN), (examples.SECOND_PAYEE, 6, COIN))
    assert told(twice, both) == [(0, 5, "ab"), (1, 6, "ab"), (2, 5, "ab")]


def test_a_key_is_the_same_payee_by_either_of_its_addresses() -> None:
    witness, legacy = (
        encode_address(script, chains.REGTEST)
        for script in (b"\x00\x14" + bytes(20), b"\x76\xa9\x14" + bytes(20) + b"\x88\xac")
    )
    for paid, before in ((witness, legacy), (legacy, witness), (witness, witness)):
        assert told(examples.review((paid, 9)), past((before, 5, COIN))) == [(0, 5, "ab")]


def test_an_evm_address_is_the_same_payee_in_small_letters_and_capitals() -> None:
    paid = TOKEN.payments[0]
    for spelled in (paid.address, paid.address.lower(), "0x" + paid.address[2:].upper()):
        assert told(TOKEN, past((spelled, 5, paid.asset.asset_id))) == [(paid.index, 5, "ab")]
    assert told(TOKEN, past((paid.address[:-1] + "0", 5, paid.asset.asset_id))) == []


def test_what_one_authorisation_paid_somebody_is_summed_and_each_payment_keeps_its_record() -> None:
    first = past((examples.PAYEE, 5, COIN), (examples.PAYEE, 6, COIN))
    second = past((examples.PAYEE, 7, COIN))
    (payee,) = payees((first, second), chains.REGTEST, REVIEW.payments)
    assert payee.earlier == [(first, 11), (second, 7)]
    assert [one.record for one in payee.made] == ["first", "second", "first"]
    without = dataclasses.replace(first, records=())
    (payee,) = payees((without,), chains.REGTEST, REVIEW.payments)
    assert [one.record for one in payee.made] == [None, None]


def test_on_a_network_that_is_not_served_payees_are_their_texts() -> None:
    strange = dataclasses.replace(REVIEW, chain_id="bip122:ffffffffffffffffffffffffffffffff")
    assert told(strange, past((examples.PAYEE, 5, COIN), (examples.SECOND_PAYEE, 5, COIN))) == [(0, 5, "ab")]
