"""The parts of a policy that hold on every network: how fresh, when, for whom, and who answers for what."""

import re
from dataclasses import dataclass
from typing import Any

from custody.bitcoin.account import Account as BitcoinAccount
from custody.chains import CHAINS, BitcoinChain, Chain, EvmChain
from custody.codec.schema import (
    ANY_SCRIPT,
    BaseUnits,
    Fault,
    Field,
    Moment,
    Object,
    Reading,
    Text,
    Whole,
    Word,
    may,
    need,
)
from custody.errors import InputError
from custody.evm.shapes import Address
from custody.policy.chain_policy import REQUIREMENT, Asked, Rows, asset_id
from custody.policy.decision import CONCERNS, Requirement
from custody.screening.address import Program, canonical_address, decode_on_chain
from custody.travel_rule.profiles import DEFAULT, PROFILES
from custody.travel_rule.rates import MINOR_DIGITS, ReferenceRate

MAX_HOURS = 8_784
MAX_COOL_DOWN_HOURS = 720
MAX_FORGET_DAYS = 365
MAX_RATES = 100
MAX_ALLOWED = 500
MAX_OWN_ACCOUNTS = 50
MAX_DESCRIPTOR = 256

#: How near to the world an own account is.
TIERS = ("cold", "warm", "hot")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CHAINS = {chain.alias: chain for chain in CHAINS}
_OFFSET = re.compile(r"[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_CHECKSUM = re.compile(r"[02-9ac-hj-np-z]{8}")


@dataclass(frozen=True, slots=True)
class TravelRulePolicy:
    """By which jurisdiction's ``profile`` records are judged, and ``rates`` for thresholds in money."""

    profile: str = DEFAULT
    rates: tuple[ReferenceRate, ...] = ()


@dataclass(frozen=True, slots=True)
class ListAge:
    """From which age of the flagged list on more people are asked (None: never), and from which nothing is paid."""

    deny_after_hours: int
    escalate_after_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """When withdrawals are signed: ``days`` (0 is Monday) from ``start`` up to ``end``, minutes after midnight.

    ``offset`` is the minutes by which local time is ahead of UTC; a fixed one, as a device keeps no table of zones.
    """

    offset: int
    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NewDestinations:
    """A payee is new until a first payment was authorised ``cool_down_hours`` ago, and again after ``forget_days``."""

    cool_down_hours: int
    forget_days: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """A destination that the house knows: ``name`` is for people, ``program`` what counts."""

    chain: Chain
    address: str
    name: str
    program: Program


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An account of this house, named in one of three ways.

    Attributes:
        checksum: of a Bitcoin account that is registered on the device.
        account: a Bitcoin account by its whole descriptor, whose keys may be elsewhere.
        address: of an EVM account.
    """

    name: str
    tier: str
    chain: Chain
    checksum: str | None = None
    address: str | None = None
    account: BitcoinAccount | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whom the policy asks where a ``concern`` is met, instead of refusing."""

    concern: str
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class _Form:
    """Text of one form, made into a number by ``number``."""

    pattern: re.Pattern[str]
    means: str
    number: Any

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The number."""
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            reading.fault(Fault.TEXT, where, "a text of another form", self.means)
            return 0
        return self.number(value)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _offset(text: str) -> int:
    ahead = _minutes(text[1:])
    return -ahead if text[0] == "-" else ahead


class _Ordered(Object):
    """A table whose two numbers must stand in order."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """What ``build`` makes of it."""
        built = Object.read(self, value, where, reading)
        match built:
            case Hours(start=start, end=end) if start >= end:
                reading.fault(Fault.NUMBER, f"{where}.to", "an end that is not after the start", "a time after from")
            case ListAge(deny_after_hours=deny, escalate_after_hours=int(first)) if first >= deny:
                observed = f"{first} hours, when nothing is paid any more"
                reading.fault(Fault.NUMBER, f"{where}.escalate_after_hours", observed, "less than deny_after_hours")
            case NewDestinations(cool_down_hours=hours, forget_days=days) if hours >= days * 24:
                reading.fault(Fault.NUMBER, f"{where}.forget_days", f"{days} days", "more than cool_down_hours")
        return built


class _AddressOf(Object):
    """A table with an address that belongs to its chain."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """What ``build`` makes of it."""
        try:
            return Object.read(self, value, where, reading)
        except InputError as error:
            reading.fault(Fault.TEXT, where, error.message.rstrip("."), "an address of this chain, or a checksum")
            return None


def _allowed(chain: str, address: str, name: str) -> Allowed:
    network, spelled = _CHAINS[chain], canonical_address(address)
    return Allowed(network, spelled, name, decode_on_chain(spelled, network))


def _own(
    name: str, tier: str, chain: str, checksum: str | None, descriptor: str | None, address: str | None
) -> OwnAccount:
    network = _CHAINS[chain]
    match network, checksum, descriptor, address:
        case BitcoinChain(), str(), None, None:
            return OwnAccount(name, tier, network, checksum=checksum)
        case BitcoinChain(), None, str(), None:
            return OwnAccount(name, tier, network, account=BitcoinAccount.parse("own", network, descriptor))
        case EvmChain(), None, None, str():
            decode_on_chain(canonical_address(address), network)
            return OwnAccount(name, tier, network, address=canonical_address(address))
    raise InputError(
        "ADDRESS-KIND", "A Bitcoin account is named by checksum or descriptor, an EVM account by its address."
    )


def _rate(chain: str, contract: bytes | None, currency: str, price: int, valid_until: int) -> ReferenceRate:
    return ReferenceRate(asset_id(_CHAINS[chain], contract), currency, price, valid_until)


def _hours(offset: int, days: tuple[str, ...], start: int, end: int) -> Hours:
    return Hours(offset, tuple(sorted(map(WEEK.index, days))), start, end)


def _escalation(concern: str, **asked: Any) -> Escalation:
    return Escalation(concern, Requirement(**asked))


NAME = Text(100, ANY_SCRIPT, "letters without control or invisible characters")
_ALIAS = Word(tuple(_CHAINS))
_ADDRESS = Text(128, re.compile(r"[0-9A-Za-z]+"), "an address, letters and digits")

TRAVEL_RULE = Object(
    TravelRulePolicy,
    {
        "profile": Field(("profile",), Word(tuple(PROFILES)), default=DEFAULT),
        "rates": may(
            "rates",
            shape=Rows(
                Object(
                    _rate,
                    {
                        "chain": need("chain", shape=_ALIAS),
                        "contract": may("contract", shape=Address()),
                        "currency": need("currency", shape=Word(tuple(MINOR_DIGITS))),
                        "price": need("price", shape=BaseUnits()),
                        "valid_until": need("valid_until", shape=Moment()),
                    },
                ),
                0,
                MAX_RATES,
                lambda rate: (rate.asset_id, rate.currency),
                "asset and currency",
            ),
        ),
    },
)

LIST_AGE = _Ordered(
    ListAge,
    {
        "deny_after_hours": need("deny_after_hours", shape=Whole(1, MAX_HOURS)),
        "escalate_after_hours": may("escalate_after_hours", shape=Whole(1, MAX_HOURS)),
    },
)

HOURS = _Ordered(
    _hours,
    {
        "offset": need("utc_offset", shape=_Form(_OFFSET, "an offset such as +09:00", _offset)),
        "days": need("days", shape=Rows(Word(WEEK), 1, len(WEEK), str, "day")),
        "start": need("from", shape=_Form(_CLOCK, "a time of day such as 09:00", _minutes)),
        "end": need("to", shape=_Form(_CLOCK, "a time of day such as 18:00", _minutes)),
    },
)

NEW_DESTINATIONS = _Ordered(
    NewDestinations,
    {
        "cool_down_hours": need("cool_down_hours", shape=Whole(1, MAX_COOL_DOWN_HOURS)),
        "forget_days": need("forget_days", shape=Whole(1, MAX_FORGET_DAYS)),
    },
)

ALLOWLIST = Rows(
    _AddressOf(
        _allowed,
        {
            "chain": need("chain", shape=_ALIAS),
            "address": need("address", shape=_ADDRESS),
            "name": need("name", shape=NAME),
        },
    ),
    0,
    MAX_ALLOWED,
    lambda allowed: (allowed.chain.alias, allowed.program),
    "destination",
)

OWN_ACCOUNTS = Rows(
    _AddressOf(
        _own,
        {
            "name": need("name", shape=NAME),
            "tier": need("tier", shape=Word(TIERS)),
            "chain": need("chain", shape=_ALIAS),
            "checksum": may("checksum", shape=Text(8, _CHECKSUM, "a descriptor's checksum, 8 characters")),
            "descriptor": may("descriptor", shape=Text(MAX_DESCRIPTOR)),
            "address": may("address", shape=_ADDRESS),
        },
        one_of=("checksum", "descriptor", "address"),
    ),
    0,
    MAX_OWN_ACCOUNTS,
    lambda own: own.name,
    "name",
)

ESCALATIONS = Rows(
    Asked(_escalation, {"concern": need("concern", shape=Word(CONCERNS)), **REQUIREMENT}),
    0,
    len(CONCERNS) * 2,
    lambda escalation: (escalation.concern, escalation.requirement.role),
    "concern and role",
)
