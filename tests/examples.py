"""Honest examples that tests bend: a policy, a flagged list, travel-rule records, and the facts they belong to."""

import json
from typing import Any

from custody import chains
from custody.amounts import Asset
from custody.review import Output, Review, Role, Spend
from custody.travel_rule.record import canonical_block

HOUSE = "Example Exchange KK"
HOUSE_LEI = "529900EXAMPLEHOUSE78"
OTHER_VASP = "Other Exchange Ltd"
OTHER_LEI = "5299000THEREXCHNGE44"

# Regtest P2WPKH of the HASH160 that BIP173 uses in its examples, of 20 bytes 0x11, 0x22 and 0x33.
PAYEE = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
SECOND_PAYEE = "bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3lgth6c"
CHANGE = "bcrt1qyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zs4w3j0"
FLAGGED = "bcrt1qxvenxvenxvenxvenxvenxvenxvenxvenztev8a"

POLICY = b"""
version = 1
house = "Example Exchange KK"

[originating_vasp]
name = "Example Exchange KK"
lei = "529900EXAMPLEHOUSE78"

[chains.regtest]
fee_cap = "100000"
feerate_cap = 200
fee_percent_cap = 10

[chains.regtest.cap_per_transaction]
coin = "1000000000000"
"""

TOKENS = b"""
version = 1

[[token]]
chain = "anvil"
contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
symbol = "TST"
decimals = 6
"""

# Two addresses of EIP-55's test cases; two dollar tokens of Ethereum as their issuers publish them; the contract that
# anvil's first account deploys first; the address that the Ronin bridge's coins went to.
EVM_PAYEE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
EVM_SECOND_PAYEE = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
USDC = Asset("eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC", 6)
USDT = Asset("eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", "USDT", 6)
ANVIL_TOKEN = Asset("eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3", "TEST", 18)
RONIN_THIEF = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"

EVM_POLICY = b"""
version = 1
house = "Example Exchange KK"

[originating_vasp]
name = "Example Exchange KK"
lei = "529900EXAMPLEHOUSE78"

[chains.anvil]
fee_cap = "10000000000000000"
feerate_cap = 100
fee_percent_cap = 5

[chains.anvil.cap_per_transaction]
coin = "5000000000000000000"

[[chains.anvil.tokens]]
contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
cap_per_transaction = "1000000000000000000000"

[chains.ethereum]
fee_cap = "20000000000000000"
feerate_cap = 200
fee_percent_cap = 2

[chains.ethereum.cap_per_transaction]
coin = "500000000000000000000"

[[chains.ethereum.tokens]]
contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
cap_per_transaction = "1000000000000"
"""

EVM_FLAGGED_LIST = f"# flagged for tests\n{FLAGGED}\n{RONIN_THIEF}\n".encode()

FLAGGED_LIST = f"# flagged for tests\n{FLAGGED}\n".encode()


def natural_person(name: str = "Tanaka") -> dict[str, Any]:
    """An individual with all that IVMS101 C1, C3, C6 and C8 ask for."""
    return {
        "naturalPerson": {
            "name": {
                "nameIdentifier": [
                    {
                        "primaryIdentifier": name,
                        "secondaryIdentifier": "Hanako",
                        "naturalPersonNameIdentifierType": "LEGL",
                    }
                ]
            },
            "geographicAddress": [
                {
                    "addressType": "HOME",
                    "streetName": "Marunouchi",
                    "buildingNumber": "1-1",
                    "postcode": "100-0005",
                    "townName": "Chiyoda",
                    "country": "JP",
                }
            ],
            "countryOfResidence": "JP",
        }
    }


def resident_of_japan(name: str = "Tanaka") -> dict[str, Any]:
    """An individual who lives in Japan, with her name in Latin letters, in kanji and in kana."""
    person = natural_person(name)
    names: dict[str, Any] = person["naturalPerson"]["name"]
    kind = {"naturalPersonNameIdentifierType": "LEGL"}
    names["localNameIdentifier"] = [{"primaryIdentifier": "田中", "secondaryIdentifier": "花子"} | kind]
    names["phoneticNameIdentifier"] = [{"primaryIdentifier": "タナカ", "secondaryIdentifier": "ハナコ"} | kind]
    return person


def legal_person(name: str, lei: str, country: str = "JP") -> dict[str, Any]:
    """A company with its legal name and LEI."""
    return {
        "legalPerson": {
            "name": {"nameIdentifier": [{"legalPersonName": name, "legalPersonNameIdentifierType": "LEGL"}]},
            "nationalIdentification": {"nationalIdentifier": lei, "nationalIdentifierType": "LEIX"},
            "countryOfRegistration": country,
        }
    }


def ivms101(*account_numbers: str, customer: str = "Tanaka") -> dict[str, Any]:
    """A complete IVMS101.2023 payload whose beneficiary has these account numbers."""
    return {
        "payloadMetadata": {"payloadVersion": "101.2023"},
        "originator": {"originatorPerson": [resident_of_japan(customer) | {"accountNumber": ["customer-0001"]}]},
        "beneficiary": {"beneficiaryPerson": [natural_person("Smith") | {"accountNumber": list(account_numbers)}]},
        "originatingVASP": {"originatingVASP": legal_person(HOUSE, HOUSE_LEI)},
        "beneficiaryVASP": {"beneficiaryVASP": legal_person(OTHER_VASP, OTHER_LEI, "GB")},
    }


def record(*outputs: tuple[int, str, int], asset: Asset | None = None, customer: str = "Tanaka") -> dict[str, Any]:
    """An honest record for outputs given as index, address and amount, as a person would write it in JSON."""
    named = {"asset": asset.asset_id} if asset else {}
    return {
        "outputs": [
            {"index": index, "address": address, "amount": str(amount)} | named for index, address, amount in outputs
        ],
        "ivms101": ivms101(*dict.fromkeys(address for _, address, _ in outputs), customer=customer),
        "counterparty": {"name": OTHER_VASP, "lei": OTHER_LEI, "jurisdiction": "GB"},
        "notice": {"protocol": "trp", "reference": "notice-0001", "time": "2025-12-31T23:00:00Z"},
    }


def block(*records: dict[str, Any]) -> bytes:
    """The canonical travel-rule block of these records."""
    return canonical_block(json.dumps(list(records)).encode())


def review(*payments: tuple[str, int], change: int = 5_000_000, fee: int = 2_000, **facts: Any) -> Review:
    """The facts of a regtest transaction that pays ``payments`` and keeps ``change`` as its last output."""
    coin: Asset = chains.REGTEST.coin
    outputs = [Output(index, address, amount, coin, Role.PAYMENT) for index, (address, amount) in enumerate(payments)]
    if change:
        outputs.append(Output(len(outputs), CHANGE, change, coin, Role.CHANGE))
    honest = {
        "chain_id": chains.REGTEST.chain_id,
        "account": "cold",
        "kind": "psbt",
        "transaction_id": "11" * 32,
        "spends": (Spend(f"{'22' * 32}:0", sum(output.amount for output in outputs) + fee),),
        "outputs": tuple(outputs),
        "fee": fee,
        "fee_asset": coin,
        "feerate": 14_000,
        "size": 141,
    }
    return Review(**(honest | facts))


def evm_review(
    address: str = EVM_PAYEE,
    amount: int = 10**18,
    asset: Asset | None = None,
    chain: chains.EvmChain = chains.ETHEREUM,
    **facts: Any,
) -> Review:
    """The facts of a payment of ``amount`` of ``asset``, by default the coin, on an EVM network, at 30 gwei for gas."""
    gas = 65_000 if asset else 21_000
    honest = {
        "chain_id": chain.chain_id,
        "account": "cold-eth",
        "kind": "evm-transaction",
        "transaction_id": "0x" + "33" * 32,
        "spends": (Spend(f"{EVM_SECOND_PAYEE}:7", 0),),
        "outputs": (Output(0, address, amount, asset or chain.coin, Role.PAYMENT),),
        "fee": gas * 30 * 10**9,
        "fee_asset": chain.coin,
        "feerate": 30 * 10**9 * 1000,
        "size": gas,
    }
    return Review(**(honest | facts))
