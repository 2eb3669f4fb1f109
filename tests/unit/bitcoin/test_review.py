"""The review: facts only when proved, and each lie about an amount, an owner or a fee refused by its name."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from psbts import (
    EVIL,
    PAYEE,
    TREASURY,
    Coin,
    Map,
    Payment,
    account,
    build,
    change,
    coins,
    honest,
    key_path,
    origin,
    put,
    serialize,
    value_of,
)

from custody.bitcoin.account import GAP_LIMIT, MAX_CHANGE_INDEX
from custody.bitcoin.review import prove, review
from custody.bitcoin.transaction import MAX_MONEY, Transaction, TxOut, parse
from custody.chains import BITCOIN
from custody.errors import TransactionError
from custody.review import Review, Role, Spend


def seen(maps: Sequence[Map]) -> Review:
    prove.cache_clear()
    return review(serialize(maps), TREASURY)


def refusal(maps: Sequence[Map]) -> str:
    with pytest.raises(TransactionError) as caught:
        seen(maps)
    return caught.value.code


def unsigned(maps: Sequence[Map]) -> Transaction:
    return parse(value_of(maps[0], 0))


def test_an_honest_psbt_shows_what_it_does() -> None:
    maps = honest()
    facts = seen(maps)
    assert facts.chain_id == TREASURY.chain.chain_id
    assert facts.account == "treasury"
    assert facts.kind == "psbt"
    assert facts.transaction_id == unsigned(maps).txid_text
    assert facts.spends == tuple(Spend(f"{coin.parent.txid_text}:1", coin.amount) for coin in coins(2))
    assert [(out.index, out.address, out.amount, out.role) for out in facts.outputs] == [
        (0, EVIL.address(0, 0), 60_000, Role.PAYMENT),
        (1, TREASURY.address(1, 3), 139_001, Role.CHANGE),
    ]
    assert facts.fee == 1000
    assert facts.payments == facts.outputs[:1]


def test_the_size_is_that_of_the_signed_transaction() -> None:
    # 2 inputs of 67.75 with low R, 2 outputs of 31 and 10.5 of frame.
    facts = seen(honest())
    assert facts.size == 208
    assert facts.feerate == 4808  # 1,000,000 / 208, rounded up
    assert facts.feerate * facts.size >= facts.fee * 1000


def test_the_repeated_output_may_be_left_out() -> None:
    spent, paid = coins(2), [Payment(PAYEE, 150_000)]
    assert seen(build(spent, paid, witness_utxo=False)) == seen(build(spent, paid))


# Amounts


def test_an_amount_without_its_previous_transaction_is_refused() -> None:
    maps = honest()
    maps[2] = [record for record in maps[2] if record[0] != b"\x00"]
    assert refusal(maps) == "PSBT-UNPROVED-AMOUNT"


def test_an_amount_lied_in_the_repeated_output_is_refused() -> None:
    for lie in (-1, 1, -90_000, 1_000_000):
        maps = honest()
        put(maps[1], b"\x01", TxOut(coins(1)[0].amount + lie, coins(1)[0].script).serialize())
        with pytest.raises(TransactionError, match=r"PSBT-UTXO-MISMATCH.*proves 100000 satoshi\.$"):
            seen(maps)


def test_a_script_lied_in_the_repeated_output_is_refused() -> None:
    maps = honest()
    put(maps[1], b"\x01", TxOut(coins(1)[0].amount, PAYEE).serialize())
    with pytest.raises(TransactionError, match=r"PSBT-UTXO-MISMATCH.*under another script"):
        seen(maps)


def test_an_amount_lied_in_the_previous_transaction_is_refused() -> None:
    maps = honest()
    parent = coins(1)[0].parent
    inflated = replace(parent, outputs=(parent.outputs[0], TxOut(900_000, parent.outputs[1].script_pubkey)))
    put(maps[1], b"\x00", inflated.serialize())
    put(maps[1], b"\x01", inflated.outputs[1].serialize())
    assert refusal(maps) == "PSBT-PREVIOUS-TX"


def test_previous_transactions_swapped_are_refused() -> None:
    maps = honest()
    maps[1][0], maps[2][0] = maps[2][0], maps[1][0]
    assert refusal(maps) == "PSBT-PREVIOUS-TX"


def test_another_witness_in_the_previous_transaction_changes_nothing() -> None:
    maps = honest()
    parent = coins(1)[0].parent
    put(maps[1], b"\x00", parent.serialize_stripped())
    assert seen(maps) == seen(honest())


def test_an_output_number_beyond_the_previous_transaction_is_refused() -> None:
    maps = honest()
    transaction = unsigned(maps)
    inputs = (replace(transaction.inputs[0], vout=2), transaction.inputs[1])
    put(maps[0], b"\x00", replace(transaction, inputs=inputs).serialize())
    assert refusal(maps) == "PSBT-PREVIOUS-OUTPUT"


def test_outputs_worth_more_than_inputs_are_refused() -> None:
    total = sum(coin.amount for coin in coins(2))
    assert refusal(build(coins(2), [Payment(PAYEE, total + 1)])) == "TX-NEGATIVE-FEE"
    assert seen(build(coins(2), [Payment(PAYEE, total)])).fee == 0


def test_sums_beyond_all_coins_are_refused() -> None:
    rich = [Coin(TREASURY, 0, index, MAX_MONEY) for index in range(2)]
    assert refusal(build(rich, [Payment(PAYEE, 1000)])) == "TX-AMOUNT"
    assert refusal(build(coins(1), [Payment(PAYEE, MAX_MONEY)] * 2)) == "TX-AMOUNT"


def test_a_whole_fee_is_exact_and_left_to_the_policy() -> None:
    facts = seen(build([Coin(TREASURY, 0, 0, 5_000_000)], [Payment(PAYEE, 1000)]))
    assert facts.fee == 4_999_000


# Whose inputs


def test_an_input_of_another_wallet_is_refused() -> None:
    maps = build([*coins(1), Coin(EVIL, 0, 0, 5000)], [Payment(PAYEE, 1000)])
    assert refusal(maps) == "PSBT-INPUT-FOREIGN"


def test_an_input_of_another_wallet_claimed_as_ours_is_refused() -> None:
    maps = build([*coins(1), Coin(EVIL, 0, 0, 5000)], [Payment(PAYEE, 1000)])
    maps[2][-1] = origin(b"\x06", TREASURY, 0, 0)
    assert refusal(maps) == "PSBT-INPUT-SPOOF"


def test_a_foreign_key_at_our_path_is_refused() -> None:
    maps = honest()
    _, path = maps[1].pop()
    put(maps[1], b"\x06" + EVIL.public_key(0, 0), path)
    assert refusal(maps) == "PSBT-INPUT-SPOOF"


def test_our_coin_at_another_of_our_paths_is_refused() -> None:
    maps = honest()
    maps[1][-1] = origin(b"\x06", TREASURY, 0, 1)
    assert refusal(maps) == "PSBT-INPUT-SPOOF"


def test_no_origin_and_two_origins_are_refused() -> None:
    maps = honest()
    del maps[1][-1]
    assert refusal(maps) == "PSBT-INPUT-ORIGIN"
    maps = honest()
    maps[1].append(origin(b"\x06", TREASURY, 0, 5))
    assert refusal(maps) == "PSBT-INPUT-ORIGIN"


@pytest.mark.parametrize(
    "path",
    [
        (),
        (0, 0),
        TREASURY.path,
        (*TREASURY.path, 0),
        (*TREASURY.path, 0, 0, 0),
        (*TREASURY.path, 2, 0),
        (*TREASURY.path, 0, 0x80000000),
        (*TREASURY.path, 0x80000000, 0),
        (*TREASURY.path[:2], 0x80000001, 0, 0),
        (TREASURY.path[0], 0x80000000, 0x80000000, 0, 0),
        (0x80000056, *TREASURY.path[1:], 0, 0),
    ],
)
def test_an_input_outside_the_account_is_refused(path: tuple[int, ...]) -> None:
    maps = honest()
    maps[1][-1] = (maps[1][-1][0], key_path(TREASURY.fingerprint, path))
    assert refusal(maps) == "PSBT-INPUT-FOREIGN"


@pytest.mark.parametrize("fingerprint", [bytes(4), EVIL.fingerprint])
def test_an_input_with_another_fingerprint_is_refused(fingerprint: bytes) -> None:
    maps = honest()
    maps[1][-1] = (maps[1][-1][0], key_path(fingerprint, (*TREASURY.path, 0, 0)))
    assert refusal(maps) == "PSBT-INPUT-FOREIGN"


def test_another_account_of_the_same_seed_is_foreign() -> None:
    with pytest.raises(TransactionError, match="PSBT-INPUT-FOREIGN"):
        review(serialize(honest()), account(chain=BITCOIN))


def test_an_input_that_is_not_p2wpkh_is_refused() -> None:
    maps = honest()
    transaction = unsigned(maps)
    inputs = (replace(transaction.inputs[0], vout=0), transaction.inputs[1])
    put(maps[0], b"\x00", replace(transaction, inputs=inputs).serialize())
    maps[1] = [record for record in maps[1] if record[0] != b"\x01"]
    assert refusal(maps) == "PSBT-INPUT-TYPE"


def test_one_coin_twice_is_refused() -> None:
    assert refusal(build(coins(1) * 2, [Payment(PAYEE, 150_000)])) == "TX-DUPLICATE-INPUT"


def test_published_psbts_that_can_be_read_are_refused_as_legacy(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/bip174.json").read_text())
    readable = [vector["psbt"] for vector in vectors["valid"] if vector["case"].startswith("PSBT with one P2PKH input")]
    codes = set()
    for psbt in readable:
        with pytest.raises(TransactionError) as caught:
            review(bytes.fromhex(psbt), TREASURY)
        codes.add(caught.value.code)
    assert codes == {"PSBT-INPUT-TYPE", "PSBT-SIGNED", "PSBT-REDEEM-SCRIPT"}


# Whose outputs


def roles(*paid: Payment) -> list[Role]:
    return [output.role for output in seen(build(coins(2), paid)).outputs]


def test_change_is_what_the_account_derives() -> None:
    assert roles(Payment(PAYEE, 1000), change(TREASURY, 0, 1000)) == [Role.PAYMENT, Role.CHANGE]


def test_our_change_script_without_a_claim_counts_as_a_payment() -> None:
    assert roles(replace(change(TREASURY, 0, 1000), records=())) == [Role.PAYMENT]


def test_our_change_script_under_a_foreign_claim_counts_as_a_payment() -> None:
    foreign = (origin(b"\x02", EVIL, 1, 0),)
    assert roles(replace(change(TREASURY, 0, 1000), records=foreign)) == [Role.PAYMENT]


def test_our_receive_branch_counts_as_a_payment() -> None:
    assert roles(change(TREASURY, 0, 1000, branch=0)) == [Role.PAYMENT]


def test_a_foreign_wallets_own_claim_is_no_concern() -> None:
    assert roles(change(EVIL, 0, 1000)) == [Role.PAYMENT]


def spoof(script: bytes, *records: tuple[bytes, bytes]) -> str:
    return refusal(build(coins(2), [Payment(script, 1000, records)]))


def test_a_foreign_script_under_our_claim_is_refused() -> None:
    assert spoof(PAYEE, origin(b"\x02", TREASURY, 1, 0)) == "PSBT-CHANGE-SPOOF"
    assert spoof(PAYEE, origin(b"\x02", TREASURY, 0, 0)) == "PSBT-CHANGE-SPOOF"


def test_a_foreign_key_under_our_fingerprint_is_refused() -> None:
    path = key_path(TREASURY.fingerprint, (*TREASURY.path, 1, 0))
    assert spoof(EVIL.script_pubkey(1, 0), (b"\x02" + EVIL.public_key(1, 0), path)) == "PSBT-CHANGE-SPOOF"


def test_our_script_with_a_foreign_key_is_refused() -> None:
    path = key_path(TREASURY.fingerprint, (*TREASURY.path, 1, 0))
    assert spoof(TREASURY.script_pubkey(1, 0), (b"\x02" + EVIL.public_key(1, 0), path)) == "PSBT-CHANGE-SPOOF"


def test_a_second_claim_beside_ours_is_refused() -> None:
    for records in ((origin(b"\x02", TREASURY, 1, 0), origin(b"\x02", EVIL, 1, 0)),):
        assert spoof(TREASURY.script_pubkey(1, 0), *records) == "PSBT-CHANGE-SPOOF"
        assert spoof(TREASURY.script_pubkey(1, 0), *reversed(records)) == "PSBT-CHANGE-SPOOF"


@pytest.mark.parametrize(
    "path",
    [
        (),
        (1, 0),
        (*TREASURY.path, 1, 0, 0),
        (*TREASURY.path, 2, 0),
        (*TREASURY.path, 1, 0x80000000),
        (TREASURY.path[0], 0x80000000, 0x80000000, 1, 0),
        (*TREASURY.path[:2], 0x80000001, 1, 0),
    ],
)
def test_a_claim_outside_the_account_is_refused(path: tuple[int, ...]) -> None:
    record = (b"\x02" + TREASURY.public_key(1, 0), key_path(TREASURY.fingerprint, path))
    assert spoof(TREASURY.script_pubkey(1, 0), record) == "PSBT-CHANGE-SPOOF"


def test_change_within_the_gap_passes_and_one_beyond_is_refused() -> None:
    spent = [Coin(TREASURY, 0, 2, 50_000), Coin(TREASURY, 1, 40, 50_000)]
    reach = 40 + GAP_LIMIT
    assert seen(build(spent, [change(TREASURY, reach, 1000)])).outputs[0].role is Role.CHANGE
    assert refusal(build(spent, [change(TREASURY, reach + 1, 1000)])) == "PSBT-CHANGE-GAP"
    assert refusal(build(spent, [change(TREASURY, 2**31 - 1, 1000)])) == "PSBT-CHANGE-GAP"


def test_a_planted_coin_at_a_high_index_does_not_carry_change_away() -> None:
    planted = [Coin(TREASURY, 0, 2**31 - 1, 50_000)]
    assert seen(build(planted, [change(TREASURY, MAX_CHANGE_INDEX, 1000)])).outputs[0].role is Role.CHANGE
    assert refusal(build(planted, [change(TREASURY, MAX_CHANGE_INDEX + 1, 1000)])) == "PSBT-CHANGE-GAP"


def test_dust_is_refused() -> None:
    assert refusal(build(coins(2), [Payment(PAYEE, 293)])) == "TX-DUST"
    assert seen(build(coins(2), [Payment(PAYEE, 294)])).outputs[0].amount == 294
    assert refusal(build(coins(2), [Payment(PAYEE, 0)])) == "TX-DUST"
    assert refusal(build(coins(2), [Payment(bytes.fromhex("a914" + "11" * 20 + "87"), 539)])) == "TX-DUST"


@pytest.mark.parametrize(
    ("script", "code"),
    [("", "SCRIPT-EMPTY"), ("6a", "SCRIPT-OP-RETURN"), ("51", "SCRIPT-NONSTANDARD"), ("51024e73", "SCRIPT-ANCHOR")],
)
def test_a_destination_that_may_not_be_paid_is_refused(script: str, code: str) -> None:
    assert refusal(build(coins(2), [Payment(PAYEE, 1000), Payment(bytes.fromhex(script), 10_000)])) == code


# The rest


@pytest.mark.parametrize("version", [0, 3, 2**31, 2**32 - 1])
def test_another_transaction_version_is_refused(version: int) -> None:
    assert refusal(build(coins(1), [Payment(PAYEE, 1000)], version=version)) == "TX-VERSION"


def test_versions_one_and_two_pass() -> None:
    for version in (1, 2):
        assert seen(build(coins(1), [Payment(PAYEE, 1000)], version=version)).fee > 0


def test_a_transaction_too_heavy_to_relay_is_refused() -> None:
    maps = build(coins(1), [Payment(PAYEE, 1000)])
    crowd = replace(unsigned(maps), inputs=tuple(replace(unsigned(maps).inputs[0], vout=n) for n in range(1000)))
    crowd = replace(crowd, outputs=(TxOut(1000, b"\x51\x20" + PAYEE[2:] + bytes(12)),) * 800)
    heavy: list[Map] = [[(b"\x00", crowd.serialize())], *([[]] * 1800)]
    assert refusal(heavy) == "TX-WEIGHT"


def test_the_heaviest_transaction_that_is_relayed_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    # 2 inputs, 2 outputs: 154 bytes without witness, 2 for marker and flag, 107 for each witness.
    monkeypatch.setattr("custody.bitcoin.review.MAX_WEIGHT", 4 * 154 + 2 + 2 * 107)
    assert seen(honest()).fee == 1000
    monkeypatch.setattr("custody.bitcoin.review.MAX_WEIGHT", 4 * 154 + 2 + 2 * 107 - 1)
    assert refusal(honest()) == "TX-WEIGHT"


def test_the_registered_extended_key_may_be_repeated() -> None:
    maps = honest()
    maps[0].append((b"\x01" + TREASURY.xpub_bytes, key_path(TREASURY.fingerprint, TREASURY.path)))
    assert seen(maps) == seen(honest())


@pytest.mark.parametrize(
    "record",
    [
        (b"\x01" + EVIL.xpub_bytes, key_path(EVIL.fingerprint, EVIL.path)),
        (b"\x01" + EVIL.xpub_bytes, key_path(TREASURY.fingerprint, TREASURY.path)),
        (b"\x01" + TREASURY.xpub_bytes, key_path(EVIL.fingerprint, TREASURY.path)),
        (b"\x01" + TREASURY.xpub_bytes, key_path(TREASURY.fingerprint, TREASURY.path[:2])),
        (b"\x01" + TREASURY.xpub_bytes[:-1] + b"\x00", key_path(TREASURY.fingerprint, TREASURY.path)),
    ],
)
def test_another_extended_key_is_refused(record: tuple[bytes, bytes]) -> None:
    maps = honest()
    maps[0].append(record)
    assert refusal(maps) == "PSBT-XPUB"
