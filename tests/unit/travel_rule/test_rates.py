"""What a transfer is worth: whole numbers, rounded up, and nothing where no rate holds."""

from fractions import Fraction

import examples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody import chains
from custody.travel_rule.completeness import is_below
from custody.travel_rule.profile import Threshold
from custody.travel_rule.rates import MINOR_DIGITS, ReferenceRate, in_money, worth

BTC = chains.BITCOIN.coin
ETHER = chains.ETHEREUM.coin
UNTIL = 2_000_000_000
#: 90,000.00 dollars, 14,000,000 yen for a bitcoin; 3,000.01 dollars for an ether.
RATES = (
    ReferenceRate(BTC.asset_id, "USD", 9_000_000, UNTIL),
    ReferenceRate(BTC.asset_id, "JPY", 14_000_000, UNTIL),
    ReferenceRate(ETHER.asset_id, "USD", 300_001, UNTIL),
)


@pytest.mark.parametrize(
    ("amount", "money"),
    [(0, 0), (1, 1), (11, 1), (12, 2), (100_000_000, 9_000_000), (100_000_001, 9_000_001), (1_111_111, 100_000)],
)
def test_base_units_are_worth_whole_cents_rounded_up(amount: int, money: int) -> None:
    assert worth(amount, 8, RATES[0]) == money


def test_the_minor_units_are_those_of_iso_4217() -> None:
    assert MINOR_DIGITS == {"EUR": 2, "JPY": 0, "USD": 2}


def test_yen_have_no_minor_unit() -> None:
    assert in_money([(50_000_000, BTC)], RATES, "JPY", 0) == 7_000_000


def test_the_largest_amount_is_worth_no_less_than_it_is() -> None:
    rate = ReferenceRate("eip155:1/slip44:60", "USD", 10**12, UNTIL)
    assert worth(10**77, 18, rate) == 10**71


@given(st.integers(0, 10**30), st.integers(0, 10**12), st.integers(0, 30))
def test_worth_is_the_exact_worth_or_less_than_one_cent_more(amount: int, price: int, decimals: int) -> None:
    exact = Fraction(amount * price, 10**decimals)
    assert exact <= worth(amount, decimals, ReferenceRate("x", "USD", price, UNTIL)) < exact + 1


def test_all_payments_count_together() -> None:
    assert in_money([(50_000_000, BTC), (10**18, ETHER)], RATES, "USD", 0) == 4_500_000 + 300_001


@pytest.mark.parametrize(
    ("payments", "currency", "latest"),
    [
        ([(1, BTC)], "EUR", 0),
        ([(1, examples.USDC)], "USD", 0),
        ([(1, BTC), (1, examples.USDC)], "USD", 0),
        ([(1, BTC)], "USD", UNTIL),
        ([(1, BTC)], "USD", UNTIL + 1),
    ],
)
def test_without_a_rate_that_holds_nobody_can_say(
    payments: list[tuple[int, object]], currency: str, latest: int
) -> None:
    assert in_money(payments, RATES, currency, latest) is None  # type: ignore[arg-type]


def test_a_rate_holds_until_its_last_second() -> None:
    assert in_money([(100_000_000, BTC)], RATES, "USD", UNTIL - 1) == 9_000_000


@pytest.mark.parametrize(("money", "below"), [(99_999, True), (100_000, False), (100_001, False), (0, True)])
def test_at_the_threshold_a_transfer_is_not_below_it(money: int, below: bool) -> None:
    assert is_below(Threshold("USD", 100_000), lambda _: money) is below


def test_what_nobody_can_say_is_not_below_a_threshold_and_no_threshold_has_a_below() -> None:
    assert not is_below(Threshold("USD", 100_000), lambda _: None)
    assert not is_below(None, lambda _: 0)
