"""The invented world of the demonstration: an exchange, its customers, coins on a network that is nobody's."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import wallycore

from custody.bitcoin.account import CHANGE, RECEIVE, Account
from custody.bitcoin.script import encode_address, p2wpkh_script
from custody.chains import REGTEST

HOUSE = "Sakura Exchange KK"
HOUSE_LEI = "5299000SAKURADEMO023"
OTHER_VASP = "Maple Digital Ltd"
OTHER_LEI = "5299000MAPLEXDEMO139"
OFFICER = "Sato"
PASSPHRASE = "rehearsal"  # noqa: S105
ACCOUNT = "cold-btc"

#: The published test words of BIP39: whoever holds them holds nothing.
MNEMONIC = "abandon " * 11 + "about"

POLICY = f"""\
# What this house allows its signer to sign. docs/spec/policy.md explains every line.
version = 1
house = "{HOUSE}"

[originating_vasp]
name = "{HOUSE}"
lei = "{HOUSE_LEI}"

[chains.regtest]
fee_cap = "100000"          # 0.001 rBTC
feerate_cap = 300           # sat/vB
fee_percent_cap = 2

[chains.regtest.cap_per_transaction]
coin = "1000000000"         # 10 rBTC
"""

_FEE = 2_000
_COINS = (500_000_000, 300_000_000)


def _key_hash(name: str) -> bytes:
    """A key hash that belongs to nobody, the same in every demonstration."""
    return hashlib.sha256(f"custody demonstration: {name}".encode()).digest()[:20]


CUSTOMER = encode_address(b"\x00\x14" + _key_hash("a customer's address at the other exchange"), REGTEST)
_THIEF = _key_hash("a thief")
#: The list holds the thief's old-style address; the withdrawal goes to another spelling of the same key.
FLAGGED = encode_address(b"\x76\xa9\x14" + _THIEF + b"\x88\xac", REGTEST)
FLAGGED_SIBLING = encode_address(b"\x00\x14" + _THIEF, REGTEST)

FLAGGED_LIST = f"""\
# Flagged destinations, one address a line. Every spelling of the same key is flagged with it.
# Invented: proceeds of a theft.
{FLAGGED}
"""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An unsigned transaction and the travel-rule record that goes with it."""

    psbt: bytes
    record: bytes


def withdrawal(account: Account, amount: int, address: str = CUSTOMER) -> Withdrawal:
    """An honest withdrawal of ``amount`` satoshi from the account's two coins; the rest comes back as change."""
    psbt = _psbt(account, amount, address)
    return Withdrawal(_serialized(psbt), _record(amount, address))


def without_beneficiary_name(account: Account, amount: int) -> Withdrawal:
    """The same, with a record that does not say who receives."""
    honest = withdrawal(account, amount)
    record = json.loads(honest.record)
    del record["ivms101"]["beneficiary"]["beneficiaryPerson"][0]["naturalPerson"]["name"]
    return Withdrawal(honest.psbt, _written(record))


def with_amount_lie(account: Account, amount: int) -> Withdrawal:
    """The same, claiming that a coin holds half of what it does: the other half would go to the miner."""
    claimed = _COINS[0] // 2
    psbt = _psbt(account, amount, CUSTOMER, hidden=_COINS[0] - claimed)
    script = p2wpkh_script(account.public_key(RECEIVE, 0))
    wallycore.psbt_set_input_witness_utxo(psbt, 0, wallycore.tx_output_init(claimed, script))
    return Withdrawal(_serialized(psbt), _record(amount, CUSTOMER))


def _psbt(account: Account, amount: int, address: str, hidden: int = 0) -> Any:
    previous = _funding(account)
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


def _funding(account: Account) -> Any:
    """The transaction that once paid the account."""
    funding = wallycore.tx_init(2, 0, 1, len(_COINS))
    wallycore.tx_add_raw_input(
        funding, _key_hash("an older transaction").ljust(32, b"\1"), 0, 0xFFFFFFFF, None, None, 0
    )
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


def _serialized(psbt: Any) -> bytes:
    return bytes(wallycore.psbt_to_bytes(psbt, 0))


def _record(amount: int, address: str) -> bytes:
    """A travel-rule record with IVMS101 data of the four parties; all of them invented."""
    return _written(
        {
            "outputs": [{"index": 0, "address": address, "amount": str(amount)}],
            "counterparty": {"name": OTHER_VASP, "lei": OTHER_LEI, "jurisdiction": "GB"},
            "ivms101": {
                "payloadMetadata": {"payloadVersion": "101.2023"},
                "originator": {"originatorPerson": [_person("Suzuki", "Haruka", "JP", "customer-10482")]},
                "beneficiary": {"beneficiaryPerson": [_person("Miller", "Anne", "GB", address)]},
                "originatingVASP": {"originatingVASP": _company(HOUSE, HOUSE_LEI, "JP")},
                "beneficiaryVASP": {"beneficiaryVASP": _company(OTHER_VASP, OTHER_LEI, "GB")},
            },
        }
    )


def _person(family: str, given: str, country: str, account_number: str) -> dict[str, Any]:
    name = {"primaryIdentifier": family, "secondaryIdentifier": given, "naturalPersonNameIdentifierType": "LEGL"}
    home = {"addressType": "HOME", "streetName": "Example Street", "buildingNumber": "1", "townName": "Example Town"}
    person = {"name": {"nameIdentifier": [name]}, "geographicAddress": [home | {"country": country}]}
    return {"naturalPerson": person | {"countryOfResidence": country}, "accountNumber": [account_number]}


def _company(name: str, lei: str, country: str) -> dict[str, Any]:
    person = {
        "name": {"nameIdentifier": [{"legalPersonName": name, "legalPersonNameIdentifierType": "LEGL"}]},
        "nationalIdentification": {"nationalIdentifier": lei, "nationalIdentifierType": "LEIX"},
        "countryOfRegistration": country,
    }
    return {"legalPerson": person}


def _written(record: Any) -> bytes:
    return json.dumps(record, indent=2).encode() + b"\n"
