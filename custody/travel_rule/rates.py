"""Reference rates: what a whole unit of an asset is worth, as the signed policy says, until it says so no more."""

from dataclasses import dataclass


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
