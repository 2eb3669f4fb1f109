"""Reference rates: what a whole unit of an asset is worth, as the signed policy says, until it says so no more."""

from collections.abc import Iterable
from dataclasses import dataclass

from custody.amounts import Asset

#: The currencies of rates and thresholds, and how many decimals each has (ISO 4217).
MINOR_DIGITS = {"EUR": 2, "JPY": 0, "USD": 2}


@dataclass(frozen=True, slots=True)
class ReferenceRate:
    """A price.

    Attributes:
        asset_id: CAIP-19.
        currency: ISO 4217.
        price: minor units of the currency (cents; yen have none) for one whole unit of the asset.
        valid_until: Unix seconds; from then on there is no rate.
    """

    asset_id: str
    currency: str
    price: int
    valid_until: int


def worth(amount: int, decimals: int, rate: ReferenceRate) -> int:
    """Minor units of the rate's currency for base units of its asset, rounded up: no transfer is less than it is."""
    whole: int = 10**decimals
    return -(-amount * rate.price // whole)


def in_money(
    payments: Iterable[tuple[int, Asset]], rates: Iterable[ReferenceRate], currency: str, latest: int
) -> int | None:
    """Minor units of ``currency`` for payments of base units, all together, each rounded up.

    None where one of them has no rate in the currency that still holds at ``latest``, Unix seconds: nobody can say.
    """
    valid = {rate.asset_id: rate for rate in rates if rate.currency == currency and latest < rate.valid_until}
    total = 0
    for amount, asset in payments:
        rate = valid.get(asset.asset_id)
        if rate is None:
            return None
        total += worth(amount, asset.decimals, rate)
    return total
