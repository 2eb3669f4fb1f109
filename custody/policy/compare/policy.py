"""What a new policy makes newly possible (docs/spec/loosening.md): "loosening is local".

Every rule is a bound, so a policy whose every bound is as tight as before allows nothing new. What is not provably
as tight loosens.
"""

from collections.abc import Iterator
from dataclasses import replace

from custody.evm.tokens import TokenRegistry
from custody.policy.compare import clauses as compare_clauses
from custody.policy.compare import destinations as compare_destinations
from custody.policy.compare import people as compare_people
from custody.policy.compare import records as compare_records
from custody.policy.compare.chain import Chains
from custody.policy.compare.change import Change, by_field, in_order, verdict
from custody.policy.document import OriginatingVasp, Policy

_NO_TOKENS = TokenRegistry()


def compare_policy(old: Policy | None, new: Policy, tokens: TokenRegistry = _NO_TOKENS) -> tuple[Change, ...]:
    """What changes; ``old`` is None where no policy is in force. ``tokens`` tell how amounts of them are written."""
    before = old or replace(new, chains=(), allowlist=(), own_accounts=(), escalations=())
    comparisons = {
        "house": _house,
        "originating_vasp": _vasp,
        "chains": lambda old, new: Chains(old, new, tokens).changes(),
        "approvals": compare_people.approvals,
        "repeat_days": compare_clauses.repeat_days,
        "request_hours": compare_clauses.request_hours,
        "network": compare_clauses.network,
        "travel_rule": compare_records.travel_rule,
        "list_age": compare_clauses.list_age,
        "hours": compare_clauses.hours,
        "new_destinations": compare_clauses.new_destinations,
        "allowlist": compare_destinations.allowlist,
        "own_accounts": compare_destinations.own_accounts,
        "escalations": compare_people.escalations,
    }
    return in_order(by_field(before, new, comparisons))


def _house(old: Policy, new: Policy) -> Iterator[Change]:
    yield Change(False, "house", old.house, new.house, "none: it is shown to people and decides nothing")


def _vasp(old: Policy, new: Policy) -> Iterator[Change]:
    yield from by_field(old.originating_vasp, new.originating_vasp, {"name": _vasp_name, "lei": _vasp_lei})


def _vasp_name(old: OriginatingVasp, new: OriginatingVasp) -> Iterator[Change]:
    example = f"a record whose originating VASP is {new.name}: {verdict(loosens=True)}"
    yield Change(True, "originating_vasp", f"the name {old.name}", f"the name {new.name}", example)


def _vasp_lei(old: OriginatingVasp, new: OriginatingVasp) -> Iterator[Change]:
    loosens = old.lei is not None
    other = f"the legal entity identifier {new.lei}" if loosens and new.lei else "no legal entity identifier"
    before, after = (f"the legal entity identifier {vasp.lei or 'is not compared'}" for vasp in (old, new))
    example = f"a record whose originating VASP has {other}: {verdict(loosens=loosens)}"
    yield Change(loosens, "originating_vasp", before, after, example)
