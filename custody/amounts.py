"""Money: whole numbers of base units, and their text by integer arithmetic only."""

import re
from dataclasses import dataclass

from custody.errors import InputError

_UNITS = re.compile(r"(0|[1-9][0-9]{0,77})(?:\.([0-9]{1,77}))?", re.ASCII)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asset:
    """What is moved: CAIP-19 ``asset_id``, ``symbol``, and how many ``decimals`` one unit has."""

    asset_id: str
    symbol: str
    decimals: int


def parse_base_units(text: str) -> int:
    """Base units from a decimal string, at most 78 digits (2**256).

    Raises:
        InputError: AMOUNT-SYNTAX for signs, leading zeros, other alphabets, fractions.
    """
    if not _DECIMAL.fullmatch(text):
        raise InputError("AMOUNT-SYNTAX", "An amount must be a decimal string of base units without leading zeros.")
    return int(text)


def parse_decimal(text: str, decimals: int) -> int:
    """Base units from a decimal number of whole units: ``1.5`` of an 8-decimal asset is ``150000000``.

    Raises:
        InputError: AMOUNT-SYNTAX for signs, exponents, leading zeros, other alphabets, more decimals than there are.
    """
    match = _UNITS.fullmatch(text)
    if not match or len(fraction := match[2] or "") > decimals:
        message = f"An amount must be a decimal number of at most {decimals} decimals, without leading zeros."
        raise InputError("AMOUNT-SYNTAX", message)
    return int(match[1] + fraction.ljust(decimals, "0"))


def format_amount(base_units: int, asset: Asset) -> str:
    """``150000`` of an 8-decimal asset is ``0.00150000 BTC``: every decimal shown, none rounded."""
    sign, units = ("-", -base_units) if base_units < 0 else ("", base_units)
    whole, fraction = divmod(units, 10**asset.decimals)
    point = f".{fraction:0{asset.decimals}d}" if asset.decimals else ""
    return f"{sign}{whole:,}{point} {asset.symbol}"
