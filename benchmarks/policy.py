"""One decision by a policy that has every clause, in one run beside CEL where it is installed.

The case is honest: every rule is asked to its end. ``case`` reads the travel-rule block and hashes the facts,
``evaluate`` asks the rules, ``first`` does both in a process that has decoded no address of the history yet. The peer
(PyPI: common-expression-language) answers one expression on facts that somebody else has decoded and added up: that is
a floor, and not the same work.

    python benchmarks/policy.py
"""

import dataclasses
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import examples

from custody.bitcoin.script import encode_address
from custody.chains import REGTEST
from custody.policy.case import Case, Past
from custody.policy.chain_policy import Tier
from custody.policy.clauses import Allowed, Escalation, Hours, ListAge, NewDestinations, OwnAccount, TravelRulePolicy
from custody.policy.decision import CONCERNS, Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate, rules_of
from custody.policy.rules.history import DAY, payee
from custody.review import leaving
from custody.screening.address import decode_on_chain
from custody.screening.flagged import FlaggedList
from custody.travel_rule.rates import ReferenceRate

ROUNDS = 300
ALLOWED, OWN = 500, 10
NOW = 400 * DAY
MONDAY = 1_795_996_800
COIN = REGTEST.coin.asset_id
ASKED = Requirement(2, "approver", 2)


def address(number: int) -> str:
    """One of many."""
    return encode_address(b"\x00\x14" + number.to_bytes(20, "big"), REGTEST)


def rich() -> Policy:
    """A policy with every clause."""
    bounds = dict.fromkeys(
        ("day_caps", "week_caps", "month_caps", "first_payments", "known_above", "signed_above", "to_hot_caps"),
        ((COIN, 10**12),),
    )
    base = Policy.parse(examples.POLICY)
    tiers = tuple(Tier(COIN, 10**9 * number, ASKED) for number in range(1, 21))
    chain = dataclasses.replace(base.chains[0], tiers=tiers, **bounds)
    allowed = (address(number) for number in range(ALLOWED))
    return dataclasses.replace(
        base,
        chains=(chain,),
        approvals=(ASKED,),
        repeat_days=14,
        request_hours=12,
        network="refuse",
        travel_rule=TravelRulePolicy("jp", (ReferenceRate(COIN, "JPY", 10**7, MONDAY + DAY),)),
        list_age=ListAge(168, 24),
        hours=Hours(540, (0, 1, 2, 3, 4), 9 * 60, 18 * 60),
        new_destinations=NewDestinations(24, 90),
        allowlist=tuple(Allowed(REGTEST, one, "known", decode_on_chain(one, REGTEST)) for one in allowed),
        own_accounts=tuple(OwnAccount(f"own {n}", "cold", REGTEST, checksum="qqqqqqqq") for n in range(OWN)),
        escalations=tuple(Escalation(concern, ASKED) for concern in CONCERNS),
    )


def history(days: int, each: int) -> tuple[Past, ...]:
    """So many payments on each of so many days, to as many payees."""
    pasts = []
    for number in range(days * each):
        review = examples.review((address(10_000 + number), 1_000 + number))
        payments = tuple((one.address, one.amount, one.asset.asset_id) for one in review.payments)
        age = (number // each + 1) * DAY - 60
        spends = (f"{number:064x}:0",)
        pasts.append(Past(f"{number:064x}", NOW - age, spends, payments, leaving(review), ("",), (f"{number:064x}",)))
    return tuple(pasts)


def honest(policy: Policy, earlier: tuple[Past, ...]) -> Callable[[], Case]:
    """Makes the case of a payment to an allowlisted payee who was paid before."""
    paid = examples.review((address(7), 100_000))
    seasoned = dataclasses.replace(
        Past("ab" * 32, NOW - 30 * DAY, ("before",), ((address(7), 5, COIN),), {COIN: 5}), records=("",)
    )
    block = examples.block(examples.record((0, address(7), 100_000)))
    flagged = FlaggedList.parse(examples.FLAGGED_LIST)
    evidence = {"policy": "ab" * 32, "list": "cd" * 32, "request": "ef" * 32}
    now = MONDAY + 3_600 * 3
    made = {"elapsed": NOW, "latest": now, "created": now - 60, "list_made": now - 3_600}
    made |= {"evidence": evidence, "interfaces": ()}
    return lambda: Case(paid, block, policy, flagged, history=(*earlier, seasoned), **made)  # type: ignore[arg-type]


def median(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Microseconds of one call, the median of some."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def row(name: str, policy: Policy, earlier: tuple[Past, ...], *, rounds: int = ROUNDS) -> None:
    """One line: making the case, asking the rules, and both for the first time in a process."""
    make = honest(policy, earlier)
    case = make()
    found = evaluate(case)
    if found.reasons or found.concerns:
        raise SystemExit(f"the case is not honest: {[one.code for one in (*found.reasons, *found.concerns)]}")

    def first() -> None:
        payee.cache_clear()
        evaluate(make())

    times = median(make, rounds), median(lambda: evaluate(case), rounds), median(first, rounds)
    print(f"{name:44} " + " ".join(f"{one:9,.0f}" for one in times))


def peer() -> None:
    """One expression in CEL, where that is installed."""
    try:
        cel: Any = import_module("cel")
    except ImportError:
        print("peer absent: common-expression-language")
        return
    text = (
        "!flagged && amount <= cap && day <= day_cap && week <= week_cap && month <= month_cap && fee <= fee_cap"
        " && fee * 100 <= amount * percent && known && record && age < 168 && hour >= 9 && hour < 18 && weekday < 5"
    )
    facts = {
        **dict.fromkeys(("flagged",), False),
        **dict.fromkeys(("known", "record"), True),
        **dict.fromkeys(("amount", "day", "week", "month", "fee"), 1_000),
        **dict.fromkeys(("cap", "day_cap", "week_cap", "month_cap", "fee_cap"), 10**12),
        "percent": 100,
        "age": 1,
        "hour": 10,
        "weekday": 0,
    }
    if cel.evaluate(text, facts) is not True:
        raise SystemExit("the peer does not allow")
    print(f"{'CEL, one expression, facts given':44} {'':9} {median(lambda: cel.evaluate(text, facts)):9,.0f}")


def main() -> None:
    """Print the table."""
    policy = rich()
    rules = rules_of(policy, REGTEST.chain_id)
    tiers, answers = len(policy.chains[0].tiers), len(policy.escalations)
    print(f"{len(rules) + tiers + answers} rules: {len(rules)} objects, {tiers} tiers, {answers} escalations")
    print(f"{ALLOWED} allowed destinations, {OWN} own accounts")
    print(f"microseconds, median of {ROUNDS}{'':20} {'case':>9} {'evaluate':>9} {'first':>9}")
    row("no history", policy, ())
    row("30 days, 10 payments a day", policy, history(30, 10), rounds=50)
    row("90 days, 110 payments a day (9,900)", policy, history(90, 110), rounds=5)
    peer()


if __name__ == "__main__":
    main()
