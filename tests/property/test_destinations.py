"""However a payment is divided, hidden or disguised, no more passes than would as a whole."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import examples
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.bitcoin.script import encode_address
from custody.chains import ETHEREUM, REGTEST
from custody.evm.address import checksum_address
from custody.policy import evaluate
from custody.policy.case import Case, Past
from custody.policy.clauses import Allowed, NewDestinations, OwnAccount
from custody.policy.document import Policy
from custody.policy.rules import destinations
from custody.policy.rules.destinations import HOUR, FirstPayment, KnownDestination, NotLookAlike, ToHot
from custody.policy.rules.history import DAY
from custody.policy.rules.payments import Rule
from custody.review import Output, Review, Role, Spend
from custody.screening.address import decode_on_chain

POLICY = Policy.parse(examples.POLICY)
COIN = REGTEST.coin
ELAPSED = 400 * DAY
# One key hash in its two spellings of regtest, and two strangers; the last two look alike.
PAYEES = (
    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
    "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r",
    "bcrt1qzyg3zygqqqqqqqqqqqqqqqqqqqqqqqqqfvzezq",
    "bcrt1qzyg3zygqqqqqqqqqqqqqqqqqqqqpak5457zezq",
)
CLAUSE = NewDestinations(24, 30)
OWN = (OwnAccount("Hot", "hot", REGTEST, checksum="q" * 8), OwnAccount("Cold", "cold", REGTEST, checksum="p" * 8))
OWNERS = ("", "Hot", "Cold", "Gone")
BOUND = 1_000


def allowed(address: str) -> Allowed:
    return Allowed(REGTEST, address, "Broker", decode_on_chain(address, REGTEST))


def rules(allowlist: Sequence[Allowed] = ()) -> dict[type, Rule]:
    bounds = ((COIN.asset_id, BOUND),)
    given_ = (
        KnownDestination(REGTEST, tuple(allowlist), bounds),
        FirstPayment(REGTEST, CLAUSE, bounds),
        NotLookAlike(REGTEST, tuple(allowlist), OWN),
        ToHot(OWN, bounds),
    )
    return {type(rule): rule for rule in given_}


Paid = tuple[str, int, str]
payments = st.lists(st.tuples(st.sampled_from(PAYEES), st.integers(1, 1_500), st.sampled_from(OWNERS)), max_size=4)
spends = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True)


def review(paid: Sequence[Paid], spent: Sequence[str] = ("a",)) -> Review:
    outputs = tuple(
        Output(index, address, amount, COIN, Role.OWN if owner else Role.PAYMENT, owner)
        for index, (address, amount, owner) in enumerate(paid)
    )
    return examples.review(outputs=outputs, spends=tuple(Spend(one, 0) for one in spent))


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    paid = draw(payments)
    rows = tuple((address, amount, COIN.asset_id) for address, amount, _ in paid)
    age = draw(st.one_of(st.integers(-5, 3 * DAY), st.integers(29 * DAY, 31 * DAY)))
    number = draw(st.integers(0, 2**64))
    owners = tuple(owner for *_, owner in paid)
    return Past(f"{number:064x}", ELAPSED - age, tuple(draw(spends)), rows, {}, owners)


histories = st.lists(pasts(), max_size=5, unique_by=lambda one: one.request).map(tuple)


def passes(rule: Rule, facts: Review, history: Sequence[Past] = (), elapsed: int = ELAPSED) -> bool:
    case = Case(facts, b"", POLICY, None, history=tuple(history), elapsed=elapsed)
    return not list(rule.reasons(case))


def divided(draw: st.DrawFn, paid: Sequence[Paid]) -> list[Paid]:
    """The payments in pieces, in another order, in other spellings of the same key."""
    pieces: list[Paid] = []
    for address, amount, owner in paid:
        cuts = sorted(draw(st.lists(st.integers(1, amount), max_size=3)))
        same = PAYEES[:2] if address in PAYEES[:2] and not owner else (address,)
        for begin, end in itertools.pairwise([0, *cuts, amount]):
            if end > begin:
                pieces.append((draw(st.sampled_from(same)), end - begin, owner))
    return draw(st.permutations(pieces))


@given(st.data(), payments, histories)
@settings(max_examples=400)
def test_a_payment_in_pieces_passes_no_rule_that_the_whole_does_not(
    data: Any, paid: list[Paid], history: tuple[Past, ...]
) -> None:
    pieces = data.draw(st.composite(lambda draw: divided(draw, paid))())
    for rule in rules().values():
        assert passes(rule, review(pieces), history) == passes(rule, review(paid), history)


@given(st.data(), payments)
@settings(max_examples=300)
def test_pieces_in_transactions_one_after_another_within_the_time_pass_together_only_where_the_whole_does(
    data: Any, paid: list[Paid]
) -> None:
    """Each piece spends something else, a little later; the last of them is refused where the whole would be."""
    pieces = data.draw(st.composite(lambda draw: divided(draw, paid))())
    for kind in (KnownDestination, FirstPayment, ToHot):
        rule, history, fine = rules()[kind], [], True
        for number, piece in enumerate(pieces):
            spent = [f"coin {number}"]
            now = ELAPSED + number * (HOUR // 10)
            fine = fine and passes(rule, review([piece], spent), history, now)
            rows = ((piece[0], piece[1], COIN.asset_id),)
            history.append(Past(f"{number:064x}", now, tuple(spent), rows, {}, (piece[2],)))
        assert not fine or passes(rule, review(paid, ["whole"]))


@given(payments, histories, st.lists(st.sampled_from(PAYEES), unique=True))
@settings(max_examples=300)
def test_without_the_allowlist_no_more_is_known(paid: list[Paid], history: tuple[Past, ...], named: list[str]) -> None:
    with_list = rules([allowed(address) for address in named])[KnownDestination]
    if passes(rules()[KnownDestination], review(paid), history):
        assert passes(with_list, review(paid), history)


@given(payments, histories, st.data())
@settings(max_examples=300)
def test_less_history_never_makes_a_payee_older(paid: list[Paid], history: tuple[Past, ...], data: Any) -> None:
    """What is old enough, and not replaced by this, only helps; what is not old enough only hinders."""
    rule, facts = rules()[FirstPayment], review(paid)
    window = range(CLAUSE.cool_down_hours * HOUR, CLAUSE.forget_days * DAY)
    old = [one for one in history if ELAPSED - one.elapsed in window and "a" not in one.spends]
    hidden = data.draw(st.lists(st.sampled_from(old), unique_by=id) if old else st.just([]))
    assert not passes(rule, facts, [one for one in history if one not in hidden]) or passes(rule, facts, history)
    assert not passes(rule, facts, history) or passes(rule, facts, old)


@given(payments, histories, st.data())
@settings(max_examples=300)
def test_more_history_never_lets_more_go_to_hot_or_to_strangers_or_to_look_alikes(
    paid: list[Paid], history: tuple[Past, ...], data: Any
) -> None:
    less = data.draw(st.lists(st.sampled_from(history), unique_by=id) if history else st.just([]))
    ordered = [one for one in history if one in less]
    for kind in (ToHot, KnownDestination, NotLookAlike):
        assert not passes(rules()[kind], review(paid), history) or passes(rules()[kind], review(paid), ordered)


@given(payments, histories)
@settings(max_examples=200)
def test_the_history_s_order_tells_nothing(paid: list[Paid], history: tuple[Past, ...]) -> None:
    """Its amounts and ages alone do, and which of them exclude one another."""
    apart = [replace(one, spends=(one.request,)) for one in history]
    for rule in rules().values():
        assert passes(rule, review(paid), apart) == passes(rule, review(paid), apart[::-1])


@given(payments, histories, st.permutations(range(5)))
@settings(max_examples=200)
def test_the_order_of_the_rules_tells_nothing(paid: list[Paid], history: tuple[Past, ...], order: list[int]) -> None:
    section = replace(POLICY.chains[0], known_above=((COIN.asset_id, BOUND),), to_hot_caps=((COIN.asset_id, BOUND),))
    policy = replace(POLICY, chains=(section,), new_destinations=CLAUSE, own_accounts=OWN)
    case = Case(review(paid), b"", policy, None, history=history, elapsed=ELAPSED)
    whole = evaluate.evaluate(case)
    with pytest.MonkeyPatch.context() as patch:
        made = evaluate.destination_rules(policy, section)
        patch.setattr(evaluate, "destination_rules", lambda *_: tuple(made[place] for place in order))
        assert evaluate.evaluate(case) == whole


@given(st.binary(min_size=20, max_size=20), st.binary(min_size=20, max_size=20))
@settings(max_examples=200)
def test_strangers_do_not_look_alike_and_whoever_has_both_ends_does(one: bytes, other: bytes) -> None:
    known, near = checksum_address(one), checksum_address(one[:2] + other[2:18] + one[18:])
    allowlist = (Allowed(ETHEREUM, known, "Broker", decode_on_chain(known, ETHEREUM)),)
    rule = NotLookAlike(ETHEREUM, allowlist, ())
    assert passes(rule, examples.evm_review(near)) == (near == known)
    assert passes(rule, examples.evm_review(checksum_address(other))) or other[:2] + other[18:] == one[:2] + one[18:]


@pytest.mark.parametrize(
    "test",
    [
        test_a_payment_in_pieces_passes_no_rule_that_the_whole_does_not,
        test_pieces_in_transactions_one_after_another_within_the_time_pass_together_only_where_the_whole_does,
    ],
)
def test_a_rule_that_looks_at_each_output_alone_would_be_found(test: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = destinations.together

    def alone(case: Case, amount: int, earlier: Any) -> int:
        del earlier
        return largest(case, min(amount, max((one.amount for one in case.review.payments), default=0)), [])

    monkeypatch.setattr(destinations, "together", alone)
    with pytest.raises(AssertionError):
        test()


def test_the_examples_are_what_they_are_meant_to_be() -> None:
    programs = [decode_on_chain(address, REGTEST) for address in PAYEES]
    assert programs[0] == programs[1]
    assert len(set(programs)) == 3
    assert encode_address(b"\x00\x14" + programs[0].payload, REGTEST) == PAYEES[0]
    assert not passes(rules([allowed(PAYEES[2])])[NotLookAlike], review([(PAYEES[3], 5, "")]))
