"""The invented world of the demonstration: an exchange, its customers, its rules, and coins that are nobody's."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from custody.bitcoin.script import encode_address
from custody.chains import ANVIL, REGTEST
from custody.evm.address import checksum_address
from custody.wire.request import Kind

HOUSE = "Sakura Exchange KK"
HOUSE_LEI = "5299000SAKURADEMO023"
OTHER_VASP = "Maple Digital Ltd"
OTHER_LEI = "5299000MAPLEXDEMO139"
#: When the receiving company was told of a transfer: whatever a machine's clock says, before any demonstration.
NOTICED = "2023-06-01T00:00:00Z"
OFFICER = "Sato"
PASSPHRASE = "rehearsal"  # noqa: S105
BITCOIN_ACCOUNT = "cold-btc"
EVM_ACCOUNT = "cold-eth"

#: The published test words of BIP39: whoever holds them holds nothing.
MNEMONIC = "abandon " * 11 + "about"


def key_hash(name: str) -> bytes:
    """A key hash that belongs to nobody, the same in every demonstration."""
    return hashlib.sha256(f"custody demonstration: {name}".encode()).digest()[:20]


TOKEN = checksum_address(key_hash("the contract of an invented token"))
TOKEN_ASSET = f"{ANVIL.chain_id}/erc20:{TOKEN}"
#: Where the proceeds of the Ronin bridge theft of March 2022 went; on the OFAC list since 2022-04-14.
RONIN_THIEF = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"

THIEF = key_hash("a thief")
#: The list holds the thief's old-style address; the withdrawal goes to another spelling of the same key.
FLAGGED = encode_address(b"\x76\xa9\x14" + THIEF + b"\x88\xac", REGTEST)

POLICY = f"""\
# What this house allows its signer to sign. docs/spec/policy.md explains every line.
version = 1
house = "{HOUSE}"

[originating_vasp]
name = "{HOUSE}"
lei = "{HOUSE_LEI}"

[chains.regtest]
fee_cap = "500000"                      # 0.005 rBTC
feerate_cap = 300                       # sat/vB
fee_percent_cap = 2

[chains.regtest.cap_per_transaction]
coin = "1000000000"                     # 10 rBTC

[chains.anvil]
fee_cap = "10000000000000000"           # 0.01 of the coin
feerate_cap = 100                       # gwei/gas
fee_percent_cap = 2

[chains.anvil.cap_per_transaction]
coin = "50000000000000000000"           # 50 of the coin

[[chains.anvil.tokens]]
contract = "{TOKEN}"
cap_per_transaction = "250000000000"    # 250,000 dUSD
"""

FLAGGED_LIST = f"""\
# Flagged destinations, one address a line. Every spelling of the same key is flagged with it.
# Invented: proceeds of a theft.
{FLAGGED}
# Ronin bridge, March 2022: attributed to Lazarus (OFAC SDN, 2022-04-14).
{RONIN_THIEF}
"""

TOKENS = f"""\
# Tokens that the signer knows. Any other contract is refused, whatever it calls itself.
version = 1

[[token]]
chain = "anvil"
contract = "{TOKEN}"
symbol = "dUSD"
decimals = 6
"""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An unsigned transaction and the travel-rule record that goes with it; ``suffix`` names the kind of file."""

    kind: Kind
    transaction: bytes
    record: bytes
    suffix: str


def record(amount: int, address: str, asset: str | None = None) -> bytes:
    """A travel-rule record with IVMS101 data of the four parties; all of them invented."""
    return written(
        {
            "outputs": [{"index": 0, "address": address, "amount": str(amount)} | ({"asset": asset} if asset else {})],
            "counterparty": {"name": OTHER_VASP, "lei": OTHER_LEI, "jurisdiction": "GB"},
            "notice": {"protocol": "trp", "reference": "demonstration", "time": NOTICED},
            "ivms101": {
                "payloadMetadata": {"payloadVersion": "101.2023"},
                "originator": {"originatorPerson": [_customer()]},
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


def _customer() -> dict[str, Any]:
    """An individual who lives in Japan, named in Latin letters, in kanji and in kana."""
    person = _person("Suzuki", "Haruka", "JP", "customer-10482")
    name, kind = person["naturalPerson"]["name"], {"naturalPersonNameIdentifierType": "LEGL"}
    name["localNameIdentifier"] = [{"primaryIdentifier": "鈴木", "secondaryIdentifier": "遥"} | kind]
    name["phoneticNameIdentifier"] = [{"primaryIdentifier": "スズキ", "secondaryIdentifier": "ハルカ"} | kind]
    return person


def _company(name: str, lei: str, country: str) -> dict[str, Any]:
    person = {
        "name": {"nameIdentifier": [{"legalPersonName": name, "legalPersonNameIdentifierType": "LEGL"}]},
        "nationalIdentification": {"nationalIdentifier": lei, "nationalIdentifierType": "LEIX"},
        "countryOfRegistration": country,
    }
    return {"legalPerson": person}


def written(record: Any) -> bytes:
    return json.dumps(record, indent=2).encode() + b"\n"
