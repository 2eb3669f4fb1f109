"""Where coins may go: known destinations, new payees, hot accounts and actions, each at its edge, on either side."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import examples
import pytest
import wallycore

from custody.amounts import Asset
from custody.bitcoin.script import encode_address
from custody.chains import ANVIL, ETHEREUM, REGTEST, SEPOLIA, Chain
from custody.policy.case import Case, Past
from custody.policy.chain_policy import ACTIONS
from custody.policy.clauses import Allowed, NewDestinations, OwnAccount
from custody.policy.decision import Reason
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules import destinations
from custody.policy.rules.destinations import (
    HOUR,
    Actions,
    FirstPayment,
    KnownDestination,
    ToHot,
    actions_of,
)
from custody.policy.rules.history import DAY
from custody.policy.rules.payees import MAX_EVIDENCE
from custody.policy.rules.payments import Rule
from custody.review import Output, Review, Role, Spend, leaving
from custody.screening.address import decode_on_chain
from custody.screening.flagged import FlaggedList

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
COIN, ETHER = REGTEST.coin, ETHEREUM.coin
NOW = 50 * DAY
DIGEST = "ab" * 32
FIRST, SECOND, THIRD = (f"{digit * 64}:0" for digit in "abc")
# PAYEE's HASH160 as P2PKH of regtest; and wrapped in P2SH, which is another script.
LEGACY = "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r"
KEY_HASH = decode_on_chain(examples.PAYEE, REGTEST).payload


def allowed(address: str = examples.PAYEE, chain: Chain = REGTEST) -> Allowed:
    return Allowed(chain, address, "Broker", decode_on_chain(address, chain))


def past(*payments: tuple[str, int], age: int = HOUR, spends: Iterable[str] = (THIRD,), asset: Asset = COIN,
         **changes: Any) -> Past:  # fmt: skip
    """An authorisation that paid these, ``age`` elapsed seconds ago."""
    rows = tuple((address, amount, asset.asset_id) for address, amount in payments)
    sum_ = sum(amount for _, amount in payments)
    return replace(Past("cd" * 32, NOW - age, tuple(spends), rows, {asset.asset_id: sum_}), **changes)


def found(rule: Rule, review: Review, *history: Past, spends: Iterable[str] = (FIRST,), block: bytes = b"",
          elapsed: int = NOW) -> list[Reason]:  # fmt: skip
    spending = replace(review, spends=tuple(Spend(one, 0) for one in spends))
    case = Case(spending, block, POLICY, LIST, history=history, elapsed=elapsed, evidence={"policy": DIGEST})
    return list(rule.reasons(case))


def codes(rule: Rule, review: Review, *history: Past, **facts: Any) -> list[str]:
    return [reason.code for reason in found(rule, review, *history, **facts)]


def paying(*payments: tuple[str, int]) -> Review:
    return examples.review(*payments)


def own(review: Review, owner: str = "Hot 1") -> Review:
    """The facts, where every payment goes to an own account."""
    outputs = tuple(replace(one, role=Role.OWN, owner=owner) for one in review.payments)
    return replace(review, outputs=outputs)


# Known destinations.

UNKNOWN = ["DESTINATION-UNKNOWN"]


def known(bound: int = 1_000, *allowlist: Allowed, asset: Asset = COIN, chain: Chain = REGTEST) -> KnownDestination:
    return KnownDestination(chain, allowlist, ((asset.asset_id, bound),))


@pytest.mark.parametrize(("amount", "told"), [(1_000, []), (1_001, UNKNOWN)])
def test_a_payment_above_the_bound_goes_to_a_known_destination(amount: int, told: list[str]) -> None:
    assert codes(known(), paying((examples.PAYEE, amount))) == told
    assert codes(known(1_000, allowed()), paying((examples.PAYEE, amount))) == []
    assert codes(known(1_000, allowed(examples.SECOND_PAYEE)), paying((examples.PAYEE, amount))) == told


def test_the_reason_says_what_was_judged_and_on_what_it_rests() -> None:
    (reason,) = found(known(), paying((examples.PAYEE, 600)), past((examples.PAYEE, 500)))
    assert reason == Reason(
        code="DESTINATION-UNKNOWN",
        rule="known_above",
        observed=f"output 0 pays {examples.PAYEE}, which is not known; 0.00001100 rBTC to it within a day",
        required="above 0.00001000 rBTC: allowlisted, an own account, or signed by its VASP",
        fact="outputs[0].address",
        evidence=f"policy {DIGEST}, request {'cd' * 32}",
        concern="unknown_destination",
    )


def test_a_bound_of_nothing_asks_of_every_payment_and_an_asset_without_one_of_none() -> None:
    assert codes(known(0), paying((examples.PAYEE, 1))) == UNKNOWN
    assert codes(known(0, asset=ETHER), paying((examples.PAYEE, 10**9))) == []
    assert codes(KnownDestination(REGTEST, (), ()), paying((examples.PAYEE, 10**9))) == []


@pytest.mark.parametrize("address", [examples.PAYEE, LEGACY])
def test_any_address_of_an_allowlisted_program_is_known(address: str) -> None:
    for written in (examples.PAYEE, LEGACY):
        assert codes(known(0, allowed(written)), paying((address, 5))) == []


def test_what_only_may_be_of_the_same_key_is_not_known() -> None:
    """Candidates find who is flagged; nobody looked at this destination."""
    nested = encode_address(b"\xa9\x14" + wallycore.hash160(b"\x00\x14" + KEY_HASH) + b"\x87", REGTEST)
    assert codes(known(0, allowed()), paying((nested, 5))) == UNKNOWN


def test_an_entry_of_another_network_allows_nothing_here() -> None:
    review = examples.evm_review(amount=5, chain=ETHEREUM)
    here = known(0, allowed(examples.EVM_PAYEE, ETHEREUM), asset=ETHER, chain=ETHEREUM)
    elsewhere = known(0, allowed(examples.EVM_PAYEE, SEPOLIA), asset=ETHER, chain=ETHEREUM)
    assert codes(here, review) == []
    assert codes(elsewhere, review) == UNKNOWN


def test_an_own_account_is_known() -> None:
    assert codes(known(0), own(paying((examples.PAYEE, 5)))) == []


def test_two_outputs_to_one_payee_count_together_in_whatever_spelling() -> None:
    split = paying((examples.PAYEE, 501), (LEGACY, 500))
    assert codes(known(), split) == UNKNOWN * 2
    assert codes(known(1_001), split) == []
    assert codes(known(), paying((examples.PAYEE, 1_000), (examples.SECOND_PAYEE, 1_000))) == []


@pytest.mark.parametrize(("age", "told"), [(0, UNKNOWN), (DAY - 1, UNKNOWN), (DAY, []), (-1, UNKNOWN)])
def test_payments_of_a_day_count_together(age: int, told: list[str]) -> None:
    review = paying((examples.PAYEE, 600))
    for address in (examples.PAYEE, examples.PAYEE.upper(), LEGACY):
        assert codes(known(), review, past((address, 401), age=age)) == told
        assert codes(known(), review, past((address, 400), age=age)) == []
    assert codes(known(), review, past((examples.SECOND_PAYEE, 10**6), age=age)) == []


def test_two_payments_in_one_earlier_transaction_count_both() -> None:
    assert codes(known(), paying((examples.PAYEE, 1)), past((examples.PAYEE, 500), (LEGACY, 500))) == UNKNOWN
    assert codes(known(), paying((examples.PAYEE, 1)), past((examples.PAYEE, 500), (LEGACY, 499))) == []


def test_a_retry_takes_the_place_of_what_it_excludes() -> None:
    first = past((examples.PAYEE, 900), spends=(FIRST,))
    retry = paying((examples.PAYEE, 900))
    assert codes(known(), retry, first, spends=(FIRST,)) == []
    assert codes(known(), retry, first, spends=(SECOND,)) == UNKNOWN
    assert codes(known(899), paying((examples.PAYEE, 1)), first, spends=(FIRST,)) == UNKNOWN


def test_what_was_paid_in_another_asset_does_not_count() -> None:
    rule = known(1_000, asset=examples.USDC, chain=ETHEREUM)
    review = examples.evm_review(amount=600, asset=examples.USDC)
    assert codes(rule, review, past((examples.EVM_PAYEE, 10**9), asset=ETHER)) == []
    assert codes(rule, review, past((examples.EVM_PAYEE.lower(), 401), asset=examples.USDC)) == UNKNOWN


def test_what_the_payee_s_vasp_has_signed_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two outputs, the one that is signed. What such a signature must be is told in test_counterparty.py."""
    monkeypatch.setattr(destinations, "counterparty_signed", lambda _case, output: output.index == 1)
    (reason,) = found(known(), paying((examples.PAYEE, 600), (examples.PAYEE, 600)))
    assert reason.fact == "outputs[0].address"


def test_a_text_that_is_no_address_is_nobody_known() -> None:
    assert codes(known(0, allowed()), paying(("nonsense", 5))) == UNKNOWN


def test_a_script_is_another_payee_than_the_key_whose_hash_has_the_same_bytes() -> None:
    script = encode_address(b"\xa9\x14" + KEY_HASH + b"\x87", REGTEST)
    review = paying((script, 600))
    assert codes(known(), review, past((examples.PAYEE, 401)), past((LEGACY, 401), spends=(SECOND,))) == []
    assert codes(known(), review, past((script, 401))) == UNKNOWN
    assert codes(known(), paying((examples.PAYEE, 600)), past((script, 401))) == []


@pytest.mark.parametrize(("count", "more"), [(MAX_EVIDENCE, ""), (MAX_EVIDENCE + 4, ", and 4 more")])
def test_the_evidence_names_a_few_requests_and_says_how_many_more(count: int, more: str) -> None:
    history = [past((examples.PAYEE, 300), request=f"{number:064x}", spends=(f"{number}",)) for number in range(count)]
    (reason,) = found(known(), paying((examples.PAYEE, 1)), *history)
    assert reason.evidence.count("request ") == MAX_EVIDENCE
    assert reason.evidence.endswith(f"request {MAX_EVIDENCE - 1:064x}{more}")


# New destinations.

CLAUSE = NewDestinations(cool_down_hours=24, forget_days=30)
NEW = ["DESTINATION-NEW"]


def first(bound: int | None = 1_000, asset: Asset = COIN, chain: Chain = REGTEST) -> FirstPayment:
    return FirstPayment(chain, CLAUSE, () if bound is None else ((asset.asset_id, bound),))


@pytest.mark.parametrize(
    ("bound", "amount", "told"), [(1_000, 1_000, []), (1_000, 1_001, NEW), (None, 1, NEW), (None, 0, [])]
)
def test_a_first_payment_is_small(bound: int | None, amount: int, told: list[str]) -> None:
    assert codes(first(bound), paying((examples.PAYEE, amount))) == told


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (0, NEW),
        (DAY - 1, NEW),
        (DAY, []),
        (DAY + 1, []),
        (30 * DAY - 1, []),
        (30 * DAY, NEW),
        (-1, NEW),
        (-99 * DAY, NEW),
    ],
)
def test_a_payee_is_new_until_the_cool_down_is_over_and_again_when_he_is_forgotten(age: int, told: list[str]) -> None:
    assert codes(first(), paying((examples.PAYEE, 10**9)), past((examples.PAYEE, 1), age=age)) == told


def test_while_he_is_new_all_that_he_got_counts() -> None:
    early = past((examples.PAYEE, 400)), past((LEGACY, 500), age=DAY - 1, spends=(SECOND,))
    assert codes(first(), paying((examples.PAYEE, 100)), *early) == []
    assert codes(first(), paying((examples.PAYEE, 101)), *early) == NEW
    assert codes(first(), paying((examples.PAYEE, 50), (LEGACY, 51)), *early) == NEW


def test_a_payee_in_one_asset_is_new_in_another() -> None:
    review = examples.evm_review(amount=10**9, asset=examples.USDC)
    rule = first(1_000, examples.USDC, ETHEREUM)
    seasoned = past((examples.EVM_PAYEE, 1), asset=examples.USDC, age=DAY)
    assert codes(rule, review, seasoned) == []
    assert codes(rule, review, replace(seasoned, payments=((examples.EVM_PAYEE, 1, ETHER.asset_id),))) == NEW


def test_what_this_transaction_replaces_makes_nobody_less_new() -> None:
    """Were this one mined, that one never was: the thief's first payment would be a free one."""
    seasoned = past((examples.PAYEE, 1), age=2 * DAY, spends=(FIRST,))
    review = paying((examples.PAYEE, 10**9))
    assert codes(first(), review, seasoned, spends=(FIRST,)) == NEW
    assert codes(first(), review, seasoned, spends=(SECOND,)) == []


def test_a_retry_of_a_first_payment_counts_once() -> None:
    earlier = past((examples.PAYEE, 900), spends=(FIRST,))
    assert codes(first(), paying((examples.PAYEE, 1_000)), earlier, spends=(FIRST, SECOND)) == []
    assert codes(first(), paying((examples.PAYEE, 1_000)), earlier, spends=(SECOND,)) == NEW


def test_an_own_account_is_nobody_new_and_an_allowlisted_payee_is() -> None:
    assert codes(first(), own(paying((examples.PAYEE, 10**9)))) == []
    policy = replace(
        POLICY,
        new_destinations=CLAUSE,
        allowlist=(allowed(),),
        chains=(replace(POLICY.chains[0], known_above=((COIN.asset_id, 0),)),),
    )
    case = Case(paying((examples.PAYEE, 1)), b"", policy, LIST, elapsed=NOW)
    told = {reason.code for reason in evaluate(case).reasons}
    assert "DESTINATION-NEW" in told
    assert "DESTINATION-UNKNOWN" not in told


def test_of_two_payments_to_one_who_is_new_the_first_is_told() -> None:
    (reason,) = found(first(), paying((examples.PAYEE, 600), (LEGACY, 500)))
    assert reason.observed.startswith(f"output 0 pays {examples.PAYEE}, ")
    assert reason.fact == "outputs[0].address"


def test_the_reason_tells_the_sum_and_how_long_to_wait() -> None:
    (reason,) = found(first(), paying((examples.PAYEE, 600)), past((examples.PAYEE, 500)))
    assert reason == Reason(
        code="DESTINATION-NEW",
        rule="new_destinations",
        observed=f"output 0 pays {examples.PAYEE}, which is new; 0.00001100 rBTC to it together",
        required="at most 0.00001000 rBTC together until 24 hours after the first payment",
        fact="outputs[0].address",
        evidence=f"policy {DIGEST}, request {'cd' * 32}",
        concern="new_destination",
    )


# Hot accounts.

ACCOUNTS = (
    OwnAccount("Hot 1", "hot", REGTEST, checksum="qqqqqqqq"),
    OwnAccount("Cold 1", "cold", REGTEST, checksum="pppppppp"),
)
EXCEEDED, NONE = ["OWN-HOT-EXCEEDED"], ["OWN-HOT-NONE"]


def hot(bound: int | None = 1_000, asset: Asset = COIN) -> ToHot:
    return ToHot(ACCOUNTS, () if bound is None else ((asset.asset_id, bound),))


@pytest.mark.parametrize(("bound", "amount", "told"), [(1_000, 1_000, []), (1_000, 1_001, EXCEEDED), (None, 1, NONE)])
def test_what_goes_to_a_hot_account_stays_within_its_bound(bound: int | None, amount: int, told: list[str]) -> None:
    review = paying((examples.PAYEE, amount))
    assert codes(hot(bound), own(review)) == told
    assert codes(hot(bound), own(review, "Cold 1")) == []
    assert codes(hot(bound), review) == []


def test_an_owner_of_whom_the_policy_knows_nothing_counts_as_hot() -> None:
    assert codes(hot(), own(paying((examples.PAYEE, 1_001)), "Gone")) == EXCEEDED
    assert codes(hot(), own(paying((examples.PAYEE, 600))), past((examples.PAYEE, 401), owners=("Gone",))) == EXCEEDED


@pytest.mark.parametrize(("age", "told"), [(0, EXCEEDED), (DAY - 1, EXCEEDED), (DAY, []), (-1, EXCEEDED)])
def test_what_went_there_within_a_day_counts(age: int, told: list[str]) -> None:
    review = own(paying((examples.PAYEE, 600)))
    # To another address of the account: it is the owner that counts.
    assert codes(hot(), review, past((examples.SECOND_PAYEE, 401), age=age, owners=("Hot 1",))) == told
    assert codes(hot(), review, past((examples.SECOND_PAYEE, 400), age=age, owners=("Hot 1",))) == []
    assert codes(hot(), review, past((examples.PAYEE, 401), age=age, owners=("Cold 1",))) == []
    assert codes(hot(), review, past((examples.PAYEE, 401), age=age, owners=("",))) == []
    assert codes(hot(), review, past((examples.PAYEE, 401), age=age)) == []


def test_only_what_is_hot_counts_of_a_transaction_that_pays_several() -> None:
    two = paying((examples.PAYEE, 600), (examples.SECOND_PAYEE, 10**9))
    mixed = replace(two, outputs=(*own(two).outputs[:1], *two.outputs[1:]))
    earlier = past((examples.PAYEE, 400), (examples.SECOND_PAYEE, 10**9), owners=("Hot 1", "Cold 1"))
    assert codes(hot(), mixed, earlier) == []
    assert codes(hot(999), mixed, earlier) == EXCEEDED


def test_the_retry_of_a_refill_counts_once() -> None:
    refill = past((examples.PAYEE, 900), spends=(FIRST,), owners=("Hot 1",))
    assert codes(hot(), own(paying((examples.PAYEE, 950))), refill, spends=(FIRST,)) == []
    assert codes(hot(), own(paying((examples.PAYEE, 950))), refill, spends=(SECOND,)) == EXCEEDED


def test_tokens_have_a_bound_of_their_own() -> None:
    review = own(examples.evm_review(amount=1_001, asset=examples.USDC))
    assert codes(hot(1_000, examples.USDC), review) == EXCEEDED
    assert codes(hot(1_001, examples.USDC), review) == []
    assert codes(hot(10**30, ETHER), review) == NONE
    refill = past((examples.EVM_PAYEE, 10**18), asset=ETHER, owners=("Hot 1",))
    assert codes(hot(1_001, examples.USDC), review, refill) == []


def test_of_two_assets_the_one_above_its_bound_is_told() -> None:
    review = examples.evm_review()
    token = replace(review.outputs[0], index=1, amount=1_001, asset=examples.USDC)
    rule = ToHot(ACCOUNTS, ((ETHER.asset_id, 10**18), (examples.USDC.asset_id, 1_000)))
    (reason,) = found(rule, own(replace(review, outputs=(*review.outputs, token))))
    assert (reason.fact, reason.observed[:13]) == ("outputs[1].amount", "0.001001 USDC")


def test_a_reason_against_a_refill_names_amount_owner_and_what_was_counted() -> None:
    (reason,) = found(hot(), own(paying((examples.PAYEE, 600))), past((examples.PAYEE, 500), owners=("Hot 1",)))
    assert reason == Reason(
        code="OWN-HOT-EXCEEDED",
        rule="to_hot_per_day",
        observed="0.00001100 rBTC to own accounts that are hot within a day, output 0 to Hot 1",
        required="at most 0.00001000 rBTC for what goes to hot accounts within a day",
        fact="outputs[0].amount",
        evidence=f"policy {DIGEST}, request {'cd' * 32}",
    )


# Actions.


@pytest.mark.parametrize(
    ("review", "does"),
    [
        (examples.review((examples.PAYEE, 5)), {"payment"}),
        (own(examples.review((examples.PAYEE, 5))), {"payment"}),
        (examples.review(), {"self-transfer"}),
        (examples.evm_review(), {"payment"}),
        (examples.evm_review(asset=examples.USDC), {"token-payment"}),
        (examples.evm_review(examples.EVM_SECOND_PAYEE), {"payment"}),
        (examples.evm_review(chain=ANVIL), {"payment"}),
    ],
)
def test_what_a_transaction_does_and_that_it_is_listed(review: Review, does: set[str]) -> None:
    assert actions_of(review) == does
    assert codes(Actions(ACTIONS), review) == []
    assert codes(Actions(tuple(does)), review) == []
    others = tuple(sorted(set(ACTIONS) - does))
    (reason,) = found(Actions(others), review)
    assert (reason.code, reason.rule, reason.fact) == ("ACTION-NOT-ALLOWED", "actions", "actions")
    assert reason.observed == f"the transaction is a {next(iter(does))}"
    assert reason.required == f"one of: {', '.join(others)}"
    assert reason.evidence == f"policy {DIGEST}"
    assert codes(Actions(()), review) == ["ACTION-NOT-ALLOWED"]


def test_a_transaction_that_does_two_things_is_told_of_each() -> None:
    token = Output(1, examples.EVM_PAYEE, 5, examples.USDC, Role.PAYMENT)
    review = examples.evm_review()
    both = replace(review, outputs=(*review.outputs, token))
    assert actions_of(both) == {"payment", "token-payment"}
    assert len(found(Actions(()), both)) == 2


# All of them.


def test_a_payment_to_an_own_account_is_charged_like_any_other() -> None:
    review = paying((examples.PAYEE, 5))
    assert leaving(own(review)) == leaving(review)


NOTHING_SAID = [
    (KnownDestination, test_two_outputs_to_one_payee_count_together_in_whatever_spelling),
    (FirstPayment, test_while_he_is_new_all_that_he_got_counts),
    (ToHot, test_the_retry_of_a_refill_counts_once),
    (Actions, test_a_transaction_that_does_two_things_is_told_of_each),
]


@pytest.mark.parametrize(("rule", "test"), NOTHING_SAID)
def test_a_rule_that_says_nothing_would_be_found(rule: type, test: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "reasons", lambda *_: iter(()))
    with pytest.raises(AssertionError):
        test()
