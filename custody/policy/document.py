"""The policy file: TOML with a closed schema, version 1. Nothing is allowed by absence.

The caller keeps the exact bytes; their SHA-256 is the policy's identity. `docs/spec/policy.md` is this file's page.
"""

import tomllib
from dataclasses import dataclass
from functools import partial

from custody.chains import BITCOIN_CHAINS, BitcoinChain
from custody.codec.schema import ANY_SCRIPT, BaseUnits, Fault, Object, Text, Whole, may, need, read
from custody.errors import InputError
from custody.travel_rule.record import LEI

VERSION = 1
MAX_POLICY_BYTES = 65_536
MAX_LINE_BYTES = 1_000
MAX_FEERATE = 1_000_000
MAX_PERCENT = 100

CODES = {
    Fault.KEY: "POLICY-KEY",
    Fault.MISSING: "POLICY-MISSING",
    Fault.TYPE: "POLICY-TYPE",
    Fault.TEXT: "POLICY-TEXT",
    Fault.NUMBER: "POLICY-NUMBER",
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
        feerate_cap: base units a virtual byte (Bitcoin: sat/vB).
        fee_percent_cap: the fee as hundredths of the payments in the chain's coin; a move without payments has none.
    """

    chain: BitcoinChain
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
        if len(toml) > MAX_POLICY_BYTES:
            raise InputError("POLICY-SIZE", f"The policy is larger than {MAX_POLICY_BYTES:,} bytes.")
        # A key of many dots costs the square of its length to read.
        if max(map(len, toml.split(b"\n"))) > MAX_LINE_BYTES:
            raise InputError("POLICY-SIZE", f"A line of the policy is longer than {MAX_LINE_BYTES:,} bytes.")
        try:
            value = tomllib.loads(toml.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise InputError("POLICY-SYNTAX", "The policy is not well-formed TOML.", _position(error)) from error
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


def _position(error: Exception) -> str:
    return str(error) if isinstance(error, tomllib.TOMLDecodeError) else ""


def _caps(chain: BitcoinChain, coin: int) -> tuple[tuple[str, int], ...]:
    return ((chain.coin.asset_id, coin),)


def _chain(chain: BitcoinChain) -> Object:
    caps = Object(partial(_caps, chain), {"coin": need("coin", shape=BaseUnits())})
    return Object(
        partial(ChainPolicy, chain),
        {
            "caps": need("cap_per_transaction", shape=caps),
            "fee_cap": need("fee_cap", shape=BaseUnits()),
            "feerate_cap": need("feerate_cap", shape=Whole(1, MAX_FEERATE)),
            "fee_percent_cap": need("fee_percent_cap", shape=Whole(0, MAX_PERCENT)),
        },
    )


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
            shape=Object(_chains, {chain.alias: may(chain.alias, shape=_chain(chain)) for chain in BITCOIN_CHAINS}),
        ),
    },
)
