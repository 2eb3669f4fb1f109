"""Random policies in which every field varies, and cases that lie at their bounds.

Few values of each kind, so that two policies often differ in one thing and a case often reaches exactly there.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import Any

import examples

from custody.chains import ETHEREUM, REGTEST, Chain, EvmChain
from custody.evm.address import checksum_address
from custody.policy.case import Case, Past
from custody.policy.chain_policy import ACTIONS, ROLES, ChainPolicy, Tier
from custody.policy.clauses import (
    TIERS,
    Allowed,
    Escalation,
    Hours,
    ListAge,
    NewDestinations,
    OwnAccount,
    TravelRulePolicy,
)
from custody.policy.decision import CONCERNS, Requirement
from custody.policy.document import OriginatingVasp, Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules.history import DAY
from custody.review import Output, Review, Role, Spend
from custody.screening.address import decode_on_chain
from custody.screening.flagged import FlaggedList
from custody.travel_rule.profiles import PROFILES
from custody.travel_rule.rates import MINOR_DIGITS, ReferenceRate

CLEAN = FlaggedList.parse(b"# none")
USDC = examples.USDC.asset_id
ELAPSED = 100 * DAY
#: A Monday, 00:00 UTC.
MONDAY = 1_795_996_800
HOUR = 3_600
CHAINS = {"regtest": REGTEST, "ethereum": ETHEREUM}

# Addresses of payees, by network; the last of ETHEREUM looks like the first.
PAYEES = {
    "regtest": (examples.PAYEE, examples.SECOND_PAYEE),
    "ethereum": (
        examples.EVM_PAYEE,
        examples.EVM_SECOND_PAYEE,
        checksum_address(bytes.fromhex("5aae" + "00" * 16 + "eaed")),
    ),
}
# Accounts that may be the house's own: what the policy names them by, and an address of each.
OWN = {
    "regtest": {"qqqqqqqq": examples.SECOND_PAYEE, "pppppppp": examples.CHANGE},
    "ethereum": {examples.EVM_PAYEE: examples.EVM_PAYEE, examples.RONIN_THIEF: examples.RONIN_THIEF},
}
OWN_NAMES = ("first", "second")


MUCH = 10**6


def cap(pick: Random) -> int:
    return pick.choice([50, 100, 150])


def amount(pick: Random) -> int:
    """At a cap, or one base unit beside it."""
    return cap(pick) + pick.choice([-1, 0, 0, 1])


def requirement(pick: Random) -> Requirement:
    many = pick.choice([1, 2, 3])
    return Requirement(many, pick.choice(ROLES), pick.randint(1, many))


def bounds(pick: Random, assets: Sequence[str], *, more: int = 0, absent: float = 0.3) -> tuple[tuple[str, int], ...]:
    return tuple((asset, pick.choice([0, *[cap(pick)] * 4]) + more) for asset in assets if pick.random() > absent)


VALUES: dict[str, Callable[[Random, Sequence[str]], Any]] = {
    "caps": partial(bounds, absent=0.1),
    "fee_cap": lambda pick, _: cap(pick),
    "feerate_cap": lambda pick, _: pick.randint(1, 3),
    "fee_percent_cap": lambda pick, _: pick.choice([0, 50, 100]),
    "day_caps": partial(bounds, more=100),
    "week_caps": partial(bounds, more=100),
    "month_caps": partial(bounds, more=100),
    "first_payments": bounds,
    "known_above": bounds,
    "signed_above": bounds,
    "to_hot_caps": bounds,
    "tiers": lambda pick, assets: tuple(Tier(one, cap(pick), requirement(pick)) for one in pick.choices(assets, k=2)),
    "actions": lambda pick, _: tuple(action for action in ACTIONS if pick.random() < 0.7) or ACTIONS,
}


def chain_policy(pick: Random, alias: str, tight: float = 0.25) -> ChainPolicy:
    """What holds on a chain; each value bounds much with a probability of 1 - ``tight``."""
    chain = CHAINS[alias]
    assets = [chain.coin.asset_id, *([USDC] if isinstance(chain, EvmChain) else [])]
    much = tuple((asset, MUCH) for asset in assets)
    loose = ChainPolicy(chain, much, MUCH, MUCH, 100, first_payments=much, to_hot_caps=much)
    values = {name: make(pick, assets) for name, make in VALUES.items() if pick.random() < tight}
    return dataclasses.replace(loose, **values)


def chain_policies(pick: Random) -> tuple[ChainPolicy, ...]:
    aliases = pick.choice([("regtest",), ("ethereum",), ("regtest", "ethereum")])
    return tuple(chain_policy(pick, alias) for alias in aliases)


def approvals(pick: Random) -> tuple[Requirement, ...]:
    counts = {role: pick.choice([0, 0, 0, 1, 2, 3]) for role in ROLES}
    return tuple(sorted(Requirement(many, role, pick.randint(1, many)) for role, many in counts.items() if many))


def vasp(pick: Random) -> OriginatingVasp:
    name = pick.choice([*[examples.HOUSE] * 8, examples.OTHER_VASP])
    return OriginatingVasp(name, pick.choice([None, *[examples.HOUSE_LEI] * 6, examples.OTHER_LEI]))


def travel_rule(pick: Random) -> TravelRulePolicy:
    assets = [asset for asset in (REGTEST.coin.asset_id, ETHEREUM.coin.asset_id, USDC) if pick.random() < 0.3]
    rates = (
        ReferenceRate(asset, pick.choice(list(MINOR_DIGITS)), 10 ** pick.choice([1, 30]), MONDAY) for asset in assets
    )
    return TravelRulePolicy(pick.choice(list(PROFILES)), tuple(rates))


def list_age(pick: Random) -> ListAge | None:
    return pick.choice([None, None, ListAge(24), ListAge(48), ListAge(48, 12), ListAge(24, 12), ListAge(48, 24)])


def hours(pick: Random) -> Hours | None:
    days = tuple(day for day in range(7) if pick.random() < 0.8)
    if pick.random() < 0.5 or not days:
        return None
    return Hours(pick.choice([0, 540, -300]), days, pick.choice([0, 540]), pick.choice([1_080, 1_440]))


def new_destinations(pick: Random) -> NewDestinations | None:
    return pick.choice([None, None, NewDestinations(24, 30), NewDestinations(48, 30), NewDestinations(24, 10)])


def allowlist(pick: Random) -> tuple[Allowed, ...]:
    return tuple(
        Allowed(CHAINS[alias], address, pick.choice(["one", "two"]), decode_on_chain(address, CHAINS[alias]))
        for alias, addresses in PAYEES.items()
        for address in addresses
        if pick.random() < 0.4
    )


def own_accounts(pick: Random) -> tuple[OwnAccount, ...]:
    names = list(OWN_NAMES)
    pick.shuffle(names)
    accounts = []
    for name in names:
        alias = pick.choice(list(OWN))
        place = pick.choice(list(OWN[alias]))
        kind = "address" if alias == "ethereum" else "checksum"
        if pick.random() < 0.5:
            accounts.append(OwnAccount(name, pick.choice(TIERS), CHAINS[alias], **{kind: place}))
    return tuple(accounts)


def escalations(pick: Random) -> tuple[Escalation, ...]:
    return tuple(Escalation(concern, requirement(pick)) for concern in CONCERNS if pick.random() < 0.4)


FIELDS: dict[str, Callable[[Random], Any]] = {
    "house": lambda pick: pick.choice(["one", "two"]),
    "originating_vasp": vasp,
    "chains": chain_policies,
    "approvals": approvals,
    "repeat_days": lambda pick: pick.randint(0, 3),
    "request_hours": lambda pick: pick.choice([1, 12, 24]),
    "travel_rule": travel_rule,
    "list_age": list_age,
    "hours": hours,
    "new_destinations": new_destinations,
    "allowlist": allowlist,
    "own_accounts": own_accounts,
    "escalations": escalations,
    "network": lambda pick: pick.choice(["warn", "refuse"]),
}


def policy(pick: Random, tight: float = 0.3) -> Policy:
    """A policy; each field bounds nothing with a probability of 1 - ``tight``."""
    loose = Policy("one", OriginatingVasp(examples.HOUSE), chain_policies(pick), repeat_days=0)
    return dataclasses.replace(loose, **{name: make(pick) for name, make in FIELDS.items() if pick.random() < tight})


def neighbours(pick: Random, name: str = "") -> tuple[Policy, Policy]:
    """A policy, and one that differs in what is named: a value of a chain, a field, or by default in some of them."""
    old = policy(pick)
    old = new = _other(pick, old, name) if name else old
    for _ in range(1 if name else pick.choice([1, 1, 1, 2, 3])):
        new = _other(pick, new, name or pick.choice([*FIELDS, *VALUES, "everything"]))
    return old, new


def _other(pick: Random, old: Policy, name: str) -> Policy:
    if name == "everything":
        return policy(pick)
    if name in FIELDS:
        return dataclasses.replace(old, **{name: FIELDS[name](pick)})
    first, *others = old.chains
    values = chain_policy(pick, first.chain.alias, tight=0.8)
    changed = dataclasses.replace(first, **{name: getattr(values, name)})
    return dataclasses.replace(old, chains=(changed, *others))


@cache
def block(address: str, amount: int, asset_id: str) -> bytes:
    asset = examples.USDC if asset_id == USDC else None
    return examples.block(examples.record((0, address, amount), asset=asset))


def spends(pick: Random) -> tuple[str, ...]:
    return pick.choice([("a",), ("b",), ("a", "b")])


def review(pick: Random, chain: Chain) -> Review:
    facts: dict[str, Any] = {
        "fee": pick.choice([0, 0, 1, amount(pick)]),
        "feerate": pick.choice([1, 1, 2, 3]) * chain.feerate_unit.base_units * 1000 + pick.choice([0, 0, 1]),
        "spends": tuple(Spend(reference, 0) for reference in spends(pick)),
    }
    addresses = [*PAYEES[chain.alias], *OWN[chain.alias].values()]
    if isinstance(chain, EvmChain):
        asset = pick.choice([None, examples.USDC])
        return examples.evm_review(pick.choice(addresses), amount=amount(pick), asset=asset, **facts)
    return examples.review(*[(pick.choice(addresses), amount(pick))][: pick.choice([0, 1, 1, 1])], **facts)


def past(pick: Random, paid: Review) -> Past:
    payments = tuple((output.address, output.amount, output.asset.asset_id) for output in paid.payments)
    other = tuple((address, amount(pick), asset) for address, _, asset in payments)
    assets = {paid.fee_asset.asset_id, *(asset for _, _, asset in payments)}
    age = pick.choice([0, 1, 2, 3, 7, 10, 30]) * DAY - pick.randint(0, 1)
    made = pick.choice([payments, other, other, ()])
    return Past(
        request="ab" * 32,
        elapsed=ELAPSED - age,
        spends=pick.choice([spends(pick), ("c",)]),
        payments=made,
        charges={asset: amount(pick) for asset in sorted(assets)},
        owners=tuple(pick.choice(["", *OWN_NAMES]) for _ in made),
    )


def with_roles(paid: Review, policy: Policy) -> Review:
    """The facts as a device sees them that knows all accounts and has this policy in force."""
    return dataclasses.replace(paid, outputs=tuple(_with_role(one, paid.chain_id, policy) for one in paid.outputs))


def _with_role(output: Output, chain_id: str, policy: Policy) -> Output:
    for own in sorted(policy.own_accounts, key=lambda own: (TIERS.index(own.tier), own.name), reverse=True):
        address = own.address or OWN["regtest"].get(own.checksum or "")
        if output.role is Role.PAYMENT and own.chain.chain_id == chain_id and address == output.address:
            return dataclasses.replace(output, role=Role.OWN, owner=own.name)
    return output


@dataclass(frozen=True)
class Trial:
    """Two policies, and a request with those who approved it, as role and organisation."""

    old: Policy
    new: Policy
    review: Review
    history: tuple[Past, ...]
    people: tuple[tuple[str, str], ...]
    latest: int
    created: int
    list_made: int | None
    record: bool
    interfaces: tuple[str, ...] | None

    @classmethod
    def random(cls, pick: Random, name: str = "") -> "Trial":
        old, new = neighbours(pick, name)
        paid = review(pick, pick.choice([*old.chains, *new.chains]).chain)
        history = tuple(past(pick, paid) for _ in range(pick.choice([0, 0, 1, 2])))
        people = tuple((pick.choice(ROLES), pick.choice("123")) for _ in range(pick.choice([0, 2, 4, 6, 8])))
        latest = MONDAY + pick.randrange(7) * DAY + pick.choice([0, 3, 9, 15, 18]) * HOUR - pick.randint(0, 1)
        created = latest - pick.choice([0, 0, 1, 12, 24]) * HOUR - pick.randint(0, 1)
        made = latest - pick.choice([0, 12, 24, 48]) * HOUR - pick.randint(0, 1)
        made_or_not = pick.choice([made, made, None])
        up = pick.choice([(), (), (), ("eth0",), None])
        return cls(old, new, paid, history, people, latest, created, made_or_not, pick.random() < 0.9, up)

    def case(self, policy: Policy) -> Case:
        paid = self.review.payments
        record = block(paid[0].address, paid[0].amount, paid[0].asset.asset_id) if paid and self.record else b""
        return Case(
            with_roles(self.review, policy),
            record,
            policy,
            CLEAN,
            history=self.history,
            interfaces=self.interfaces,
            elapsed=ELAPSED,
            latest=self.latest,
            created=self.created,
            list_made=self.list_made,
        )

    def signed_under(self, policy: Policy) -> bool:
        found = evaluate(self.case(policy))
        return not found.reasons and all(map(self.meets, found.requirements))

    def meets(self, requirement: Requirement) -> bool:
        organisations = [organisation for role, organisation in self.people if role == requirement.role]
        return len(organisations) >= requirement.count and len(set(organisations)) >= requirement.organisations
