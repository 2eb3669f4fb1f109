"""Amounts are whole numbers of base units, in and out."""

import pytest

from custody.amounts import Asset, format_amount, parse_base_units
from custody.chains import BITCOIN
from custody.errors import InputError

WHOLE = Asset("asset", "JPY", 0)


@pytest.mark.parametrize(
    ("units", "asset", "shown"),
    [
        (0, BITCOIN.coin, "0.00000000 BTC"),
        (1, BITCOIN.coin, "0.00000001 BTC"),
        (150_000, BITCOIN.coin, "0.00150000 BTC"),
        (100_000_000, BITCOIN.coin, "1.00000000 BTC"),
        (2_100_000_000_000_000, BITCOIN.coin, "21,000,000.00000000 BTC"),
        (-1, BITCOIN.coin, "-0.00000001 BTC"),
        (-150_000_000, BITCOIN.coin, "-1.50000000 BTC"),
        (1_234_567, WHOLE, "1,234,567 JPY"),
        (10**18 + 1, Asset("asset", "ETH", 18), "1.000000000000000001 ETH"),
        (2**256 - 1, WHOLE, f"{2**256 - 1:,} JPY"),
    ],
)
def test_every_decimal_is_shown(units: int, asset: Asset, shown: str) -> None:
    assert format_amount(units, asset) == shown


@pytest.mark.parametrize(("text", "units"), [("0", 0), ("1", 1), ("150000", 150_000), (str(2**256 - 1), 2**256 - 1)])
def test_base_units_are_read(text: str, units: int) -> None:
    assert parse_base_units(text) == units


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1\n", "+1", "-1", "-0", "00", "01", "1.0", "1e3", "1_000", "1,000", "0x10", "\u0661", "\uff11",
     "1" * 79, "1" * 5_000],
)  # fmt: skip
def test_any_other_spelling_of_an_amount_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="AMOUNT-SYNTAX"):
        parse_base_units(text)
