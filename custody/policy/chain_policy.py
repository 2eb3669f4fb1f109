"""What a policy says of one network: amounts by asset, fees, kinds of transaction, and tiers of approval."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from custody.chains import Chain, EvmChain
from custody.codec.schema import BaseUnits, Fault, Field, Many, Object, Reading, Shape, Whole, Word, may, need
from custody.evm.shapes import Address
from custody.evm.tokens import MAX_TOKENS, token_id
from custody.policy.decision import Requirement

MAX_FEERATE = 1_000_000
MAX_PERCENT = 100
MAX_APPROVALS = 10
MAX_TIERS = 20

#: Whose approvals a policy may ask for.
ROLES = ("approver", "compliance")
#: What a transaction does: it pays the network's coin, pays tokens, or pays nobody.
ACTIONS = ("payment", "token-payment", "self-transfer")

#: CAIP-19 asset ids with an amount in base units each.
Bounds: TypeAlias = tuple[tuple[str, int], ...]

# Attribute of `ChainPolicy`, and the key of the file, for coins as KEY.coin and for tokens in their own table.
_OPTIONAL_BOUNDS = {
    "day_caps": "cap_per_day",
    "week_caps": "cap_per_week",
    "month_caps": "cap_per_30_days",
    "first_payments": "first_payment",
    "known_above": "known_above",
    "signed_above": "signed_above",
    "to_hot_caps": "to_hot_per_day",
}
#: The key of the file for each attribute of `ChainPolicy` that holds bounds.
BOUND_KEYS = {"caps": "cap_per_transaction", **_OPTIONAL_BOUNDS}


@dataclass(frozen=True, slots=True)
class Tier:
    """Approvals that are asked where a transaction pays more than ``above`` base units of an asset together."""

    asset_id: str
    above: int
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """What may be spent on one chain. Where a bound names no amount for an asset, it says below what holds.

    Attributes:
        chain: the network.
        caps: the largest sum of the payments of one transaction; without one the asset is not paid.
        fee_cap: the fee, base units of the chain's coin.
        feerate_cap: in the chain's `feerate_unit`.
        fee_percent_cap: the fee as hundredths of the payments in the chain's coin, where there are some.
        day_caps, week_caps, month_caps: the most that may leave in 1, 7, 30 days, fees included; without one no bound.
        first_payments: the most for a payee who is new, where `Policy.new_destinations` holds; without one nothing.
        known_above: payments above it go to known destinations; without one no such rule.
        signed_above: payments above it need the signature of the payee's VASP; without one no such rule.
        to_hot_caps: the most that may go to own accounts that are hot, within a day; without one nothing.
        tiers: approvals asked beyond those of the whole policy.
        actions: of `ACTIONS`, those that may be signed.
    """

    chain: Chain
    caps: Bounds
    fee_cap: int
    feerate_cap: int
    fee_percent_cap: int
    day_caps: Bounds = ()
    week_caps: Bounds = ()
    month_caps: Bounds = ()
    first_payments: Bounds = ()
    known_above: Bounds = ()
    signed_above: Bounds = ()
    to_hot_caps: Bounds = ()
    tiers: tuple[Tier, ...] = ()
    actions: tuple[str, ...] = ACTIONS


@dataclass(frozen=True, slots=True)
class Rows(Many):
    """A list in which each ``thing`` stands once, told by ``key``: of two items nobody could say which holds."""

    key: Callable[[Any], object]
    thing: str

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The items as a tuple."""
        items = tuple(item for item in Many.read(self, value, where, reading) if item)
        if len({self.key(item) for item in items}) < len(items):
            reading.fault(Fault.COUNT, where, f"one {self.thing} twice", f"each {self.thing} once")
        return items


class Asked(Object):
    """A table with a requirement that can be met: no fewer people than organisations."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """What ``build`` makes of it."""
        built = Object.read(self, value, where, reading)
        asked = getattr(built, "requirement", built)
        if asked and asked.organisations > asked.count:
            observed = f"{asked.organisations} organisations among {asked.count} people"
            reading.fault(Fault.NUMBER, f"{where}.organisations", observed, "at most as many as count")
        return built


REQUIREMENT = {
    "count": need("count", shape=Whole(1, MAX_APPROVALS)),
    "role": need("role", shape=Word(ROLES)),
    "organisations": Field(("organisations",), Whole(1, MAX_APPROVALS), default=1),
}


class _TokenBounds(NamedTuple):
    """One table of `tokens`: an amount, or none, for each of its keys."""

    contract: bytes
    amounts: dict[str, int | None]


class _TierRow(NamedTuple):
    above: int
    contract: bytes | None
    requirement: Requirement


def _token_bounds(contract: bytes, **amounts: int | None) -> _TokenBounds:
    return _TokenBounds(contract, amounts)


def _tier_row(above: int, contract: bytes | None = None, **asked: Any) -> _TierRow:
    return _TierRow(above, contract, Requirement(**asked))


_TOKEN_BOUNDS = Object(
    _token_bounds,
    {
        "contract": need("contract", shape=Address()),
        "caps": need("cap_per_transaction", shape=BaseUnits()),
        **{name: may(key, shape=BaseUnits()) for name, key in _OPTIONAL_BOUNDS.items()},
    },
)

# A coin's amounts stand one table deeper than a token's: cap_per_day.coin.
_COIN_BOUND = Object(lambda coin: coin, {"coin": need("coin", shape=BaseUnits())})


def asset_id(chain: Chain, contract: bytes | None) -> str:
    """CAIP-19 of the chain's coin, or of the token that this contract is on it."""
    if contract is None or not isinstance(chain, EvmChain):
        return chain.coin.asset_id
    return token_id(chain, contract)


def _of_chain(
    chain: Chain,
    tokens: tuple[_TokenBounds, ...] = (),
    tiers: tuple[_TierRow, ...] = (),
    actions: tuple[str, ...] | None = None,
    **numbers: Any,
) -> ChainPolicy:
    bounds: dict[str, Any] = {
        name: tuple(_bounds(chain, name, numbers.pop(name), tokens)) for name in ("caps", *_OPTIONAL_BOUNDS)
    }
    rows = (Tier(asset_id(chain, row.contract), row.above, row.requirement) for row in tiers)
    return ChainPolicy(
        chain=chain,
        tiers=tuple(sorted(rows, key=repr)),
        actions=tuple(sorted(actions)) if actions else ACTIONS,
        **bounds,
        **numbers,
    )


def _bounds(chain: Chain, name: str, coin: int | None, tokens: Iterable[_TokenBounds]) -> Iterator[tuple[str, int]]:
    if coin is not None:
        yield asset_id(chain, None), coin
    for token in tokens:
        if (amount := token.amounts[name]) is not None:
            yield asset_id(chain, token.contract), amount


def section(chain: Chain) -> Shape:
    """The shape of ``[chains.ALIAS]``."""
    evm = isinstance(chain, EvmChain)
    contract = {"contract": may("contract", shape=Address())} if evm else {}
    tier = Asked(_tier_row, {"above": need("above", shape=BaseUnits()), **contract, **REQUIREMENT})
    actions = ACTIONS if evm else tuple(action for action in ACTIONS if action != "token-payment")
    fields = {
        "caps": need("cap_per_transaction", shape=_COIN_BOUND),
        **{name: may(key, shape=_COIN_BOUND) for name, key in _OPTIONAL_BOUNDS.items()},
        "fee_cap": need("fee_cap", shape=BaseUnits()),
        "feerate_cap": need("feerate_cap", shape=Whole(1, MAX_FEERATE)),
        "fee_percent_cap": need("fee_percent_cap", shape=Whole(0, MAX_PERCENT)),
        "tiers": may("tiers", shape=Many(tier, 0, MAX_TIERS)),
        "actions": Field(("actions",), Rows(Word(actions), 1, len(actions), str, "action")),
    }
    if evm:
        fields["tokens"] = may("tokens", shape=Rows(_TOKEN_BOUNDS, 0, MAX_TOKENS, attrgetter("contract"), "contract"))
    return Object(partial(_of_chain, chain), fields)
