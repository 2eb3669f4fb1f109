"""Any bytes give a value or a refusal; and what is signed never means anything but what was reviewed."""

import contextlib
from collections.abc import Callable
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from psbts import PAYEE, SEED, TREASURY, Coin, Payment, build, change, coins, honest, serialize, split

from custody.bitcoin.account import Account
from custody.bitcoin.psbt import MAGIC
from custody.bitcoin.psbt import parse as parse_psbt
from custody.bitcoin.review import review
from custody.bitcoin.script import decode_address, encode_address
from custody.bitcoin.signing import check_signatures, finalize, sign
from custody.bitcoin.transaction import MAX_MONEY, Transaction, TxIn, TxOut, parse
from custody.chains import BITCOIN, BITCOIN_CHAINS
from custody.errors import CustodyError, EvidenceError, InputError, TransactionError
from custody.review import Output, Review, Role

PSBT = serialize(honest())
FACTS = review(PSBT, TREASURY)
SIGNATURES = sign(PSBT, TREASURY, SEED)

witnesses = st.lists(st.binary(max_size=80), max_size=3).map(tuple)
inputs = st.builds(
    TxIn,
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=300),
    witnesses,
)
outputs = st.builds(TxOut, st.integers(0, MAX_MONEY), st.binary(max_size=300))
transactions = st.builds(
    Transaction,
    st.integers(0, 2**32 - 1),
    st.lists(inputs, min_size=1, max_size=4).map(tuple),
    st.lists(outputs, min_size=1, max_size=4).map(tuple),
    st.integers(0, 2**32 - 1),
)
edits = st.lists(
    st.tuples(st.integers(0, len(PSBT) - 1), st.integers(0, 2), st.binary(max_size=4)), min_size=1, max_size=3
)


def edited(psbt: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """``psbt`` with bytes cut out and put in at some positions."""
    for position, cut, put in changes:
        psbt = psbt[:position] + put + psbt[position + cut :]
    return psbt


def only_stricter(output: Output, original: Output) -> bool:
    """The same output, or our change shown as a payment because its claim was dropped."""
    return output in (original, replace(original, role=Role.PAYMENT))


def same_meaning(facts: Review) -> bool:
    return replace(facts, outputs=FACTS.outputs) == FACTS and all(
        only_stricter(output, original) for output, original in zip(facts.outputs, FACTS.outputs, strict=True)
    )


@given(transactions)
def test_a_transaction_survives_writing_and_reading(transaction: Transaction) -> None:
    encoded = transaction.serialize()
    assert parse(encoded) == transaction
    assert parse(encoded).serialize() == encoded


@given(transactions, st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_bytes_that_are_read_as_a_transaction_are_written_back(
    transaction: Transaction, position: int, put: bytes
) -> None:
    encoded = transaction.serialize()
    changed = edited(encoded, [(position % len(encoded), len(put), put)])
    try:
        assert parse(changed).serialize() == changed
    except TransactionError:
        assert changed != encoded


@given(st.binary(max_size=400))
def test_any_bytes_are_a_transaction_or_refused(encoded: bytes) -> None:
    with contextlib.suppress(TransactionError):
        assert parse(encoded).serialize() == encoded


@given(st.binary(max_size=600))
def test_any_bytes_are_a_psbt_or_refused(tail: bytes) -> None:
    for psbt in (tail, MAGIC + tail, MAGIC + b"\x01\x00" + tail):
        try:
            review(psbt, TREASURY)
        except TransactionError:
            continue
        raise AssertionError("random bytes passed the review")


@given(edits)
@settings(max_examples=300)
def test_an_edited_psbt_is_refused_or_means_what_its_txid_says(changes: list[tuple[int, int, bytes]]) -> None:
    psbt = edited(PSBT, changes)
    try:
        facts = review(psbt, TREASURY)
    except TransactionError:
        return
    if facts.transaction_id == FACTS.transaction_id:
        assert same_meaning(facts)
        assert sign(psbt, TREASURY, SEED) == SIGNATURES
    else:
        signatures = sign(psbt, TREASURY, SEED)
        assert all(one.signature != other.signature for one, other in zip(signatures, SIGNATURES, strict=False))
        assert finalize(psbt, TREASURY, signatures)[0] == facts.transaction_id


def test_one_changed_byte_never_signs_another_meaning() -> None:
    psbt = serialize(honest(1))
    facts, signatures = review(psbt, TREASURY), sign(psbt, TREASURY, SEED)
    passed = 0
    for position in range(len(psbt)):
        for mask in (0x01, 0x80, 0xFF):
            changed = bytearray(psbt)
            changed[position] ^= mask
            try:
                other = review(bytes(changed), TREASURY)
            except TransactionError:
                continue
            passed += 1
            if other.transaction_id == facts.transaction_id:
                assert replace(other, outputs=facts.outputs) == facts
                assert all(only_stricter(*pair) for pair in zip(other.outputs, facts.outputs, strict=True))
            else:
                try:
                    check_signatures(bytes(changed), TREASURY, signatures)
                except EvidenceError:
                    continue
                raise AssertionError("a signature holds for another transaction")
    assert passed  # the payment's own bytes may differ: it is then another transaction, shown as such


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=6))
def test_records_in_any_order_mean_the_same(swaps: list[tuple[int, int]]) -> None:
    maps = honest()
    for place, turn in swaps:
        maps[place] = maps[place][turn:] + maps[place][:turn]
    assert review(serialize(maps), TREASURY) == FACTS


@given(st.integers(0, 2**31 - 1), st.integers(0, 1), st.integers(2_000, MAX_MONEY), st.integers(294, MAX_MONEY))
@settings(max_examples=40)
def test_whatever_is_reviewed_is_signed_and_finalised(index: int, branch: int, amount: int, paid: int) -> None:
    assume(paid <= amount)
    psbt = serialize(build([Coin(TREASURY, branch, index, amount)], [Payment(PAYEE, paid)]))
    facts = review(psbt, TREASURY)
    assert facts.fee == amount - paid
    assert finalize(psbt, TREASURY, sign(psbt, TREASURY, SEED))[0] == facts.transaction_id


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, 2**31]))
@settings(max_examples=60)
def test_change_is_never_claimed_for_a_foreign_script(index: int, branch: int) -> None:
    maps = build(coins(1), [change(TREASURY, 0, 50_000)])
    maps[2] = [(key, value[:-8] + branch.to_bytes(4, "little") + index.to_bytes(4, "little")) for key, value in maps[2]]
    try:
        role = review(serialize(maps), TREASURY).outputs[0].role
    except TransactionError as refused:
        assert refused.code == "PSBT-CHANGE-SPOOF"
        return
    assert (branch, index, role) == (1, 0, Role.CHANGE)


@given(st.binary(max_size=45))
def test_a_script_is_paid_under_one_address_or_refused(script: bytes) -> None:
    for chain in BITCOIN_CHAINS:
        try:
            address = encode_address(script, chain)
        except TransactionError:
            return
        assert decode_address(address, chain) == script


@given(st.text(max_size=100) | st.from_regex(r"\A(bc1|tb1|bcrt1|1|3)[0-9a-zA-Z]{5,60}\Z"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for chain in BITCOIN_CHAINS:
        try:
            script = decode_address(text, chain)
        except InputError:
            continue
        assert encode_address(script, chain) == text


def mutations(text: str) -> st.SearchStrategy[str]:
    def put(position: int, characters: str) -> str:
        return text[:position] + characters + text[position + 1 :]

    edit: Callable[[int, str], str] = put
    return st.builds(edit, st.integers(0, len(text)), st.text(max_size=2))


@given(mutations(TREASURY.descriptor))
def test_a_descriptor_has_one_spelling(text: str) -> None:
    try:
        account = Account.parse("treasury", TREASURY.chain, text)
    except InputError:
        return
    assert account == TREASURY
    assert text == TREASURY.descriptor


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_is_an_account_or_refused(descriptor: str, name: str) -> None:
    try:
        Account.parse(name, BITCOIN, descriptor)
    except InputError:
        return
    raise AssertionError("random text passed as an account")


@given(st.lists(st.binary(max_size=73), min_size=2, max_size=2))
def test_any_bytes_as_signatures_are_refused(contents: list[bytes]) -> None:
    forged = [replace(one, signature=content) for one, content in zip(SIGNATURES, contents, strict=True)]
    try:
        check_signatures(PSBT, TREASURY, forged)
    except CustodyError as refused:
        assert refused.code == "SIGNATURE-INVALID"
        return
    raise AssertionError("random bytes passed as signatures")


def test_the_editor_of_these_tests_is_faithful() -> None:
    assert serialize(split(PSBT)) == PSBT
    assert parse_psbt(serialize(split(PSBT))) == parse_psbt(PSBT)
