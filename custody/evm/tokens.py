"""The tokens that this house pays: a small file, pinned like the policy. A token that is not in it does not exist."""

import re
from dataclasses import dataclass

from custody.amounts import Asset
from custody.chains import EVM_CHAINS, EvmChain
from custody.codec import toml as toml_file
from custody.codec.schema import Fault, Many, Object, Text, Whole, Word, may, need, read
from custody.errors import InputError
from custody.evm.address import checksum_address
from custody.evm.shapes import Address

VERSION = 1
MAX_REGISTRY_BYTES = 65_536
MAX_TOKENS = 200
MAX_SYMBOL = 16
MAX_DECIMALS = 36

CODES = {
    Fault.KEY: "TOKENS-KEY",
    Fault.MISSING: "TOKENS-MISSING",
    Fault.TYPE: "TOKENS-TYPE",
    Fault.TEXT: "TOKENS-TEXT",
    Fault.NUMBER: "TOKENS-NUMBER",
    Fault.WORD: "TOKENS-WORD",
    Fault.COUNT: "TOKENS-COUNT",
}

_CHAINS = {chain.alias: chain for chain in EVM_CHAINS}


def token_id(chain: EvmChain, contract: bytes) -> str:
    """CAIP-19 of the token that this contract is, its address spelled by EIP-55."""
    return f"{chain.chain_id}/erc20:{checksum_address(contract)}"


@dataclass(frozen=True, slots=True)
class Token:
    """An ERC-20 token: the network and contract that it is, and how people read its amounts."""

    chain: EvmChain
    contract: bytes
    symbol: str
    decimals: int

    @property
    def asset(self) -> Asset:
        """The token as CAIP-19 names it."""
        return Asset(token_id(self.chain, self.contract), self.symbol, self.decimals)


@dataclass(frozen=True, slots=True)
class TokenRegistry:
    """The tokens of a registry file; without any, no token is paid."""

    tokens: tuple[Token, ...] = ()

    @classmethod
    def parse(cls, toml: bytes) -> "TokenRegistry":
        """The registry in the exact bytes of its file.

        Raises:
            InputError: TOKENS-SIZE, TOKENS-SYNTAX, TOKENS-DUPLICATE; or a SchemaError with every fault under `CODES`.
        """
        value = toml_file.loads(
            toml,
            limit=MAX_REGISTRY_BYTES,
            name="token registry",
            size_code="TOKENS-SIZE",
            syntax_code="TOKENS-SYNTAX",
        )
        registry: TokenRegistry = read(_DOCUMENT, value, CODES)
        _check_unique(registry.tokens)
        return registry

    def find(self, chain_id: str, contract: bytes) -> Asset | None:
        """The token that this contract is on the chain with this CAIP-2 id; None for any other contract."""
        for token in self.tokens:
            if (token.chain.chain_id, token.contract) == (chain_id, contract):
                return token.asset
        return None


def _token(chain: str, contract: bytes, symbol: str, decimals: int) -> Token:
    return Token(_CHAINS[chain], contract, symbol, decimals)


def _registry(version: int, tokens: tuple[Token, ...]) -> TokenRegistry:
    del version
    return TokenRegistry(tokens)


def _check_unique(tokens: tuple[Token, ...]) -> None:
    """One symbol for each contract on its network, whatever its capitals, and none that is the symbol of the coin."""
    contracts: set[tuple[str, bytes]] = set()
    symbols = {(chain.alias, chain.coin.symbol.casefold()) for chain in EVM_CHAINS}
    for token in tokens:
        contract, symbol = (token.chain.alias, token.contract), (token.chain.alias, token.symbol.casefold())
        if contract in contracts or symbol in symbols:
            raise InputError(
                "TOKENS-DUPLICATE",
                f"The contract or symbol of {token.symbol} on {token.chain.alias} is there already, or is the coin's.",
            )
        contracts.add(contract)
        symbols.add(symbol)


_TOKEN = Object(
    _token,
    {
        "chain": need("chain", shape=Word(tuple(_CHAINS))),
        "contract": need("contract", shape=Address()),
        "symbol": need("symbol", shape=Text(MAX_SYMBOL, re.compile("[!-~]+"), "printable ASCII without spaces")),
        "decimals": need("decimals", shape=Whole(0, MAX_DECIMALS)),
    },
)
_DOCUMENT = Object(
    _registry,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "tokens": may("token", shape=Many(_TOKEN, 0, MAX_TOKENS)),
    },
)
