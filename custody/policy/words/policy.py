"""A whole policy in plain sentences, for a director who reads no TOML (docs/spec/policy-words.md)."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from custody.amounts import Asset, format_amount
from custody.chains import CHAINS
from custody.codec.canonical_json import Json
from custody.evm.tokens import TokenRegistry
from custody.policy.clauses import Allowed, Hours, OwnAccount
from custody.policy.concerns import arises
from custody.policy.decision import CONCERNS
from custody.policy.document import Policy
from custody.policy.words.amounts import AmountsInWords
from custody.policy.words.chain import ChainInWords
from custody.policy.words.language import Language
from custody.times import rfc3339
from custody.travel_rule.rates import MINOR_DIGITS, ReferenceRate

#: Which fields of a policy stand under which title, in the order in which they are told.
SECTIONS = {
    "house": ("house", "originating_vasp"),
    "payees": ("allowlist", "own_accounts", "new_destinations"),
    "approvals": ("approvals", "escalations"),
    "times": ("hours", "request_hours", "list_age", "repeat_days"),
    "device": ("network",),
    "travel_rule": ("travel_rule",),
}


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences that belong together, under a title."""

    title: str
    sentences: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """The section as canonical JSON values."""
        return {"sentences": list(self.sentences), "title": self.title}


def sections(policy: Policy, tokens: TokenRegistry, language: Language) -> Iterator[Section]:
    """What can leave, to whom, who must approve, when, and what is refused; ``tokens`` tell how tokens are written."""
    teller = PolicyInWords(policy, AmountsInWords(tokens, language), language)
    yield teller.section("house")
    for named in policy.chains:
        told, chain = ChainInWords(policy, named, teller.amounts, language), named.chain.alias
        for asset, sentences in told.assets():
            yield Section(language.say("title.asset", chain=chain, asset=asset), sentences)
        yield Section(language.say("title.chain", chain=chain), tuple(told.every()))
    for title in [*SECTIONS][1:]:
        yield teller.section(title)
    yield Section(language.say("title.never"), tuple(teller.never()))


@dataclass(frozen=True, slots=True)
class PolicyInWords:
    """Tells what holds on every network: a method for each field of `Policy` but ``chains``."""

    policy: Policy
    amounts: AmountsInWords
    language: Language

    def section(self, title: str) -> Section:
        """The section of `SECTIONS` under this title."""
        told = [sentence for field in SECTIONS[title] for sentence in getattr(self, field)()]
        return Section(self.language.say(f"title.{title}"), tuple(told))

    def never(self) -> Iterator[str]:
        """What no policy allows, and fields that nothing tells."""
        for clause in ("flagged", "look_alike", "unread", "rejected"):
            yield self.language.say(f"never.{clause}")
        told = {field for group in SECTIONS.values() for field in group}
        for field in fields(self.policy):
            if field.name not in {*told, "chains"}:
                yield self.language.say("untold", field=field.name)

    def house(self) -> Iterator[str]:
        """Whose it is, and that all else is closed."""
        yield self.language.say("house", house=self.policy.house)
        yield self.language.say("closed")

    def originating_vasp(self) -> Iterator[str]:
        """How records name this house."""
        vasp = self.policy.originating_vasp
        yield self.language.say("originating_vasp.name", name=vasp.name)
        yield self._or_none("originating_vasp.lei", vasp.lei, lei=vasp.lei)

    def allowlist(self) -> Iterator[str]:
        """The destinations that the house knows."""
        yield self.language.say("known")
        order = [chain.alias for chain in CHAINS]
        allowed = sorted(self.policy.allowlist, key=lambda one: (order.index(one.chain.alias), one.name))
        yield from map(self._allowed, allowed)
        if not allowed:
            yield self.language.say("allowlist.none")

    def _allowed(self, one: Allowed) -> str:
        return self.language.say("allowlist", name=one.name, address=one.address, chain=one.chain.alias)

    def own_accounts(self) -> Iterator[str]:
        """The house's own wallets."""
        yield from map(self._own, self.policy.own_accounts)
        yield self.language.say("own_accounts.excused" if self.policy.own_accounts else "own_accounts.none")

    def _own(self, one: OwnAccount) -> str:
        kind = "checksum" if one.checksum else "descriptor" if one.account else "address"
        tier = self.language.say(f"tier.{one.tier}")
        given = {"name": one.name, "chain": one.chain.alias, "tier": tier}
        descriptor = one.account.descriptor if one.account else ""
        named = {"checksum": one.checksum, "descriptor": descriptor, "address": one.address}
        return self.language.say(f"own_accounts.{kind}", **named, **given)

    def new_destinations(self) -> Iterator[str]:
        """Who is new, and for how long."""
        new = self.policy.new_destinations
        hours = self.language.count("hour", new.cool_down_hours) if new else ""
        days = self.language.count("day", new.forget_days) if new else ""
        yield self._or_none("new_destinations", new, hours=hours, days=days)

    def approvals(self) -> Iterator[str]:
        """Whom every request needs."""
        people = self.language.all_of(map(self.language.asks, self.policy.approvals))
        yield self._or_none("approvals", self.policy.approvals, people=people)

    def escalations(self) -> Iterator[str]:
        """For each concern: who answers for it, or that it denies."""
        for concern in CONCERNS:
            answering = self.policy.answered(concern)
            if answering or arises(self.policy, concern):
                people = self.language.all_of(map(self.language.asks, answering))
                told = self.language.say(f"concern.{concern}")
                yield self._or_none("escalations", answering, concern=told, people=people)

    def hours(self) -> Iterator[str]:
        """When withdrawals are signed."""
        hours = self.policy.hours
        yield self._or_none("hours", hours, **(self._hours(hours) if hours else {}))

    def _hours(self, hours: Hours) -> dict[str, str]:
        days = self.language.say("list.days").join(self.language.say(f"weekday.{day}") for day in hours.days)
        offset = f"{'-' if hours.offset < 0 else '+'}{_clock(abs(hours.offset))}"
        return {"days": days, "start": _clock(hours.start), "end": _clock(hours.end), "offset": offset}

    def request_hours(self) -> Iterator[str]:
        """How old a request may be."""
        yield self.language.say("request_hours", hours=self.language.count("hour", self.policy.request_hours))

    def network(self) -> Iterator[str]:
        """What holds while the device has a way to a network."""
        yield self.language.say(f"network.{self.policy.network}")

    def list_age(self) -> Iterator[str]:
        """How old the flagged list may be."""
        age = self.policy.list_age
        if age is None:
            yield self.language.say("list_age.none")
            return
        yield self.language.say("list_age.deny_after_hours", hours=self.language.count("hour", age.deny_after_hours))
        asked = age.escalate_after_hours
        yield self._or_none("list_age.escalate_after_hours", asked, hours=self.language.count("hour", asked or 0))

    def repeat_days(self) -> Iterator[str]:
        """For how long a payment is not made again."""
        days = self.policy.repeat_days
        yield self._or_none("repeat_days", days, days=self.language.count("day", days))

    def travel_rule(self) -> Iterator[str]:
        """How records are judged."""
        rule = self.policy.travel_rule
        yield self.language.say("records")
        yield self.language.say("travel_rule.profile", profile=self.language.say(f"profile.{rule.profile}"))
        yield from map(self._rate, rule.rates)
        if not rule.rates:
            yield self.language.say("travel_rule.rates.none")

    def _rate(self, rate: ReferenceRate) -> str:
        chain = next(chain for chain in CHAINS if rate.asset_id.startswith(f"{chain.chain_id}/"))
        price = format_amount(rate.price, Asset("", rate.currency, MINOR_DIGITS[rate.currency]))
        one, until = self.amounts.whole(chain, rate.asset_id), rfc3339(rate.valid_until)
        return self.language.say("travel_rule.rates", one=one, price=price, until=until)

    def _or_none(self, clause: str, value: object, **given: object) -> str:
        """The clause, or what its absence means."""
        return self.language.say(clause, **given) if value else self.language.say(f"{clause}.none", **given)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
