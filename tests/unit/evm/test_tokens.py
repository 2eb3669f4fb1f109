"""The token registry: what is in it is found under its CAIP-19 name, nothing else is; every fault is told."""

import pytest
from evm import TOKENS, USDC, USDT

from custody.chains import BNB, ETHEREUM
from custody.codec.schema import SchemaError
from custody.errors import InputError
from custody.evm.tokens import MAX_REGISTRY_BYTES, MAX_TOKENS, TokenRegistry

ENTRY = """[[token]]
chain = "ethereum"
contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
symbol = "USDC"
decimals = 6
"""


def registry(*entries: str) -> bytes:
    return "\n".join(["version = 1", *entries]).encode()


def refusal(toml: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        TokenRegistry.parse(toml)
    return caught.value


def test_a_token_is_found_on_its_network_only() -> None:
    asset = TOKENS.find(ETHEREUM.chain_id, USDC)
    assert asset is not None
    assert (asset.symbol, asset.decimals) == ("USDC", 6)
    assert asset.asset_id == "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    assert TOKENS.find(BNB.chain_id, USDC) is None
    assert TOKENS.find(ETHEREUM.chain_id, USDC[:-1] + b"\0") is None
    assert TOKENS.find(ETHEREUM.chain_id, USDT) != asset


def test_a_registry_may_be_empty() -> None:
    assert TokenRegistry.parse(b"version = 1") == TokenRegistry()
    assert TokenRegistry().find(ETHEREUM.chain_id, USDC) is None


@pytest.mark.parametrize(("symbol", "decimals"), [("T", 0), ("T" * 16, 36), ("[!]~", 18)])
def test_what_lies_on_a_bound_passes(symbol: str, decimals: int) -> None:
    (token,) = TokenRegistry.parse(registry(ENTRY.replace("USDC", symbol).replace("= 6", f"= {decimals}"))).tokens
    assert (token.symbol, token.decimals) == (symbol, decimals)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version = 1", "version = 2", "TOKENS-NUMBER"),
        ("version = 1", "", "TOKENS-MISSING"),
        ("version = 1", "version = 1\nname = 'x'", "TOKENS-KEY"),
        ("version = 1", "version = 1\ntoken = 5", "TOKENS-SYNTAX"),
        ('chain = "ethereum"', 'chain = "bitcoin"', "TOKENS-WORD"),
        ('chain = "ethereum"', 'chain = "eip155:1"', "TOKENS-WORD"),
        ('chain = "ethereum"', "chain = 1", "TOKENS-WORD"),
        ('chain = "ethereum"', "", "TOKENS-MISSING"),
        ("0xA0b8", "0xa0b8", "TOKENS-TEXT"),
        ("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "TOKENS-TEXT"),
        ('"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"', "7", "TOKENS-TEXT"),
        ('"USDC"', '""', "TOKENS-TEXT"),
        ('"USDC"', '"USD C"', "TOKENS-TEXT"),
        ('"USDC"', '"USD\u0421"', "TOKENS-TEXT"),
        ('"USDC"', '"' + 17 * "U" + '"', "TOKENS-TEXT"),
        ('"USDC"', "6", "TOKENS-TYPE"),
        ("decimals = 6", "decimals = 37", "TOKENS-NUMBER"),
        ("decimals = 6", "decimals = -1", "TOKENS-NUMBER"),
        ("decimals = 6", "decimals = 6.0", "TOKENS-NUMBER"),
        ("decimals = 6", "decimals = true", "TOKENS-NUMBER"),
        ("decimals = 6", "decimals = 6\nlogo = 'x'", "TOKENS-KEY"),
        ("[[token]]", "[token]", "TOKENS-TYPE"),
        ("[[token]]", "[[tokens]]", "TOKENS-KEY"),
    ],
)
def test_each_fault_is_refused(old: str, new: str, code: str) -> None:
    honest = registry(ENTRY).decode()
    TokenRegistry.parse(honest.encode())
    assert refusal(honest.replace(old, new, 1).encode()).code == code


def test_every_fault_is_told_at_once() -> None:
    faulty = refusal(registry(ENTRY.replace("= 6", "= 99").replace("ethereum", "moon")))
    assert isinstance(faulty, SchemaError)
    assert {(finding.code, finding.where) for finding in faulty.findings} == {
        ("TOKENS-NUMBER", "token[0].decimals"),
        ("TOKENS-WORD", "token[0].chain"),
    }


@pytest.mark.parametrize(
    "second",
    [
        ENTRY,
        ENTRY.replace("USDC", "OTHER"),
        ENTRY.replace("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xdAC17F958D2ee523a2206206994597C13D831ec7"),
        ENTRY.replace(
            "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xdAC17F958D2ee523a2206206994597C13D831ec7"
        ).replace("USDC", "usdc"),
    ],
)
def test_one_contract_or_symbol_stands_once_on_a_network(second: str) -> None:
    assert refusal(registry(ENTRY, second)).code == "TOKENS-DUPLICATE"
    assert len(TokenRegistry.parse(registry(ENTRY, second.replace("ethereum", "bnb"))).tokens) == 2


@pytest.mark.parametrize("symbol", ["ETH", "eth", "Eth"])
def test_a_token_cannot_call_itself_the_coin(symbol: str) -> None:
    assert refusal(registry(ENTRY.replace("USDC", symbol))).code == "TOKENS-DUPLICATE"


def test_size_and_count_are_bounded() -> None:
    assert refusal(b"#" + b"\n" * MAX_REGISTRY_BYTES).code == "TOKENS-SIZE"
    assert refusal(b"x" * 2_000).code == "TOKENS-SIZE"
    entry = '[[token]]\nchain = "bnb"\ncontract = "x"\nsymbol = "x"\ndecimals = 1\n'
    assert refusal(registry(*[entry] * (MAX_TOKENS + 1))).code == "TOKENS-COUNT"


@pytest.mark.parametrize("toml", [b"\xff", b"version = ", b"version = 1\nversion = 1"])
def test_what_is_no_toml_is_refused(toml: bytes) -> None:
    assert refusal(toml).code == "TOKENS-SYNTAX"
