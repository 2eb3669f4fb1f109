"""What makes IVMS101 data complete: the standard's own constraints, each under its number, all findings told.

A finding names the place, as a path of the 2023 edition, and never what stands there. The demands of a jurisdiction
are in `custody.travel_rule.completeness`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from custody.codec.schema import Finding
from custody.travel_rule.authorities import AS_OF, AUTHORITIES
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.ivms101 import Ivms101, NationalIdentification, Party, Person
from custody.travel_rule.lei import CHECK_DIGITS, LEI, MEANS, check_digits_hold

LEGAL_KINDS = ("RAID", "MISC", "LEIX", "TXID")


@dataclass(frozen=True, slots=True)
class Subject:
    """One person of the payload: the place, its part in the transfer, and the account numbers that go with it."""

    where: str
    part: str
    person: Person
    accounts: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The place of what the person is."""
        return f"{self.where}.{'naturalPerson' if self.person.natural else 'legalPerson'}"


def incomplete(payload: Ivms101, where: str, today: date, *, hosted: bool = True) -> Iterator[Finding]:
    """Every way in which the payload at ``where`` falls short of the standard, in a fixed order.

    Args:
        today: the day on which a birth must be past (C2).
        hosted: whether a VASP receives the transfer; none does for an unhosted wallet.
    """
    yield from parties_present(payload, where, hosted=hosted)
    yield from account_numbers_agree(payload, where)
    yield from sequential_integrity(payload, where)
    for subject in subjects(payload, where):
        yield from date_in_past(subject, today)
        for constraint in CONSTRAINTS:
            yield from constraint(subject)


def subjects(payload: Ivms101, where: str) -> Iterator[Subject]:
    """Every person of the payload."""
    for name, party in (("originator", payload.originator), ("beneficiary", payload.beneficiary)):
        for index, person in enumerate(party.persons if party else ()):
            accounts = party.account_numbers if party else ()
            yield Subject(f"{where}.{name}.{name}Person[{index}]", name, person, accounts)
    for name, vasp in (("originatingVASP", payload.originating_vasp), ("beneficiaryVASP", payload.beneficiary_vasp)):
        if vasp:
            yield Subject(f"{where}.{name}", name, vasp, vasp.account_numbers)
    for index, step in enumerate(payload.transfer_path):
        yield Subject(f"{where}.transferPath[{index}].intermediaryVASP", "transferPath", step.vasp)


def parties_present(payload: Ivms101, where: str, *, hosted: bool) -> Iterator[Finding]:
    """FATF Recommendation 16: originator, beneficiary and their VASPs are named; an unhosted wallet has none."""
    parties = {
        "originator": payload.originator,
        "beneficiary": payload.beneficiary,
        "originatingVASP": payload.originating_vasp,
        **({"beneficiaryVASP": payload.beneficiary_vasp} if hosted else {}),
    }
    for name, party in parties.items():
        if party is None:
            required = f"{len(parties)} parties: {', '.join(parties)}"
            yield Finding("IVMS-PARTY", f"{where}.{name}", "this party is not named", required)


def account_numbers_agree(payload: Ivms101, where: str) -> Iterator[Finding]:
    """Account numbers moved from the party (2020) to its persons (2023): where both hold some, they are the same."""
    for name, party in (("originator", payload.originator), ("beneficiary", payload.beneficiary)):
        if party and party.own_account_numbers and not _agree(party):
            observed = "the party and its persons name different account numbers"
            yield Finding("IVMS-ACCOUNTS", f"{where}.{name}", observed, "the same account numbers in both places")


def _agree(party: Party) -> bool:
    of_persons = {number for person in party.persons for number in person.account_numbers}
    return not of_persons or of_persons == set(party.own_account_numbers)


def sequential_integrity(payload: Ivms101, where: str) -> Iterator[Finding]:
    """C12: the VASPs on the way are numbered from 0 without gaps."""
    if sorted(step.sequence for step in payload.transfer_path) != [*range(len(payload.transfer_path))]:
        observed = "numbers that do not run from 0 without gaps"
        yield Finding("IVMS-C12", f"{where}.transferPath", observed, "sequence 0, 1, 2 and on, each once")


def date_in_past(subject: Subject, today: date) -> Iterator[Finding]:
    """C2: whoever is named was born before ``today``."""
    birth = subject.person.natural.birth if subject.person.natural else None
    if birth and birth.date >= today.isoformat():
        where = f"{subject.place}.dateAndPlaceOfBirth.dateOfBirth"
        yield Finding("IVMS-C2", where, "a birth that is not past", f"a day before {today.isoformat()}")


def originator_information_natural_person(subject: Subject) -> Iterator[Finding]:
    """C1: an individual originator is identified by an address, a customer or national number, or a birth."""
    natural = subject.person.natural
    if subject.part != "originator" or not natural:
        return
    if natural.addresses or natural.customer_identification or natural.national_identification or natural.birth:
        return
    required = "an address, a customer number, a national identification, or date and place of birth"
    yield Finding("IVMS-C1", subject.where, "an individual who is named but not identified", required)


def country(subject: Subject) -> Iterator[Finding]:
    """C3: every country is an ISO 3166-1 alpha-2 code or XX."""
    person = subject.person.either
    issued = person.national_identification
    countries: list[tuple[str, str | None]] = [
        (f"geographicAddress[{index}].country", one.country) for index, one in enumerate(person.addresses)
    ]
    countries += [("nationalIdentification.countryOfIssue", issued.country_of_issue)] if issued else []
    countries += [("countryOfResidence" if subject.person.natural else "countryOfRegistration", person.country)]
    for name, code in countries:
        if code is not None and code not in COUNTRIES:
            observed = "a country that is no ISO 3166-1 alpha-2 code"
            yield Finding("IVMS-C3", f"{subject.place}.{name}", observed, "two capital letters such as JP, or XX")


def originator_information_legal_person(subject: Subject) -> Iterator[Finding]:
    """C4: an originator that is a company is identified by a GEOG address, a customer or a national number."""
    legal = subject.person.legal
    if subject.part != "originator" or not legal:
        return
    geographic = any(address.kind == "GEOG" for address in legal.addresses)
    if not (geographic or legal.customer_identification or legal.national_identification):
        required = "an address of type GEOG, a customer number, or a national identification"
        yield Finding("IVMS-C4", subject.where, "a company that is named but not identified", required)


def legal_name_present_legal_person(subject: Subject) -> Iterator[Finding]:
    """C5: a company has a name of type LEGL."""
    legal = subject.person.legal
    if legal and not legal.names.of_kind("LEGL"):
        yield Finding("IVMS-C5", subject.where, "a company without its legal name", "a name of type LEGL")


def legal_name_present_natural_person(subject: Subject) -> Iterator[Finding]:
    """C6: an individual has a name of type LEGL."""
    natural = subject.person.natural
    if natural and not natural.names.of_kind("LEGL"):
        yield Finding("IVMS-C6", subject.where, "an individual without a legal name", "a name of type LEGL")


def valid_address(subject: Subject) -> Iterator[Finding]:
    """C8: an address has an address line, or a street with a building's name or number."""
    for index, address in enumerate(subject.person.either.addresses):
        street = address.street_name and (address.building_name or address.building_number)
        if not (address.address_lines or street):
            required = "an address line, or a street with the building's name or number"
            where = f"{subject.place}.geographicAddress[{index}]"
            yield Finding("IVMS-C8", where, "an address without a building", required)


def _issued_to_company(subject: Subject) -> NationalIdentification | None:
    return subject.person.legal.national_identification if subject.person.legal else None


def valid_national_identifier_legal_person(subject: Subject) -> Iterator[Finding]:
    """C7: a company's identification is of a type that companies have."""
    issued = _issued_to_company(subject)
    if issued and issued.kind not in LEGAL_KINDS:
        where = f"{subject.place}.nationalIdentification.nationalIdentifierType"
        observed = "a type of identifier that companies do not have"
        yield Finding("IVMS-C7", where, observed, "one of " + ", ".join(LEGAL_KINDS))


def complete_national_identifier_legal_person(subject: Subject) -> Iterator[Finding]:
    """C9: a company's identification names its register, not a country; an LEI needs no register and has none."""
    issued = _issued_to_company(subject)
    if issued is None:
        return
    where = f"{subject.place}.nationalIdentification"
    if issued.country_of_issue is not None:
        observed = "a country of issue for a company's identification"
        yield Finding("IVMS-C9", f"{where}.countryOfIssue", observed, "no country of issue")
    if (issued.kind == "LEIX") == (issued.registration_authority is not None):
        needed = issued.kind != "LEIX"
        observed = "no registration authority" if needed else "a registration authority beside an LEI"
        required = "the authority that registered the company" if needed else "no registration authority"
        yield Finding("IVMS-C9", f"{where}.registrationAuthority", observed, required)


def registration_authority(subject: Subject) -> Iterator[Finding]:
    """C10: the registration authority is on GLEIF's list, of which this program holds the one of `AS_OF`."""
    issued = subject.person.either.national_identification
    if issued and issued.registration_authority and issued.registration_authority not in AUTHORITIES:
        where = f"{subject.place}.nationalIdentification.registrationAuthority"
        observed = f"an authority that is not on GLEIF's list of {AS_OF}, the one that this program holds"
        yield Finding("IVMS-C10", where, observed, "an authority on that list; a later one may have more")


def valid_lei(subject: Subject) -> Iterator[Finding]:
    """C11: what a company gives as an LEI has the form of one; apart from it, its check digits hold (ISO 17442)."""
    issued = _issued_to_company(subject)
    if not issued or issued.kind != "LEIX":
        return
    where = f"{subject.place}.nationalIdentification.nationalIdentifier"
    if not LEI.fullmatch(issued.identifier):
        yield Finding("IVMS-C11", where, "no legal entity identifier", MEANS)
    elif not check_digits_hold(issued.identifier):
        yield Finding("LEI-CHK", where, "check digits that do not belong to it", CHECK_DIGITS)


CONSTRAINTS = (
    originator_information_natural_person,
    country,
    originator_information_legal_person,
    legal_name_present_legal_person,
    legal_name_present_natural_person,
    valid_national_identifier_legal_person,
    valid_address,
    complete_national_identifier_legal_person,
    registration_authority,
    valid_lei,
)
