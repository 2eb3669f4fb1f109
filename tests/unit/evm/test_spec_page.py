"""The worked example of docs/spec/evm.md is what the code does."""

import json
import re
from pathlib import Path

import pytest
from evm import account
from psbts import SEED
from typed_messages import MEMBERS, encode, typed_data

from custody.chains import ANVIL, EVM_CHAINS
from custody.errors import TransactionErrors
from custody.evm.account import EvmAccount
from custody.evm.hdkey import crypto_hdkey
from custody.evm.review import review
from custody.evm.signing import finalize, sign
from custody.evm.tokens import TokenRegistry
from custody.evm.transaction import from_json
from custody.evm.typed_data import review_typed_data


def blocks(text: str) -> list[str]:
    return re.findall(r"```(?:json|toml)?\n(.*?)\n```", text, re.DOTALL)


def test_the_example_of_the_page_holds(project: Path) -> None:
    before, after = (project / "docs/spec/evm.md").read_text().split("## Example")
    registry = blocks(before)[1]
    named, described, encoded, facts, answer, hdkey = blocks(after)
    descriptor, sender = named.split()
    treasury = EvmAccount.parse("treasury", ANVIL, descriptor)
    assert treasury == account(chain=ANVIL, rehearsal=True)
    transaction = bytes.fromhex(encoded)
    assert from_json(described.encode()).serialize() == transaction
    tokens = TokenRegistry.parse(registry.encode())
    assert review(transaction, treasury, sender, tokens).as_json() == json.loads(facts)
    signatures = sign(transaction, treasury, sender, SEED)
    name, raw = finalize(transaction, treasury, sender, signatures)
    assert [signatures[0].signature.hex(), name, raw.hex()] == answer.split()
    assert crypto_hdkey(treasury).hex() == hdkey


def test_the_page_names_every_network_served(project: Path) -> None:
    page = (project / "docs/spec/evm.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith("| `token[].chain`"))
    assert re.findall(r"`([a-z]+)`", row) == [chain.alias for chain in EVM_CHAINS]


def test_the_page_tells_what_bybits_transaction_gets(project: Path) -> None:
    page = (project / "docs/spec/evm.md").read_text()
    told = next(line for line in page.splitlines() if line.startswith("Bybit's transaction"))
    facts = json.loads((project / "tests/vectors/bybit_safe_nonce71.json").read_text())
    message = encode(typed_data({member: facts["malicious"][member] for member in MEMBERS}, chain=None))
    treasury = account(chain=ANVIL, rehearsal=True)
    with pytest.raises(TransactionErrors) as caught:
        review_typed_data(message, treasury, treasury.address(0), TokenRegistry())
    assert re.findall(r"[A-Z]+(?:-[A-Z]+)+", told) == [error.code for error in caught.value.errors]
    assert facts["safe"] in told
    assert facts["malicious"]["safeTxHash"] in told
