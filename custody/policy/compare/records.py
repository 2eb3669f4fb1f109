"""By what other jurisdiction, and what other rates, a new policy has records judged."""

from collections.abc import Iterator

from custody.policy.clauses import TravelRulePolicy
from custody.policy.compare.change import Change, both, by_field, verdict
from custody.policy.document import Policy
from custody.times import LAST_SECOND, rfc3339
from custody.travel_rule.facts import Groups
from custody.travel_rule.profile import Notice, Parties, Persons, Profile, Unhosted
from custody.travel_rule.profiles import profile
from custody.travel_rule.rates import ReferenceRate


def travel_rule(old: Policy, new: Policy) -> Iterator[Change]:
    """By what records are judged."""
    yield from by_field(old.travel_rule, new.travel_rule, {"profile": _profile, "rates": _rates})


def asks_no_less(new: Profile, old: Profile) -> bool:
    """Whether a record that ``new`` finds complete is one that ``old`` finds complete, whatever is paid."""
    demands = [(one, other) for one in _parties(new) for other in _parties(old)]
    return (
        all(_parties_imply(one, other) for one, other in demands)
        and all(one in new.residents for one in old.residents)
        and _notice_implies(new.notice, old.notice)
        and _unhosted_implies(new.unhosted, old.unhosted)
    )


def _parties(profile: Profile) -> tuple[Parties, ...]:
    return (profile.above, profile.below) if profile.below else (profile.above,)


def _parties_imply(one: Parties, other: Parties) -> bool:
    return (
        _persons_imply(one.originator, other.originator)
        and _persons_imply(one.beneficiary, other.beneficiary)
        and _persons_imply(one.originating_vasp, other.originating_vasp)
        and _persons_imply(one.beneficiary_vasp, other.beneficiary_vasp)
    )


def _persons_imply(one: Persons, other: Persons) -> bool:
    return _groups_imply(one.natural, other.natural) and _groups_imply(one.legal, other.legal)


def _groups_imply(one: Groups, other: Groups) -> bool:
    """Of each group one fact must be there: one of fewer facts asks for more."""
    return all(any(set(asked) <= set(group) for asked in one) for group in other)


def _notice_implies(one: Notice | None, other: Notice | None) -> bool:
    return other is None or (one is not None and set(other.jurisdictions) <= set(one.jurisdictions))


def _unhosted_implies(one: Unhosted, other: Unhosted) -> bool:
    return set(other.demands) <= set(one.demands) and (other.proof is None or one.proof == other.proof)


def _profile(old: TravelRulePolicy, new: TravelRulePolicy) -> Iterator[Change]:
    loosens = not asks_no_less(profile(new.profile), profile(old.profile))
    missing = f"what {old.profile if loosens else new.profile} asks for and {new.profile if loosens else old.profile}"
    states = f"records by {old.profile}", f"records by {new.profile}"
    example = f"a record that lacks {missing} does not: {verdict(loosens=loosens)}"
    yield Change(loosens, "travel_rule.profile", *states, example)


def _rates(old: TravelRulePolicy, new: TravelRulePolicy) -> Iterator[Change]:
    """Without a rate everything is above the threshold, so that one that is gone asks for more."""
    before, after = ({(rate.asset_id, rate.currency): rate for rate in one.rates} for one in (old, new))
    counted = set(_currencies(profile(new.profile)))
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            states, loosens = both(_rate, before.get(key), after.get(key)), key in after and key[1] in counted
            example = f"none: {new.profile} has no threshold in {key[1]}"
            if key[1] in counted:
                record = f"a record for a payment in {key[0]} without what is asked above the threshold alone"
                example = f"{record}: {verdict(loosens=loosens, yes='perhaps allowed')}"
            yield Change(loosens, "travel_rule.rates", *states, example)


def _currencies(profile: Profile) -> Iterator[str]:
    """Those in which the jurisdiction has a threshold."""
    if profile.threshold:
        yield profile.threshold.currency
    if profile.unhosted.proof:
        yield profile.unhosted.proof.threshold.currency


def _rate(rate: ReferenceRate | None) -> str:
    if rate is None:
        return "no rate: every payment is above the threshold"
    until = rfc3339(rate.valid_until) if 0 <= rate.valid_until <= LAST_SECOND else "long ago"
    return f"{rate.price:,} minor units of {rate.currency} for one whole {rate.asset_id}, until {until}"
