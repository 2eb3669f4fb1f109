"""The policy file: TOML with a closed schema, version 1. Nothing is allowed by absence.

The caller keeps the exact bytes; their SHA-256 is the policy's identity. `docs/spec/policy.md` is this file's page.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from custody.chains import CHAINS, Chain, EvmChain
from custody.codec import toml as toml_file
from custody.codec.schema import (
    ANY_SCRIPT,
    BaseUnits,
    Fault,
    Many,
    Object,
    Reading,
    Text,
    Whole,
    may,
    need,
    read,
)
from custody.evm.shapes import Address
from custody.evm.tokens import MAX_TOKENS, token_id
from custody.travel_rule.record import LEI

VERSION = 1
MAX_POLICY_BYTES = 65_536
MAX_FEERATE = 1_000_000
MAX_PERCENT = 100

CODES = {
    Fault.KEY: "POLICY-KEY",
    Fault.MISSING: "POLICY-MISSING",
    Fault.TYPE: "POLICY-TYPE",
    Fault.TEXT: "POLICY-TEXT",
    Fault.NUMBER: "POLICY-NUMBER",
    Fault.COUNT: "POLICY-COUNT",
}


@dataclass(frozen=True, slots=True)
class OriginatingVasp:
    """This house as its travel-rule records must name it: legal ``name``, and ``lei`` where it has one."""

    name: str
    lei: str | None = None


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """What may be spent on one chain in one transaction.

    Attributes:
        chain: the network.
        caps: CAIP-19 asset id and the largest sum of the payments in it, base units.
        fee_cap: the fee, base units of the chain's coin.
        feerate_cap: in the chain's `feerate_unit`.
        fee_percent_cap: the fee as hundredths of the payments in the chain's coin, where there are some.
    """

    chain: Chain
    caps: tuple[tuple[str, int], ...]
    fee_cap: int
    feerate_cap: int
    fee_percent_cap: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document. ``chains`` are those on which anything may be signed at all."""

    house: str
    originating_vasp: OriginatingVasp
    chains: tuple[ChainPolicy, ...]

    @classmethod
    def parse(cls, toml: bytes) -> "Policy":
        """A policy from the exact bytes of its file.

        Raises:
            InputError: POLICY-SIZE, POLICY-SYNTAX; or a SchemaError with every fault under one of `CODES`.
        """
        value = toml_file.loads(
            toml, limit=MAX_POLICY_BYTES, name="policy", size_code="POLICY-SIZE", syntax_code="POLICY-SYNTAX"
        )
        document: _Document = read(_DOCUMENT, value, CODES)
        return cls(document.house, document.originating_vasp, document.chains)

    def chain(self, chain_id: str) -> ChainPolicy | None:
        """What holds on the chain with this CAIP-2 id; None where nothing may be signed."""
        return next((entry for entry in self.chains if entry.chain.chain_id == chain_id), None)


@dataclass(frozen=True, slots=True)
class _Document:
    version: int
    house: str
    originating_vasp: OriginatingVasp
    chains: tuple[ChainPolicy, ...]


class _TokenCap(NamedTuple):
    contract: bytes
    cap: int


class _TokenCaps(Many):
    """Caps of tokens, each contract once: of two caps nobody could say which holds."""

    def read(self, value: object, where: str, reading: Reading) -> tuple[_TokenCap, ...]:
        """The caps as a tuple."""
        caps: tuple[_TokenCap | None, ...] = super().read(value, where, reading)
        read_caps = tuple(cap for cap in caps if cap)
        if len({cap.contract for cap in read_caps}) < len(read_caps):
            reading.fault(Fault.COUNT, where, "a contract twice", "each contract once")
        return read_caps


_TOKEN_CAP = Object(
    _TokenCap,
    {"contract": need("contract", shape=Address()), "cap": need("cap_per_transaction", shape=BaseUnits())},
)


def _coin_cap(chain: Chain, coin: int) -> tuple[str, int]:
    return chain.coin.asset_id, coin


def _bitcoin(chain: Chain, coin_cap: tuple[str, int], **fee_caps: int) -> ChainPolicy:
    return ChainPolicy(chain, (coin_cap,), **fee_caps)


def _evm(chain: EvmChain, coin_cap: tuple[str, int], token_caps: tuple[_TokenCap, ...], **fee_caps: int) -> ChainPolicy:
    tokens = ((token_id(chain, contract), cap) for contract, cap in token_caps)
    return ChainPolicy(chain, (coin_cap, *tokens), **fee_caps)


def _chain(chain: Chain) -> Object:
    caps = Object(partial(_coin_cap, chain), {"coin": need("coin", shape=BaseUnits())})
    fields = {
        "coin_cap": need("cap_per_transaction", shape=caps),
        "fee_cap": need("fee_cap", shape=BaseUnits()),
        "feerate_cap": need("feerate_cap", shape=Whole(1, MAX_FEERATE)),
        "fee_percent_cap": need("fee_percent_cap", shape=Whole(0, MAX_PERCENT)),
    }
    if isinstance(chain, EvmChain):
        token_caps = may("tokens", shape=_TokenCaps(_TOKEN_CAP, 0, MAX_TOKENS))
        return Object(partial(_evm, chain), fields | {"token_caps": token_caps})
    return Object(partial(_bitcoin, chain), fields)


def _chains(**chains: ChainPolicy | None) -> tuple[ChainPolicy, ...]:
    return tuple(chain for chain in chains.values() if chain)


_NAME = Text(100, ANY_SCRIPT, "letters without control or invisible characters")
_DOCUMENT = Object(
    _Document,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "house": need("house", shape=_NAME),
        "originating_vasp": need(
            "originating_vasp",
            shape=Object(
                OriginatingVasp,
                {
                    "name": need("name", shape=Text(100)),
                    "lei": may("lei", shape=Text(20, LEI, "a legal entity identifier, 20 capital letters and digits")),
                },
            ),
        ),
        "chains": need(
            "chains",
            shape=Object(
                _chains,
                {chain.alias: may(chain.alias, shape=_chain(chain)) for chain in CHAINS},
            ),
        ),
    },
)
