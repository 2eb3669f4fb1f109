"""Which payments go to accounts of this house: those that the policy names and the device derives for itself.

Nothing in a request says whose an address is. An account that is registered on the device alone is nobody's, and so
is one whose checksum alone the policy names.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from custody.bitcoin.account import Account as BitcoinAccount
from custody.families import Account, first_addresses
from custody.policy.clauses import TIERS, OwnAccount
from custody.policy.document import Policy
from custody.review import Output, Review, Role

#: How many receiving addresses of a named Bitcoin account are known as its own, from the first on.
MAX_OWN_ADDRESSES = 200


def with_owners(review: Review, policy: Policy | None, accounts: Iterable[Account]) -> Review:
    """The facts, with each payment to an own account told as such: role OWN and the name of its owner.

    Args:
        accounts: those that are registered on this device.
    """
    named = [own for own in policy.own_accounts if own.chain.chain_id == review.chain_id] if policy else []
    if not named or not review.payments:
        return review
    owners = _owners(named, tuple(accounts))
    return replace(review, outputs=tuple(_told(output, owners) for output in review.outputs))


def _told(output: Output, owners: dict[str, str]) -> Output:
    owner = owners.get(output.address)
    return replace(output, role=Role.OWN, owner=owner) if owner and output.role is Role.PAYMENT else output


def _owners(named: Iterable[OwnAccount], accounts: tuple[Account, ...]) -> dict[str, str]:
    """The owner of each address. Where several entries name one address, the one nearest to the world counts."""
    coldest_first = sorted(named, key=lambda own: (TIERS.index(own.tier), own.name))
    return {address: own.name for own in coldest_first for address in _addresses(own, accounts)}


def _addresses(own: OwnAccount, accounts: tuple[Account, ...]) -> Iterable[str]:
    if own.address:
        return (own.address,)
    if own.account:
        return _receiving(own.account)
    matching = [one for one in accounts if (one.checksum, one.chain) == (own.checksum, own.chain)]
    match matching:
        case [only]:
            return _receiving(only)
    # A checksum of 40 bits finds typing errors, not forgeries: of two accounts that share it neither is meant.
    return ()


@lru_cache(maxsize=64)
def _receiving(account: BitcoinAccount) -> tuple[str, ...]:
    """Follows from the account alone."""
    return tuple(first_addresses(account, MAX_OWN_ADDRESSES))
