"""The policy file: TOML with a closed schema, version 1. Nothing is allowed by absence.

The caller keeps the exact bytes; their SHA-256 is the policy's identity. `docs/spec/policy.md` is this file's page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from custody.chains import CHAINS
from custody.codec import toml as toml_file
from custody.codec.schema import Fault, Field, Object, Text, Whole, Word, may, need, read
from custody.policy import clauses
from custody.policy.chain_policy import REQUIREMENT, ROLES, Asked, ChainPolicy, Rows, section
from custody.policy.clauses import (
    Allowed,
    Escalation,
    Hours,
    ListAge,
    NewDestinations,
    OwnAccount,
    TravelRulePolicy,
)
from custody.policy.decision import Requirement
from custody.travel_rule.lei import Lei

VERSION = 1
MAX_POLICY_BYTES = 65_536
MAX_REPEAT_DAYS = 90
MAX_REQUEST_HOURS = 24

WARN, REFUSE = "warn", "refuse"

#: The period of `Policy.repeat_days` where the file names none.
REPEAT_DAYS = 7

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
class Policy:
    """A policy document.

    Attributes:
        chains: those on which anything may be signed at all.
        approvals: who must have approved what is signed; all must hold.
        repeat_days: for so many days no payment is made a second time; 0 for no such rule.
        request_hours: how old a request may be.
        network: what holds while a network interface of the device is up: ``warn`` or ``refuse``.
        travel_rule: how records are judged.
        list_age: how old the flagged list may be; None for no such rule.
        hours: when withdrawals are signed; None for always.
        new_destinations: when a payee is new; None for no such rule.
        allowlist: destinations that the house knows.
        own_accounts: accounts of this house, and how near to the world they are.
        escalations: whom a concern asks; a concern that is not here denies.
    """

    house: str
    originating_vasp: OriginatingVasp
    chains: tuple[ChainPolicy, ...]
    approvals: tuple[Requirement, ...] = ()
    repeat_days: int = REPEAT_DAYS
    request_hours: int = MAX_REQUEST_HOURS
    network: str = WARN
    travel_rule: TravelRulePolicy = field(default_factory=TravelRulePolicy)
    list_age: ListAge | None = None
    hours: Hours | None = None
    new_destinations: NewDestinations | None = None
    allowlist: tuple[Allowed, ...] = ()
    own_accounts: tuple[OwnAccount, ...] = ()
    escalations: tuple[Escalation, ...] = ()

    @classmethod
    def parse(cls, toml: bytes) -> "Policy":
        """A policy from the exact bytes of its file.

        Raises:
            InputError: POLICY-SIZE, POLICY-SYNTAX; or a SchemaError with every fault under one of `CODES`.
        """
        value = toml_file.loads(
            toml, limit=MAX_POLICY_BYTES, name="policy", size_code="POLICY-SIZE", syntax_code="POLICY-SYNTAX"
        )
        policy: Policy = read(_DOCUMENT, value, CODES)
        return policy

    def chain(self, chain_id: str) -> ChainPolicy | None:
        """What holds on the chain with this CAIP-2 id; None where nothing may be signed."""
        return next((entry for entry in self.chains if entry.chain.chain_id == chain_id), None)

    def answered(self, concern: str) -> tuple[Requirement, ...]:
        """Whom the policy asks where this concern is met; nobody where it denies."""
        return tuple(one.requirement for one in self.escalations if one.concern == concern)


def _chains(**chains: ChainPolicy | None) -> tuple[ChainPolicy, ...]:
    return tuple(chain for chain in chains.values() if chain)


def _policy(version: int, approvals: tuple[Requirement, ...], **others: Any) -> Policy:
    del version
    given: Mapping[str, Any] = {name: value for name, value in others.items() if value is not None}
    return Policy(approvals=tuple(sorted(approvals)), **given)


_DOCUMENT = Object(
    _policy,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "house": need("house", shape=clauses.NAME),
        "originating_vasp": need(
            "originating_vasp",
            shape=Object(
                OriginatingVasp,
                {
                    "name": need("name", shape=Text(100)),
                    "lei": may("lei", shape=Lei()),
                },
            ),
        ),
        "approvals": may(
            "approvals", shape=Rows(Asked(Requirement, REQUIREMENT), 0, len(ROLES), attrgetter("role"), "role")
        ),
        "repeat_days": Field(("repeat_days",), Whole(0, MAX_REPEAT_DAYS), default=REPEAT_DAYS),
        "request_hours": Field(("request_hours",), Whole(1, MAX_REQUEST_HOURS), default=MAX_REQUEST_HOURS),
        "network": Field(("network",), Word((WARN, REFUSE)), default=WARN),
        "travel_rule": may("travel_rule", shape=clauses.TRAVEL_RULE),
        "list_age": may("list_age", shape=clauses.LIST_AGE),
        "hours": may("hours", shape=clauses.HOURS),
        "new_destinations": may("new_destinations", shape=clauses.NEW_DESTINATIONS),
        "allowlist": may("allowlist", shape=clauses.ALLOWLIST),
        "own_accounts": may("own_accounts", shape=clauses.OWN_ACCOUNTS),
        "escalations": may("escalations", shape=clauses.ESCALATIONS),
        "chains": need(
            "chains", shape=Object(_chains, {chain.alias: may(chain.alias, shape=section(chain)) for chain in CHAINS})
        ),
    },
)
