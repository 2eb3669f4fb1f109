"""Bitcoin withdrawals of the demonstration, honest and not."""

import json
from dataclasses import replace
from typing import Any

import wallycore

from custody.bitcoin.account import CHANGE, RECEIVE, Account
from custody.bitcoin.script import encode_address, p2wpkh_script
from custody.chains import REGTEST
from custody.demo.world import THIEF, Withdrawal, key_hash, record, written

CUSTOMER = encode_address(b"\x00\x14" + key_hash("a customer's address at the other exchange"), REGTEST)
FLAGGED_SIBLING = encode_address(b"\x00\x14" + THIEF, REGTEST)

#: The transaction that paid the account first, and a later one: two withdrawals from the same coins are one too many.
FUNDING, LATER_FUNDING = "an older transaction", "a later transaction"

_FEE = 2_000
_COINS = (500_000_000, 300_000_000)


def withdrawal(account: Account, amount: int, address: str = CUSTOMER, *, funding: str = FUNDING) -> Withdrawal:
    """An honest withdrawal of ``amount`` satoshi from two coins of the account; the rest comes back as change."""
    psbt = _psbt(account, amount, address, funding)
    return _withdrawal(psbt, record(amount, address))


def without_beneficiary_name(account: Account, amount: int) -> Withdrawal:
    """The same, with a record that does not say who receives."""
    honest = withdrawal(account, amount)
    nameless = json.loads(honest.record)
    del nameless["ivms101"]["beneficiary"]["beneficiaryPerson"][0]["naturalPerson"]["name"]
    return replace(honest, record=written(nameless))


def with_amount_lie(account: Account, amount: int) -> Withdrawal:
    """The same, claiming that a coin holds half of what it does: the other half would go to the miner."""
    claimed = _COINS[0] // 2
    psbt = _psbt(account, amount, CUSTOMER, FUNDING, hidden=_COINS[0] - claimed)
    script = p2wpkh_script(account.public_key(RECEIVE, 0))
    wallycore.psbt_set_input_witness_utxo(psbt, 0, wallycore.tx_output_init(claimed, script))
    return _withdrawal(psbt, record(amount, CUSTOMER))


def _psbt(account: Account, amount: int, address: str, funding: str, hidden: int = 0) -> Any:
    previous = _funding(account, funding)
    unsigned = wallycore.tx_init(2, 0, len(_COINS), 2)
    for position in range(len(_COINS)):
        txid = wallycore.tx_get_txid(previous)
        wallycore.tx_add_raw_input(unsigned, txid, position, 0xFFFFFFFD, None, None, 0)
    wallycore.tx_add_raw_output(unsigned, amount, _script(address), 0)
    change = sum(_COINS) - hidden - amount - _FEE
    wallycore.tx_add_raw_output(unsigned, change, account.script_pubkey(CHANGE, 0), 0)
    psbt = wallycore.psbt_from_tx(unsigned, 0, 0)
    for position in range(len(_COINS)):
        wallycore.psbt_set_input_utxo(psbt, position, previous)
        wallycore.psbt_set_input_witness_utxo_from_tx(psbt, position, previous, position)
        wallycore.psbt_set_input_keypaths(psbt, position, _origin(account, RECEIVE, position))
    wallycore.psbt_set_output_keypaths(psbt, 1, _origin(account, CHANGE, 0))
    return psbt


def _funding(account: Account, name: str) -> Any:
    """One of the transactions that once paid the account."""
    funding = wallycore.tx_init(2, 0, 1, len(_COINS))
    wallycore.tx_add_raw_input(funding, key_hash(name).ljust(32, b"\1"), 0, 0xFFFFFFFF, None, None, 0)
    for position, coin in enumerate(_COINS):
        wallycore.tx_add_raw_output(funding, coin, account.script_pubkey(RECEIVE, position), 0)
    return funding


def _origin(account: Account, branch: int, index: int) -> Any:
    origins = wallycore.map_keypath_public_key_init(1)
    path = [*account.path, branch, index]
    wallycore.map_keypath_add(origins, account.public_key(branch, index), account.fingerprint, path)
    return origins


def _script(address: str) -> bytes:
    return bytes(wallycore.addr_segwit_to_bytes(address, REGTEST.hrp, 0))


def _withdrawal(psbt: Any, travel_rule: bytes) -> Withdrawal:
    return Withdrawal("psbt", bytes(wallycore.psbt_to_bytes(psbt, 0)), travel_rule, ".psbt")
