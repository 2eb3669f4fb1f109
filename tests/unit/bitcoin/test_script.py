"""Output scripts and addresses: five kinds may be paid, one spelling each; everything else has a name and a refusal."""

import json
from pathlib import Path

import pytest
import wallycore as wally

from custody.bitcoin.script import ScriptType, classify, decode_address, dust_limit, encode_address
from custody.chains import BITCOIN, BITCOIN_CHAINS, REGTEST, SIGNET, TESTNET, Chain
from custody.errors import InputError, TransactionError

KEY = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
STANDARD = {
    ScriptType.P2PKH: "76a914" + "11" * 20 + "88ac",
    ScriptType.P2SH: "a914" + "22" * 20 + "87",
    ScriptType.P2WPKH: "0014" + "33" * 20,
    ScriptType.P2WSH: "0020" + "44" * 32,
    ScriptType.P2TR: "5120" + KEY,
}
REFUSED = [
    ("", "SCRIPT-EMPTY"),
    ("6a", "SCRIPT-OP-RETURN"),
    ("6a0568656c6c6f", "SCRIPT-OP-RETURN"),
    ("5121" + "02" + KEY + "51ae", "SCRIPT-BARE-MULTISIG"),
    ("21" + "02" + KEY + "ac", "SCRIPT-BARE-KEY"),
    ("41" + "04" + KEY * 2 + "ac", "SCRIPT-BARE-KEY"),
    ("51024e73", "SCRIPT-ANCHOR"),
    ("5220" + KEY, "SCRIPT-WITNESS-VERSION"),
    ("6028" + "11" * 40, "SCRIPT-WITNESS-VERSION"),
    ("5114" + "11" * 20, "SCRIPT-WITNESS-VERSION"),
    ("0015" + "11" * 21, "SCRIPT-WITNESS-LENGTH"),
    ("0002" + "1111", "SCRIPT-WITNESS-LENGTH"),
    ("5120" + "ff" * 32, "SCRIPT-TAPROOT-POINT"),
    ("5120" + "00" * 31 + "07", "SCRIPT-TAPROOT-POINT"),
    ("51", "SCRIPT-NONSTANDARD"),
    ("0014" + "33" * 19, "SCRIPT-NONSTANDARD"),
    ("0014" + "33" * 20 + "00", "SCRIPT-NONSTANDARD"),
    ("76a914" + "11" * 20 + "88ad", "SCRIPT-NONSTANDARD"),
    ("a914" + "22" * 20 + "88", "SCRIPT-NONSTANDARD"),
    ("0029" + "11" * 41, "SCRIPT-NONSTANDARD"),
    ("21" + "02" + KEY + "ad", "SCRIPT-NONSTANDARD"),
    ("21" + "02" + KEY + "51ac", "SCRIPT-NONSTANDARD"),
    ("20" + KEY + "ac", "SCRIPT-NONSTANDARD"),
    ("6102" + "1111", "SCRIPT-NONSTANDARD"),
    ("76a913" + "11" * 20 + "88ac", "SCRIPT-NONSTANDARD"),
    ("76a914" + "11" * 21 + "88ac", "SCRIPT-NONSTANDARD"),
    ("a913" + "22" * 20 + "87", "SCRIPT-NONSTANDARD"),
    ("a914" + "22" * 21 + "87", "SCRIPT-NONSTANDARD"),
]


def vectors(project: Path) -> dict[str, list[dict[str, str]]]:
    loaded: dict[str, list[dict[str, str]]] = json.loads((project / "tests/vectors/segwit_addresses.json").read_text())
    return loaded


def refusal(address: str, chain: Chain) -> str:
    with pytest.raises(InputError) as caught:
        decode_address(address, chain)
    return caught.value.code


@pytest.mark.parametrize(("kind", "script"), STANDARD.items())
def test_the_five_standard_kinds_are_known(kind: ScriptType, script: str) -> None:
    assert classify(bytes.fromhex(script)) is kind


@pytest.mark.parametrize(("script", "code"), REFUSED)
def test_every_other_script_is_refused_by_name(script: str, code: str) -> None:
    with pytest.raises(TransactionError) as caught:
        classify(bytes.fromhex(script))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (ScriptType.P2PKH, 546),
        (ScriptType.P2SH, 540),
        (ScriptType.P2WPKH, 294),
        (ScriptType.P2WSH, 330),
        (ScriptType.P2TR, 330),
    ],
)
def test_dust_limits_are_those_of_bitcoin_core(kind: ScriptType, limit: int) -> None:
    assert dust_limit(bytes.fromhex(STANDARD[kind])) == limit


@pytest.mark.parametrize("chain", BITCOIN_CHAINS, ids=lambda chain: chain.alias)
@pytest.mark.parametrize("script", STANDARD.values(), ids=list(STANDARD))
def test_an_address_and_its_script_give_each_other(script: str, chain: Chain) -> None:
    address = encode_address(bytes.fromhex(script), chain)
    assert decode_address(address, chain).hex() == script


@pytest.mark.parametrize(
    ("address", "script"),
    [
        # The genesis coinbase's key hash, and the example of BIP16.
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"),
        ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87"),
    ],
)
def test_known_base58_addresses(address: str, script: str) -> None:
    assert decode_address(address, BITCOIN).hex() == script
    assert encode_address(bytes.fromhex(script), BITCOIN) == address


def test_published_segwit_addresses_decode_when_their_kind_may_be_paid(project: Path) -> None:
    accepted = 0
    for vector in vectors(project)["valid"]:
        chain = BITCOIN if vector["address"].lower().startswith("bc") else TESTNET
        lower = vector["address"].lower()
        try:
            kind = classify(bytes.fromhex(vector["script"]))
        except TransactionError:
            assert refusal(lower, chain) == "ADDRESS-KIND"
            continue
        assert kind in (ScriptType.P2WPKH, ScriptType.P2WSH, ScriptType.P2TR)
        assert decode_address(lower, chain).hex() == vector["script"]
        accepted += 1
    assert accepted == 5


def test_published_invalid_segwit_addresses_are_refused(project: Path) -> None:
    for vector in vectors(project)["invalid"]:
        for chain in BITCOIN_CHAINS:
            assert refusal(vector["address"], chain) in ("ADDRESS-SYNTAX", "ADDRESS-KIND"), vector["why"]


def test_an_address_has_one_spelling() -> None:
    address = encode_address(bytes.fromhex(STANDARD[ScriptType.P2WPKH]), BITCOIN)
    for other in (address.upper(), address + " ", " " + address, address + "\n", "bitcoin:" + address, ""):
        assert refusal(other, BITCOIN) == "ADDRESS-SYNTAX"
    assert (
        refusal("1" + encode_address(bytes.fromhex(STANDARD[ScriptType.P2PKH]), BITCOIN), BITCOIN) == "ADDRESS-SYNTAX"
    )
    assert refusal("b\u0441" + address[2:], BITCOIN) == "ADDRESS-SYNTAX"  # a Cyrillic letter


def test_an_address_of_another_network_is_refused() -> None:
    for script in STANDARD.values():
        assert refusal(encode_address(bytes.fromhex(script), TESTNET), BITCOIN) == "ADDRESS-SYNTAX"
        assert refusal(encode_address(bytes.fromhex(script), BITCOIN), REGTEST) == "ADDRESS-SYNTAX"


def test_testnet_and_signet_share_their_addresses() -> None:
    script = bytes.fromhex(STANDARD[ScriptType.P2TR])
    assert encode_address(script, TESTNET) == encode_address(script, SIGNET)


def test_base58_of_another_size_is_refused() -> None:
    for size in (0, 19, 21, 32):
        assert refusal(wally.base58check_from_bytes(bytes([BITCOIN.p2pkh]) + bytes(size)), BITCOIN) == "ADDRESS-SYNTAX"


@pytest.mark.parametrize("text", ["1" * 91, "1" * 1_000_000, "bc1q\u0441"])
def test_endless_or_foreign_text_is_refused_unread(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the library was given the text")

    monkeypatch.setattr(wally, "addr_segwit_to_bytes", never)
    monkeypatch.setattr(wally, "base58check_to_bytes", never)
    assert refusal(text, BITCOIN) == "ADDRESS-SYNTAX"
