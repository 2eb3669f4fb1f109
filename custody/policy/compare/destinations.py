"""Which payees a new policy knows, and which accounts are the house's own.

A destination that is known is excused from some rules, and guards itself against addresses that look like it. So where
one is gone it is known no more, and what looks like it is refused no more.
"""

from collections.abc import Iterator

from custody.policy.clauses import Allowed, OwnAccount
from custody.policy.compare.change import Change, both, verdict
from custody.policy.document import Policy
from custody.screening.address import Program

#: Of the tiers, the one that is bounded.
HOT = "hot"


def allowlist(old: Policy, new: Policy) -> Iterator[Change]:
    """Destinations that the house knows, each told in full."""
    before, after = ({_key(one): one for one in policy.allowlist} for policy in (old, new))
    for key in before | after:
        yield from _listed(before.get(key), after.get(key))


def _key(one: Allowed) -> tuple[str, Program]:
    return one.chain.alias, one.program


def _listed(old: Allowed | None, new: Allowed | None) -> Iterator[Change]:
    states = both(_entry, old, new)
    if old and new:
        if old.name != new.name:
            yield Change(False, "allowlist", *states, "none: the name is for people and decides nothing")
    elif one := old or new:
        judged = verdict(loosens=new is not None, yes="known", no="not known")
        yield Change(new is not None, "allowlist", *states, f"the destination {one.address}: {judged}")
    if old and (new is None or old.address != new.address):
        yield Change(True, "allowlist", *states, _like(old.address))


def _entry(one: Allowed | None) -> str:
    return f"{one.chain.alias}: {one.address}, {one.name}" if one else "not on the list"


def own_accounts(old: Policy, new: Policy) -> Iterator[Change]:
    """The house's own accounts, by their names, which the log keeps."""
    before, after = ({one.name: one for one in policy.own_accounts} for policy in (old, new))
    for name in before | after:
        if before.get(name) != after.get(name):
            yield from _own(before.get(name), after.get(name))


def _own(old: OwnAccount | None, new: OwnAccount | None) -> Iterator[Change]:
    states = both(_account, old, new)
    if old and new and (_place(old), old.chain) == (_place(new), new.chain):
        yield _tier(old, new, states)
    elif new:
        example = f"a payment to {_place(new)} on {new.chain.alias} without a record: {verdict(loosens=True)}"
        yield Change(True, "own_accounts", *states, example)
    elif old:
        example = f"a payment to {_place(old)} on {old.chain.alias} without a record: {verdict(loosens=False)}"
        yield Change(False, "own_accounts", *states, example)
        yield from _unguarded(old, states)


def _account(one: OwnAccount | None) -> str:
    return f"{one.chain.alias}: {_place(one)}, {one.name}, {one.tier}" if one else "not named"


def _tier(old: OwnAccount, new: OwnAccount, states: tuple[str, str]) -> Change:
    if HOT not in (old.tier, new.tier):
        return Change(False, "own_accounts", *states, "none: cold and warm accounts are judged alike")
    loosens = old.tier == HOT
    example = f"a payment of more than to_hot_per_day to {new.name}: {verdict(loosens=loosens)}"
    return Change(loosens, "own_accounts", *states, example)


def _unguarded(old: OwnAccount, states: tuple[str, str]) -> Iterator[Change]:
    """What holds no more because an account is not the house's own any more."""
    if old.tier == HOT:
        example = f"a payment of more than to_hot_per_day to {_place(old)}, with a record: {verdict(loosens=True)}"
        yield Change(True, "own_accounts", *states, example)
    if old.address:
        yield Change(True, "own_accounts", *states, _like(old.address))


def _place(one: OwnAccount) -> str:
    if one.account:
        return f"the account {one.account.descriptor}"
    return one.address or f"the account {one.checksum}"


def _like(address: str) -> str:
    return f"a payment to an address that looks like {address}: {verdict(loosens=True)}"
