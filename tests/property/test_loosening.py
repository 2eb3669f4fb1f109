"""No loosening goes unnoticed: where a new file lets something pass that the old one held, a change says so.

The comparison reads values, and never judges a case; here random cases are judged by the rules themselves. Silenced
comparisons show that each kind of loosening would be found.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from random import Random

import examples
import pytest
import wallycore
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import Trial, neighbours, policy

from custody.bitcoin.script import encode_address
from custody.chains import BITCOIN, REGTEST
from custody.policy.compare.change import Change
from custody.policy.compare.flagged_list import compare_list
from custody.policy.compare.policy import compare_policy
from custody.policy.document import Policy
from custody.screening.flagged import FlaggedList

Compare = Callable[[Policy, Policy], tuple[Change, ...]]
SEARCHED = 20_000

randoms = st.randoms(use_true_random=True)


@given(randoms)
@settings(max_examples=2_000)
def test_whatever_newly_passes_there_is_a_change_that_loosens(pick: Random) -> None:
    assert not is_unnoticed(Trial.random(pick), compare_policy)


# By rule of a change, the field or value in which two policies differ.
RULES = {
    **{rule: rule for rule in ("originating_vasp", "approvals", "repeat_days", "request_hours", "list_age", "hours")},
    "network": "network",
    **{rule: rule for rule in ("allowlist", "own_accounts", "new_destinations", "fee_cap", "feerate_cap")},
    **{rule: rule for rule in ("fee_percent_cap", "known_above", "signed_above", "tiers", "actions")},
    "travel_rule.profile": "travel_rule",
    "escalations": "escalations",
    "cap_per_transaction": "caps",
    "cap_per_day": "day_caps",
    "cap_per_week": "week_caps",
    "cap_per_30_days": "month_caps",
    "first_payment": "first_payments",
    "to_hot_per_day": "to_hot_caps",
}


def is_unnoticed(trial: Trial, compare: Compare) -> bool:
    """Whether only the new policy lets this be signed, and no change loosens."""
    if trial.old == trial.new or any(change.loosens for change in compare(trial.old, trial.new)):
        return False
    return trial.signed_under(trial.new) and not trial.signed_under(trial.old)


def found(compare: Compare, field: str = "") -> Trial | None:
    """The first trial, of many, that such a comparison does not notice."""
    trials = (Trial.random(Random(seed), field) for seed in range(SEARCHED))
    return next((trial for trial in trials if is_unnoticed(trial, compare)), None)


def silent(rule: str, old: Policy, new: Policy) -> tuple[Change, ...]:
    return tuple(change for change in compare_policy(old, new) if not change.rule.startswith(rule))


@pytest.mark.parametrize("rule", RULES)
def test_a_comparison_that_is_silent_on_one_rule_would_be_found(rule: str) -> None:
    trial = found(partial(silent, rule), RULES[rule])
    assert trial
    assert all(change.rule.startswith(rule) for change in compare_policy(trial.old, trial.new) if change.loosens)


def test_a_comparison_that_only_looks_at_the_chains_named_before_would_be_found() -> None:
    def blind(old: Policy, new: Policy) -> tuple[Change, ...]:
        known = tuple(one for one in new.chains if old.chain(one.chain.chain_id))
        return compare_policy(old, dataclasses.replace(new, chains=known))

    trial = found(blind, "chains")
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
        assert any(change.loosens for change in back) or all(change.example.startswith("none") for change in forth)


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
