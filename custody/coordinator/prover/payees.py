"""Whom a transaction may pay, as far as two policies tell payees apart: one example of each kind."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from custody.bitcoin.script import encode_address
from custody.chains import BitcoinChain, Chain
from custody.evm.address import checksum_address, parse_address
from custody.policy.clauses import TIERS, OwnAccount
from custody.policy.document import Policy
from custody.screening.address import decode_on_chain
from custody.screening.lookalike import ENDS, lookalike


@dataclass(frozen=True, slots=True)
class Standing:
    """What one policy holds of a payee.

    Attributes:
        known: on the allowlist.
        own: the own account that he is.
        alike: he begins and ends like an address that the policy names, without being it.
    """

    known: bool = False
    own: OwnAccount | None = None
    alike: bool = False


@dataclass(frozen=True, slots=True)
class Payee:
    """An address, in words, and what each policy holds of it."""

    address: str
    words: str
    old: Standing
    new: Standing


@dataclass(frozen=True, slots=True)
class _Place:
    """An address; ``checksum`` where it stands for the addresses of a Bitcoin account."""

    address: str
    words: str
    checksum: str | None = None


def payees(old: Policy, new: Policy, chain: Chain) -> tuple[Payee, ...]:
    """The first example of each kind: of those that stand the same with both policies, one speaks for all."""
    kinds: dict[tuple[Standing, Standing], Payee] = {}
    for place in _places(old, new, chain):
        standings = _standing(old, chain, place), _standing(new, chain, place)
        kinds.setdefault(standings, Payee(place.address, place.words, *standings))
    return tuple(kinds.values())


def stranger(chain: Chain, number: int = 0) -> str:
    """An address of nobody."""
    program = hashlib.sha256(f"nobody {number}".encode()).digest()[:20]
    return (
        encode_address(b"\x00\x14" + program, chain) if isinstance(chain, BitcoinChain) else checksum_address(program)
    )


def _places(old: Policy, new: Policy, chain: Chain) -> Iterator[_Place]:
    yield _Place(stranger(chain), "somebody who is not known")
    for policy in (old, new):
        for allowed in policy.allowlist:
            if allowed.chain == chain:
                yield _Place(allowed.address, f"{allowed.name}, of the allowlist")
        for number, own in enumerate(policy.own_accounts, 1):
            if own.chain == chain:
                address = own.address or stranger(chain, number)
                yield _Place(address, f"the own account {own.name}", own.checksum)
    if not isinstance(chain, BitcoinChain):
        yield from (_Place(_poisoned(one), f"who looks like {one}") for one in _named([old, new]) if one[:2] == "0x")


def _poisoned(address: str) -> str:
    """Another address with the same ends."""
    octets = parse_address(address)
    return checksum_address(octets[: ENDS // 2] + bytes(~octet & 0xFF for octet in octets[2:-2]) + octets[-ENDS // 2 :])


def _named(policies: Iterable[Policy]) -> dict[str, None]:
    """Every address that these policies guard, in a fixed order."""
    found = {one.address: None for policy in policies for one in policy.allowlist}
    return found | {own.address: None for policy in policies for own in policy.own_accounts if own.address}


def _standing(policy: Policy, chain: Chain, place: _Place) -> Standing:
    program = decode_on_chain(place.address, chain)
    known = any(one.chain == chain and one.program == program for one in policy.allowlist)
    guarded = [one for one in _named([policy]) if one[-ENDS:].lower() == place.address[-ENDS:].lower()]
    return Standing(known, _owner(policy, chain, place), lookalike(place.address, guarded) is not None)


def _owner(policy: Policy, chain: Chain, place: _Place) -> OwnAccount | None:
    """Where several entries name one account, the one nearest to the world counts."""
    named = [
        own
        for own in policy.own_accounts
        if own.chain == chain and (own.address == place.address or (own.checksum and own.checksum == place.checksum))
    ]
    return max(named, key=lambda own: (TIERS.index(own.tier), own.name), default=None)
