"""Example requests with the answers that a compliance desk expects: the file of one (docs/spec/policy-tests.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from custody.chains import CHAINS, Chain
from custody.codec import toml as toml_file
from custody.codec.schema import (
    ANY_SCRIPT,
    BaseUnits,
    Fault,
    Field,
    Many,
    Moment,
    Object,
    Text,
    Whole,
    Word,
    may,
    need,
    read,
)
from custody.evm.shapes import Address
from custody.policy.chain_policy import REQUIREMENT, ROLES, Asked
from custody.policy.clauses import MAX_HOURS, NAME
from custody.policy.decision import CONCERNS, Outcome, Requirement

VERSION = 1
MAX_CASE_BYTES = 65_536
MAX_OUTPUTS = 100
MAX_PAST = 1_000
MAX_APPROVED = 64
MAX_SPENDS = 100
MAX_SIZE = 10_000_000
MAX_MINUTES = 10_080
MAX_INTERFACES = 16
MAX_HOURS_AGO = 87_840
MAX_CODES = 100

CODES = {
    Fault.KEY: "POLICY-TEST-KEY",
    Fault.MISSING: "POLICY-TEST-MISSING",
    Fault.TYPE: "POLICY-TEST-TYPE",
    Fault.TEXT: "POLICY-TEST-TEXT",
    Fault.NUMBER: "POLICY-TEST-NUMBER",
    Fault.WORD: "POLICY-TEST-WORD",
    Fault.COUNT: "POLICY-TEST-COUNT",
}

_CHAINS: Mapping[str, Chain] = {chain.alias: chain for chain in CHAINS}


@dataclass(frozen=True, slots=True)
class Payment:
    """An output: ``contract`` is the token's, None for the coin; ``owner`` an own account of the policy."""

    address: str
    amount: int
    contract: bytes | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was authorised ``hours_ago``."""

    hours_ago: int
    outputs: tuple[Payment, ...]
    fee: int
    record: str
    spends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Approved:
    """Somebody whose approval counts."""

    name: str
    role: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What should come out: exactly these codes and concerns; ``requirements`` are not compared where None."""

    outcome: str
    codes: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] | None = None


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One example request; times are Unix seconds. `docs/spec/policy-tests.md` tells each key."""

    title: str
    chain: Chain
    at: int
    fee: int
    size: int
    expect: Expected
    made_minutes_before: int = 0
    list_age_hours: int = 0
    interfaces: tuple[str, ...] = ()
    record: str = "honest"
    spends: tuple[str, ...] = ()
    outputs: tuple[Payment, ...] = ()
    history: tuple[Earlier, ...] = field(default=(), repr=False)
    approved: tuple[Approved, ...] = ()

    @classmethod
    def parse(cls, toml: bytes) -> "PolicyCase":
        """A case from the bytes of its file.

        Raises:
            InputError: POLICY-TEST-SIZE, POLICY-TEST-SYNTAX; or a SchemaError with every fault under one of `CODES`.
        """
        value = toml_file.loads(
            toml,
            limit=MAX_CASE_BYTES,
            name="case",
            size_code="POLICY-TEST-SIZE",
            syntax_code="POLICY-TEST-SYNTAX",
        )
        case: PolicyCase = read(_CASE, value, CODES)
        return case


def _case(version: int, chain: str, **others: Any) -> PolicyCase:
    del version
    return PolicyCase(chain=_CHAINS[chain], **others)


_CODE = Text(60, re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+"), "a code of docs/spec/codes.md")
_RECORD = Text(100, re.compile(r"honest|none|[A-Za-z0-9_-]+\.json"), "honest, none, or a file of the folder")
_SPENDS = may("spends", shape=Many(Text(100), 1, MAX_SPENDS))
_PAYMENT = Object(
    Payment,
    {
        "address": need("address", shape=Text(128, re.compile(r"[0-9A-Za-z]+"), "an address, letters and digits")),
        "amount": need("amount", shape=BaseUnits()),
        "contract": may("contract", shape=Address()),
        "owner": may("owner", shape=NAME),
    },
)
_OUTPUTS = may("outputs", shape=Many(_PAYMENT, 0, MAX_OUTPUTS))
_EARLIER = Object(
    Earlier,
    {
        "hours_ago": need("hours_ago", shape=Whole(0, MAX_HOURS_AGO)),
        "outputs": _OUTPUTS,
        "fee": Field(("fee",), BaseUnits(), default=0),
        "record": Field(("record",), _RECORD, default="none"),
        "spends": _SPENDS,
    },
)
_APPROVED = Object(
    Approved,
    {
        "name": need("name", shape=NAME),
        "role": need("role", shape=Word(ROLES)),
        "organisation": need("organisation", shape=Text(100, ANY_SCRIPT, "a name")),
    },
)
_EXPECTED = Object(
    Expected,
    {
        "outcome": need("outcome", shape=Word(tuple(Outcome))),
        "codes": may("codes", shape=Many(_CODE, 0, MAX_CODES)),
        "concerns": may("concerns", shape=Many(Word(CONCERNS), 0, len(CONCERNS))),
        "requirements": Field(("requirements",), Many(Asked(Requirement, REQUIREMENT), 0, MAX_CODES)),
    },
)
_CASE = Object(
    _case,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "title": need("title", shape=NAME),
        "chain": need("chain", shape=Word(tuple(_CHAINS))),
        "at": need("at", shape=Moment()),
        "fee": need("fee", shape=BaseUnits()),
        "size": need("size", shape=Whole(1, MAX_SIZE)),
        "expect": need("expect", shape=_EXPECTED),
        "made_minutes_before": Field(("made_minutes_before",), Whole(0, MAX_MINUTES), default=0),
        "list_age_hours": Field(("list_age_hours",), Whole(0, MAX_HOURS), default=0),
        "interfaces": may("interfaces", shape=Many(Text(15), 0, MAX_INTERFACES)),
        "record": Field(("record",), _RECORD, default="honest"),
        "spends": _SPENDS,
        "outputs": _OUTPUTS,
        "history": may("history", shape=Many(_EARLIER, 0, MAX_PAST)),
        "approved": may("approved", shape=Many(_APPROVED, 0, MAX_APPROVED)),
    },
)
