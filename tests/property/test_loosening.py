"""No loosening goes unnoticed: where a new file lets something pass that the old one held, a change says so.

The comparison reads values, and never judges a case; here random cases are judged by the rules themselves. Silenced
comparisons show that each kind of loosening would be found.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import Any

import examples
import pytest
import wallycore
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.bitcoin.script import encode_address
from custody.chains import BITCOIN, ETHEREUM, REGTEST, Chain, EvmChain
from custody.policy.case import Case, Past
from custody.policy.chain_policy import ROLES, ChainPolicy
from custody.policy.change import Change
from custody.policy.compare import compare_list, compare_policy
from custody.policy.decision import Requirement
from custody.policy.document import OriginatingVasp, Policy
from custody.policy.evaluate import evaluate
from custody.policy.history import DAY
from custody.review import Review, Spend
from custody.screening.flagged import FlaggedList

CLEAN = FlaggedList.parse(b"# none")
USDC = examples.USDC.asset_id
NOW = 100 * DAY
CHAINS = {"regtest": REGTEST, "ethereum": ETHEREUM}

Compare = Callable[[Policy, Policy], tuple[Change, ...]]


def cap(pick: Random) -> int:
    return pick.choice([0, 50, 100, 150])


def amount(pick: Random) -> int:
    """At a cap, or one base unit beside it."""
    return max(0, cap(pick) + pick.choice([-1, 0, 0, 1]))


def chain_policy(pick: Random, alias: str) -> ChainPolicy:
    chain = CHAINS[alias]
    assets = [chain.coin.asset_id, USDC] if isinstance(chain, EvmChain) else [chain.coin.asset_id]
    assets = [asset for asset in assets if pick.random() < 0.9]
    return ChainPolicy(
        chain,
        tuple((asset, cap(pick)) for asset in assets),
        fee_cap=cap(pick),
        feerate_cap=pick.randint(1, 3),
        fee_percent_cap=pick.choice([0, 50, 100]),
        day_caps=tuple((asset, cap(pick) + 100) for asset in assets if pick.random() < 0.5),
    )


def chain_policies(pick: Random) -> tuple[ChainPolicy, ...]:
    aliases = pick.choice([("regtest",), ("ethereum",), ("regtest", "ethereum")])
    return tuple(chain_policy(pick, alias) for alias in aliases)


def approvals(pick: Random) -> tuple[Requirement, ...]:
    counts = {role: pick.choice([0, 0, 0, 1, 2, 3]) for role in ROLES}
    return tuple(sorted(Requirement(many, role, pick.randint(1, many)) for role, many in counts.items() if many))


def vasp(pick: Random) -> OriginatingVasp:
    name = pick.choice([*[examples.HOUSE] * 4, examples.OTHER_VASP])
    return OriginatingVasp(name, pick.choice([None, *[examples.HOUSE_LEI] * 3, examples.OTHER_LEI]))


FIELDS: dict[str, Callable[[Random], Any]] = {
    "house": lambda pick: pick.choice(["one", "two"]),
    "originating_vasp": vasp,
    "chains": chain_policies,
    "approvals": approvals,
    "repeat_days": lambda pick: pick.randint(0, 3),
}
VALUES = ["caps", "day_caps", "fee_cap", "feerate_cap", "fee_percent_cap"]


def policy(pick: Random) -> Policy:
    return Policy(**{name: make(pick) for name, make in FIELDS.items()})


def neighbours(pick: Random) -> tuple[Policy, Policy]:
    """A policy, and one that differs in one value of a chain, in one field, or in everything."""
    old, name = policy(pick), pick.choice([*FIELDS, *VALUES, *VALUES, "everything"])
    if name == "everything":
        return old, policy(pick)
    if name in FIELDS:
        return old, dataclasses.replace(old, **{name: FIELDS[name](pick)})
    first, *others = old.chains
    changed = dataclasses.replace(first, **{name: getattr(chain_policy(pick, first.chain.alias), name)})
    return old, dataclasses.replace(old, chains=(changed, *others))


@cache
def block(address: str, amount: int, asset_id: str) -> bytes:
    asset = examples.USDC if asset_id == USDC else None
    return examples.block(examples.record((0, address, amount), asset=asset))


def spends(pick: Random) -> tuple[str, ...]:
    return pick.choice([("a",), ("b",), ("a", "b")])


def review(pick: Random, chain: Chain) -> Review:
    facts: dict[str, Any] = {
        "fee": pick.choice([0, 1, amount(pick)]),
        "feerate": pick.randint(1, 3) * chain.feerate_unit.base_units * 1000 + pick.choice([0, 0, 1]),
        "spends": tuple(Spend(reference, 0) for reference in spends(pick)),
    }
    if isinstance(chain, EvmChain):
        return examples.evm_review(amount=amount(pick), asset=pick.choice([None, examples.USDC]), **facts)
    return examples.review(*[(examples.PAYEE, amount(pick))][: pick.choice([0, 1, 1, 1])], **facts)


def past(pick: Random, paid: Review) -> Past:
    payments = tuple((output.address, output.amount, output.asset.asset_id) for output in paid.payments)
    assets = {paid.fee_asset.asset_id, *(asset for _, _, asset in payments)}
    age = pick.randint(0, 3) * DAY - pick.randint(0, 1)
    return Past(
        request="ab" * 32,
        elapsed=NOW - age,
        spends=pick.choice([spends(pick), ("c",)]),
        payments=pick.choice([payments, ()]),
        charges={asset: amount(pick) for asset in sorted(assets)},
    )


@dataclass(frozen=True)
class Trial:
    """Two policies, and a request with those who approved it, as role and organisation."""

    old: Policy
    new: Policy
    review: Review
    history: tuple[Past, ...]
    people: tuple[tuple[str, str], ...]

    @classmethod
    def random(cls, pick: Random) -> "Trial":
        old, new = neighbours(pick)
        paid = review(pick, pick.choice([*old.chains, *new.chains]).chain)
        history = tuple(past(pick, paid) for _ in range(pick.choice([0, 0, 1, 2])))
        people = tuple((pick.choice(ROLES), pick.choice("123")) for _ in range(pick.choice([0, 2, 4, 6])))
        return cls(old, new, paid, history, people)

    def signed_under(self, policy: Policy) -> bool:
        paid = self.review.payments
        record = block(paid[0].address, paid[0].amount, paid[0].asset.asset_id) if paid else b""
        found = evaluate(Case(self.review, record, policy, CLEAN, history=self.history, elapsed=NOW))
        return not found.reasons and all(map(self.meets, found.requirements))

    def meets(self, requirement: Requirement) -> bool:
        organisations = [organisation for role, organisation in self.people if role == requirement.role]
        return len(organisations) >= requirement.count and len(set(organisations)) >= requirement.organisations

    def is_unnoticed(self, compare: Compare) -> bool:
        """Whether only the new policy lets this be signed, and no change loosens."""
        if self.old == self.new or any(change.loosens for change in compare(self.old, self.new)):
            return False
        return self.signed_under(self.new) and not self.signed_under(self.old)


randoms = st.randoms(use_true_random=True)


@given(randoms)
@settings(max_examples=3_000)
def test_whatever_newly_passes_there_is_a_change_that_loosens(pick: Random) -> None:
    assert not Trial.random(pick).is_unnoticed(compare_policy)


RULES = [
    *["originating_vasp", "approvals", "repeat_days"],
    *["cap_per_transaction", "cap_per_day", "fee_cap", "feerate_cap", "fee_percent_cap"],
]
SEARCHED = 20_000


def found(compare: Compare) -> Trial | None:
    """The first trial, of many, that such a comparison does not notice."""
    trials = (Trial.random(Random(seed)) for seed in range(SEARCHED))
    return next((trial for trial in trials if trial.is_unnoticed(compare)), None)


def silent(rule: str, old: Policy, new: Policy) -> tuple[Change, ...]:
    return tuple(change for change in compare_policy(old, new) if change.rule != rule)


@pytest.mark.parametrize("rule", RULES)
def test_a_comparison_that_is_silent_on_one_rule_would_be_found(rule: str) -> None:
    trial = found(partial(silent, rule))
    assert trial
    assert {change.rule for change in compare_policy(trial.old, trial.new) if change.loosens} == {rule}


def test_a_comparison_that_only_looks_at_the_chains_named_before_would_be_found() -> None:
    def blind(old: Policy, new: Policy) -> tuple[Change, ...]:
        known = tuple(one for one in new.chains if old.chain(one.chain.chain_id))
        return compare_policy(old, dataclasses.replace(new, chains=known))

    trial = found(blind)
    assert trial
    assert not trial.old.chain(trial.review.chain_id)


def test_a_comparison_that_says_nothing_would_be_found() -> None:
    assert found(lambda *_: ())


@given(randoms)
def test_nothing_differs_from_itself(pick: Random) -> None:
    one = policy(pick)
    assert compare_policy(one, dataclasses.replace(one)) == ()


@given(randoms)
@settings(max_examples=300)
def test_what_only_tightens_loosens_when_it_is_taken_back(pick: Random) -> None:
    pair = neighbours(pick)
    forth, back = compare_policy(*pair), compare_policy(*pair[::-1])
    assert bool(forth) == bool(back)
    if not any(change.loosens for change in forth):
        assert any(change.loosens for change in back) or {change.rule for change in forth} <= {"house"}


KEYS = [digit * 20 for digit in (b"\x11", b"\x22", b"\x33")]
SCRIPTS = [digit * 32 for digit in (b"\x44", b"\x55")]


def hash160(octets: bytes) -> bytes:
    return bytes(wallycore.hash160(octets))


def key_addresses(key_hash: bytes) -> list[bytes]:
    """Output scripts that one key answers for: P2WPKH, P2PKH, P2SH-P2WPKH."""
    nested = hash160(b"\x00\x14" + key_hash)
    return [b"\x00\x14" + key_hash, b"\x76\xa9\x14" + key_hash + b"\x88\xac", b"\xa9\x14" + nested + b"\x87"]


def script_addresses(script_hash: bytes) -> list[bytes]:
    """Output scripts of one script: P2WSH, P2SH-P2WSH, P2SH."""
    nested, plain = hash160(b"\x00\x20" + script_hash), bytes(wallycore.ripemd160(script_hash))
    return [b"\x00\x20" + script_hash, *(b"\xa9\x14" + one + b"\x87" for one in (nested, plain))]


SCRIPT_PUBKEYS = [script for key in KEYS for script in key_addresses(key)]
SCRIPT_PUBKEYS += [script for one in SCRIPTS for script in script_addresses(one)]
BITCOIN_ADDRESSES = [encode_address(script, chain) for script in SCRIPT_PUBKEYS for chain in (BITCOIN, REGTEST)]
ADDRESSES = [*BITCOIN_ADDRESSES, examples.EVM_PAYEE, examples.RONIN_THIEF]


def spelled(pick: Random, address: str) -> str:
    bech32 = address.startswith(("bc1", "bcrt1"))
    return pick.choice([address, address.upper() if bech32 else address.lower() if address[:2] == "0x" else address])


def flagged_list(pick: Random) -> FlaggedList:
    lines = [spelled(pick, address) for address in pick.sample(ADDRESSES, pick.choice([0, 1, 1, 2, 2, 3, 6]))]
    return FlaggedList.parse("\n".join(["# flagged", *lines]).encode())


def freed(old: FlaggedList, new: FlaggedList) -> list[str]:
    return [address for address in ADDRESSES if old.find(address) and not new.find(address)]


def covered(pick: Random, old: FlaggedList) -> FlaggedList:
    """Another list that shares some of its entries."""
    kept = [entry for _, entry in old.entries if pick.random() < 0.6]
    further = [entry for _, entry in flagged_list(pick).entries]
    return FlaggedList.parse("\n".join(["# later", *kept, *further]).encode())


@given(randoms)
@settings(max_examples=1_000)
def test_a_list_loosens_exactly_where_an_address_is_flagged_no_more_and_names_it(pick: Random) -> None:
    old = flagged_list(pick)
    new = covered(pick, old)
    loosening = [change for change in compare_list(old, new) if change.loosens]
    tightening = [change for change in compare_list(old, new) if not change.loosens]
    assert bool(loosening) == bool(freed(old, new))
    assert bool(tightening) == bool(freed(new, old))
    for address in freed(old, new):
        match = old.find(address)
        assert match
        assert any(match.entry in change.example for change in loosening)


def test_a_list_comparison_that_looks_at_the_entries_alone_would_be_found() -> None:
    """A script's hash flags more than its own address; who only asks for that misses what becomes payable."""
    lists = [(old, covered(pick, old)) for pick in map(Random, range(1_000)) for old in [flagged_list(pick)]]
    assert any(freed(old, new) and all(new.find(entry) for _, entry in old.entries) for old, new in lists)


def test_a_list_comparison_that_reads_entries_as_text_would_be_found() -> None:
    lists = [(old, covered(pick, old)) for pick in map(Random, range(1_000)) for old in [flagged_list(pick)]]
    gone = [{entry for _, entry in old.entries} - {entry for _, entry in new.entries} for old, new in lists]
    assert any(entries and not freed(*pair) for entries, pair in zip(gone, lists, strict=True))
