"""The Bybit theft of 2025-02-21, from public facts: which hash the owners signed, and why it is refused here."""

import json
from pathlib import Path
from typing import Any

import pytest
from ethereum_peers import eth_account, messages
from evm import SENDER, TOKENS, TREASURY
from typed_messages import MEMBERS, encode, typed_data

from custody.errors import TransactionErrors
from custody.evm.safe import DOMAIN_TYPE, OLD_DOMAIN_TYPE, SAFE_TX_TYPE, SafeTransaction, type_hash
from custody.evm.typed_data import parse, review_typed_data

#: Safe's own mark on signatures that were made as personal messages: v is 4 higher.
ETH_SIGN = 4


def bybit(project: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((project / "tests/vectors/bybit_safe_nonce71.json").read_text())
    return facts


def message_of(facts: dict[str, Any], name: str) -> bytes:
    return encode(typed_data({member: facts[name][member] for member in MEMBERS}, chain=None))


def safe_tx(facts: dict[str, Any], name: str) -> SafeTransaction:
    return parse(message_of(facts, name))


def refusal(message: bytes) -> TransactionErrors:
    with pytest.raises(TransactionErrors) as caught:
        review_typed_data(message, TREASURY, SENDER, TOKENS)
    return caught.value


def recovered(digest: bytes, signature: str) -> str:
    raw = bytes.fromhex(signature[2:])
    signed = raw[:64] + bytes([raw[64] - ETH_SIGN])
    address: str = eth_account.Account.recover_message(messages.encode_defunct(digest), signature=signed)
    return address


def test_the_facts_in_the_vectors_are_those_in_the_shared_folder(project: Path, shared: Path) -> None:
    original = json.loads((shared / "vectors/incidents/bybit_safe_nonce71.json").read_text())
    assert {key: value for key, value in original.items() if not key.startswith("_")} == bybit(project)


def test_the_hashes_of_the_types_are_those_in_the_contracts(project: Path) -> None:
    published = json.loads((project / "tests/vectors/safe_type_hashes.json").read_text())
    assert type_hash("SafeTx", SAFE_TX_TYPE).hex() == published["safe_tx"][2:]
    assert type_hash("EIP712Domain", DOMAIN_TYPE).hex() == published["domain"][2:]
    assert type_hash("EIP712Domain", OLD_DOMAIN_TYPE).hex() == published["domain_without_chain"][2:]


@pytest.mark.parametrize("name", ["malicious", "shown"])
def test_both_hashes_are_computed_from_what_the_transactions_say(project: Path, name: str) -> None:
    facts = bybit(project)
    assert "0x" + safe_tx(facts, name).digest.hex() == facts[name]["safeTxHash"]


def test_the_three_owners_signed_the_malicious_transaction_and_not_the_one_they_were_shown(project: Path) -> None:
    facts = bybit(project)
    malicious, shown = (safe_tx(facts, name).digest for name in ("malicious", "shown"))
    owners = set(facts["owners_signed"])
    assert len(owners) == 3
    assert {recovered(malicious, signature) for signature in facts["signatures"]} == owners
    assert not {recovered(shown, signature) for signature in facts["signatures"]} & owners


def test_the_malicious_transaction_is_refused_with_everything_that_speaks_against_it(project: Path) -> None:
    facts = bybit(project)
    fault = refusal(message_of(facts, "malicious"))
    told = {error.code: error.message for error in fault.errors}
    assert list(told) == [
        "SAFE-DELEGATECALL",
        "SAFE-NO-CHAIN-ID",
        "SAFE-TARGET-UNKNOWN",
        "SAFE-CALLDATA-MISLEADS",
        "TYPED-DATA-UNSUPPORTED",
    ]
    assert fault.code == "SAFE-DELEGATECALL"
    assert facts["malicious"]["to"] in told["SAFE-DELEGATECALL"]
    assert facts["malicious"]["to"] in told["SAFE-TARGET-UNKNOWN"]
    assert "0xbDd077f651EBe7f7b3cE16fe5F2b025BE2969516" in told["SAFE-CALLDATA-MISLEADS"]
    assert facts["malicious"]["safeTxHash"] in told["TYPED-DATA-UNSUPPORTED"]
    assert facts["safe"] in told["TYPED-DATA-UNSUPPORTED"]


def test_the_transaction_that_was_shown_has_nothing_of_a_trap_and_is_refused_all_the_same(project: Path) -> None:
    facts = bybit(project)
    errors = refusal(message_of(facts, "shown")).errors
    assert [error.code for error in errors] == ["SAFE-NO-CHAIN-ID", "TYPED-DATA-UNSUPPORTED"]
    assert facts["shown"]["safeTxHash"] in errors[1].message
