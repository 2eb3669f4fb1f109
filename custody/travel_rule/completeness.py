"""Whether a record says all that the standard and one jurisdiction ask, every finding told.

Legal rows are data (`custody.travel_rule.profile`); this is how they are applied.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from custody.codec.schema import Finding
from custody.times import rfc3339
from custody.travel_rule.constraints import Subject, incomplete, subjects
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.facts import Groups, missing, whole_name
from custody.travel_rule.ivms101 import Ivms101, Person
from custody.travel_rule.lei import CHECK_DIGITS, check_digits_hold
from custody.travel_rule.profile import Parties, Persons, Profile, Threshold
from custody.travel_rule.record import Counterparty, SentNotice, TravelRuleRecord, UnhostedWallet

#: The worth of a transfer in minor units of a currency; None where nobody can say.
Worth = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """By what records are judged.

    Attributes:
        profile: the jurisdiction.
        today: the day on which a birth must be past.
        made: Unix seconds at which the request was made, after any notice; None where nobody says.
    """

    profile: Profile
    today: date
    made: int | None = None


def unknown_worth(_currency: str) -> int | None:
    """The worth of a transfer for which there is no rate."""
    return None


def is_below(threshold: Threshold | None, worth: Worth) -> bool:
    """Whether a transfer is worth less than the threshold. One whose worth nobody can say is not."""
    if threshold is None:
        return False
    value = worth(threshold.currency)
    return value is not None and value < threshold.minor_units


def incomplete_record(
    record: TravelRuleRecord, where: str, terms: Terms, worth: Worth = unknown_worth
) -> Iterator[Finding]:
    """Every way in which the record at ``where`` falls short, in a fixed order."""
    payload = f"{where}.ivms101"
    yield from incomplete_payload(record.ivms101, payload, terms, worth, hosted=record.vasp is not None)
    match record.counterparty:
        case Counterparty() as vasp:
            yield from _vasp(vasp, record.ivms101.beneficiary_vasp, f"{where}.counterparty")
            yield from _notice(vasp, record.notice, where, terms)
        case UnhostedWallet() as wallet:
            yield from _no_vasp(record.ivms101, payload)
            yield from _unhosted(wallet, f"{where}.counterparty.unhosted", terms.profile, worth)


def incomplete_payload(
    payload: Ivms101, where: str, terms: Terms, worth: Worth = unknown_worth, *, hosted: bool = True
) -> Iterator[Finding]:
    """Every way in which the payload alone falls short: the standard's constraints, and the jurisdiction's demands."""
    yield from incomplete(payload, where, terms.today, hosted=hosted)
    profile = terms.profile
    demanded = (profile.below if is_below(profile.threshold, worth) else None) or profile.above
    for subject in subjects(payload, where):
        yield from _demands(subject, _of_part(demanded, subject.part))
        for residents in profile.residents if subject.part == "originator" else ():
            if _lives_in(subject.person, residents.countries):
                yield from _demands(subject, residents.persons)


def _of_part(demanded: Parties, part: str) -> Persons:
    return {
        "originator": demanded.originator,
        "beneficiary": demanded.beneficiary,
        "originatingVASP": demanded.originating_vasp,
        "beneficiaryVASP": demanded.beneficiary_vasp,
    }.get(part, Persons())


def _demands(subject: Subject, demanded: Persons) -> Iterator[Finding]:
    groups: Groups = demanded.natural if subject.person.natural else demanded.legal
    yield from missing(subject.person.either, subject.accounts, groups, subject.place)


def _lives_in(person: Person, countries: tuple[str, ...]) -> bool:
    either = person.either
    return any(country in countries for country in (either.country, *(address.country for address in either.addresses)))


def _vasp(vasp: Counterparty, person: Person | None, where: str) -> Iterator[Finding]:
    """The receiving VASP is one and the same in both places of the record, and supervised somewhere."""
    if vasp.jurisdiction not in COUNTRIES - {"XX"}:
        observed = "a jurisdiction that is no country of ISO 3166-1"
        required = "the country that supervises the receiving VASP; an unhosted wallet where there is no VASP"
        yield Finding("PROFILE-JURISDICTION", f"{where}.jurisdiction", observed, required)
    if vasp.lei and not check_digits_hold(vasp.lei):
        yield Finding("LEI-CHK", f"{where}.lei", "check digits that do not belong to it", CHECK_DIGITS)
    if person:
        if vasp.name not in map(whole_name, person.either.names.latin):
            observed = "another name than the beneficiaryVASP has"
            yield Finding("VASP-COUNTERPARTY", f"{where}.name", observed, "one of the names of the beneficiaryVASP")
        issued = person.either.national_identification
        if vasp.lei and issued and issued.kind == "LEIX" and issued.identifier != vasp.lei:
            observed = "another identifier than the beneficiaryVASP has"
            yield Finding("VASP-COUNTERPARTY", f"{where}.lei", observed, "the LEI of the beneficiaryVASP")


def _notice(vasp: Counterparty, notice: SentNotice | None, where: str, terms: Terms) -> Iterator[Finding]:
    demanded = terms.profile.notice and vasp.jurisdiction in terms.profile.notice.jurisdictions
    if demanded and notice is None:
        observed = "missing, and the receiving VASP is supervised in a designated jurisdiction"
        yield Finding("PROFILE-NOTICE", f"{where}.notice", observed, "a notice to that VASP, at or before the transfer")
    if notice and terms.made is not None and notice.time > terms.made:
        observed = "a notice that is later than the request"
        yield Finding("PROFILE-NOTICE", f"{where}.notice.time", observed, f"a notice given by {rfc3339(terms.made)}")


def _no_vasp(payload: Ivms101, where: str) -> Iterator[Finding]:
    if payload.beneficiary_vasp:
        observed = "a receiving VASP beside an unhosted wallet"
        yield Finding("VASP-COUNTERPARTY", f"{where}.beneficiaryVASP", observed, "no VASP, or the VASP as counterparty")


def _unhosted(wallet: UnhostedWallet, where: str, profile: Profile, worth: Worth) -> Iterator[Finding]:
    """What the jurisdiction asks of a payment to a wallet that no VASP keeps."""
    asked = profile.unhosted
    if "owner" in asked.demands and wallet.owner is None:
        yield Finding("PROFILE-OWNER", f"{where}.owner", "missing", "whose the wallet is: originator or other")
    if "risk" in asked.demands and wallet.risk is None:
        yield Finding("PROFILE-RISK", f"{where}.risk", "missing", "the risk that the house sees: low, medium or high")
    proof = asked.proof
    if proof and not is_below(proof.threshold, worth) and wallet.proof not in proof.accepted:
        observed = "no proof that counts of whose the wallet is"
        yield Finding("PROFILE-PROOF", f"{where}.proof", observed, "one of " + ", ".join(proof.accepted))
