"""The policy file: TOML with a closed schema, version 1. Nothing is allowed by absence.

The caller keeps the exact bytes; their SHA-256 is the policy's identity. `docs/spec/policy.md` is this file's page.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from custody.chains import CHAINS, Chain, EvmChain
from custody.codec import toml as toml_file
from custody.codec.schema import (
    ANY_SCRIPT,
    BaseUnits,
    Fault,
    Field,
    Many,
    Object,
    Reading,
    Text,
    Whole,
    Word,
    may,
    need,
    read,
)
from custody.evm.shapes import Address
from custody.evm.tokens import MAX_TOKENS, token_id
from custody.policy.decision import Requirement
from custody.travel_rule.record import LEI

VERSION = 1
MAX_POLICY_BYTES = 65_536
MAX_FEERATE = 1_000_000
MAX_PERCENT = 100
MAX_APPROVALS = 10
MAX_REPEAT_DAYS = 90

#: The period of `Policy.repeat_days` where the file names none.
REPEAT_DAYS = 7
#: Whose approvals a policy may ask for.
ROLES = ("approver", "compliance")

CODES = {
    Fault.KEY: "POLICY-KEY",
    Fault.MISSING: "POLICY-MISSING",
    Fault.TYPE: "POLICY-TYPE",
    Fault.TEXT: "POLICY-TEXT",
    Fault.NUMBER: "POLICY-NUMBER",
    Fault.WORD: "POLICY-WORD",
    Fault.COUNT: "POLICY-COUNT",
}


@dataclass(frozen=True, slots=True)
class OriginatingVasp:
    """This house as its travel-rule records must name it: legal ``name``, and ``lei`` where it has one."""

    name: str
    lei: str | None = None


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """What may be spent on one chain.

    Attributes:
        chain: the network.
        caps: CAIP-19 asset id and the largest sum of the payments in it, base units.
        fee_cap: the fee, base units of the chain's coin.
        feerate_cap: in the chain's `feerate_unit`.
        fee_percent_cap: the fee as hundredths of the payments in the chain's coin, where there are some.
        day_caps: CAIP-19 asset id and the most that may leave in a day, fees included, base units; an asset that is
            not here has no such bound.
    """

    chain: Chain
    caps: tuple[tuple[str, int], ...]
    fee_cap: int
    feerate_cap: int
    fee_percent_cap: int
    day_caps: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document.

    Attributes:
        chains: those on which anything may be signed at all.
        approvals: who must have approved what is signed; all must hold.
        repeat_days: for so many days no payment is made a second time; 0 for no such rule.
    """

    house: str
    originating_vasp: OriginatingVasp
    chains: tuple[ChainPolicy, ...]
    approvals: tuple[Requirement, ...] = ()
    repeat_days: int = REPEAT_DAYS

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
        approvals = tuple(sorted(document.approvals))
        return cls(document.house, document.originating_vasp, document.chains, approvals, document.repeat_days)

    def chain(self, chain_id: str) -> ChainPolicy | None:
        """What holds on the chain with this CAIP-2 id; None where nothing may be signed."""
        return next((entry for entry in self.chains if entry.chain.chain_id == chain_id), None)


@dataclass(frozen=True, slots=True)
class _Document:
    version: int
    house: str
    originating_vasp: OriginatingVasp
    chains: tuple[ChainPolicy, ...]
    approvals: tuple[Requirement, ...]
    repeat_days: int


class _TokenCap(NamedTuple):
    contract: bytes
    cap: int
    day_cap: int | None


@dataclass(frozen=True, slots=True)
class _Once(Many):
    """A list in which each value of ``key`` stands once: of two items nobody could say which holds."""

    key: str

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The items as a tuple."""
        items = tuple(item for item in Many.read(self, value, where, reading) if item)
        if len({getattr(item, self.key) for item in items}) < len(items):
            reading.fault(Fault.COUNT, where, f"one {self.key} twice", f"each {self.key} once")
        return items


class _Approval(Object):
    """A requirement that can be met: no fewer people than organisations."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The requirement."""
        asked: Requirement | None = super().read(value, where, reading)
        if asked and asked.organisations > asked.count:
            observed = f"{asked.organisations} organisations among {asked.count} people"
            reading.fault(Fault.NUMBER, f"{where}.organisations", observed, "at most as many as count")
        return asked


_TOKEN_CAP = Object(
    _TokenCap,
    {
        "contract": need("contract", shape=Address()),
        "cap": need("cap_per_transaction", shape=BaseUnits()),
        "day_cap": may("cap_per_day", shape=BaseUnits()),
    },
)


def _coin_cap(chain: Chain, coin: int) -> tuple[str, int]:
    return chain.coin.asset_id, coin


def _of_chain(
    chain: Chain,
    coin_cap: tuple[str, int],
    coin_day_cap: tuple[str, int] | None,
    tokens: tuple[tuple[str, _TokenCap], ...] = (),
    **fee_caps: int,
) -> ChainPolicy:
    caps = (coin_cap, *((asset_id, token.cap) for asset_id, token in tokens))
    day_caps = (coin_day_cap, *((asset_id, token.day_cap) for asset_id, token in tokens))
    known = tuple((cap[0], cap[1]) for cap in day_caps if cap and cap[1] is not None)
    return ChainPolicy(chain, caps, day_caps=known, **fee_caps)


def _evm(chain: EvmChain, token_caps: tuple[_TokenCap, ...], **others: Any) -> ChainPolicy:
    return _of_chain(chain, tokens=tuple((token_id(chain, token.contract), token) for token in token_caps), **others)


def _chain(chain: Chain) -> Object:
    caps = Object(partial(_coin_cap, chain), {"coin": need("coin", shape=BaseUnits())})
    fields = {
        "coin_cap": need("cap_per_transaction", shape=caps),
        "coin_day_cap": may("cap_per_day", shape=caps),
        "fee_cap": need("fee_cap", shape=BaseUnits()),
        "feerate_cap": need("feerate_cap", shape=Whole(1, MAX_FEERATE)),
        "fee_percent_cap": need("fee_percent_cap", shape=Whole(0, MAX_PERCENT)),
    }
    if isinstance(chain, EvmChain):
        token_caps = may("tokens", shape=_Once(_TOKEN_CAP, 0, MAX_TOKENS, "contract"))
        return Object(partial(_evm, chain), fields | {"token_caps": token_caps})
    return Object(partial(_of_chain, chain), fields)


def _chains(**chains: ChainPolicy | None) -> tuple[ChainPolicy, ...]:
    return tuple(chain for chain in chains.values() if chain)


_APPROVAL = _Approval(
    Requirement,
    {
        "count": need("count", shape=Whole(1, MAX_APPROVALS)),
        "role": need("role", shape=Word(ROLES)),
        "organisations": Field(("organisations",), Whole(1, MAX_APPROVALS), default=1),
    },
)
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
        "approvals": may("approvals", shape=_Once(_APPROVAL, 0, len(ROLES), "role")),
        "repeat_days": Field(("repeat_days",), Whole(0, MAX_REPEAT_DAYS), default=REPEAT_DAYS),
        "chains": need(
            "chains",
            shape=Object(
                _chains,
                {chain.alias: may(chain.alias, shape=_chain(chain)) for chain in CHAINS},
            ),
        ),
    },
)
