"""What makes IVMS101 data complete: the standard's own constraints, each under its number, all findings told.

A finding names the place and never what stands there. Constraints that need a date or a list of authorities, and
the demands of a jurisdiction, are further functions of the same two kinds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from custody.codec.schema import Finding
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.ivms101 import Ivms101, Party, Person


@dataclass(frozen=True, slots=True)
class Subject:
    """One person of the payload: the place, whether it is an originator's, and the person."""

    where: str
    originates: bool
    person: Person


def incomplete(payload: Ivms101, where: str) -> Iterator[Finding]:
    """Every way in which the payload at ``where`` falls short of the standard, in a fixed order."""
    yield from parties_present(payload, where)
    yield from account_numbers_agree(payload, where)
    for subject in subjects(payload, where):
        for constraint in CONSTRAINTS:
            yield from constraint(subject)


def subjects(payload: Ivms101, where: str) -> Iterator[Subject]:
    """Every person of the payload."""
    for name, party in (("originator", payload.originator), ("beneficiary", payload.beneficiary)):
        for index, person in enumerate(party.persons if party else ()):
            yield Subject(f"{where}.{name} person {index + 1}", name == "originator", person)
    for name, vasp in (("originatingVASP", payload.originating_vasp), ("beneficiaryVASP", payload.beneficiary_vasp)):
        if vasp:
            yield Subject(f"{where}.{name}", False, vasp)
    for step in payload.transfer_path:
        yield Subject(f"{where}.transferPath step {step.sequence}", False, step.vasp)


def parties_present(payload: Ivms101, where: str) -> Iterator[Finding]:
    """FATF Recommendation 16: originator, beneficiary and both VASPs are named."""
    parties = {
        "originator": payload.originator,
        "beneficiary": payload.beneficiary,
        "originatingVASP": payload.originating_vasp,
        "beneficiaryVASP": payload.beneficiary_vasp,
    }
    for name, party in parties.items():
        if party is None:
            yield Finding("IVMS-PARTY", f"{where}.{name}", "this party is not named", "all four parties")


def account_numbers_agree(payload: Ivms101, where: str) -> Iterator[Finding]:
    """Account numbers moved from the party (2020) to its persons (2023): where both hold some, they are the same."""
    for name, party in (("originator", payload.originator), ("beneficiary", payload.beneficiary)):
        if party and party.own_account_numbers and not _agree(party):
            observed = "the party and its persons name different account numbers"
            yield Finding("IVMS-ACCOUNTS", f"{where}.{name}", observed, "the same account numbers in both places")


def _agree(party: Party) -> bool:
    of_persons = {number for person in party.persons for number in person.account_numbers}
    return not of_persons or of_persons == set(party.own_account_numbers)


def originator_information_natural_person(subject: Subject) -> Iterator[Finding]:
    """C1: an individual originator is identified by an address, a customer or national number, or a birth."""
    natural = subject.person.natural
    if not subject.originates or not natural:
        return
    if natural.addresses or natural.customer_identification or natural.national_identification or natural.birth:
        return
    required = "an address, a customer number, a national identification, or date and place of birth"
    yield Finding("IVMS-C1", subject.where, "an individual who is named but not identified", required)


def country(subject: Subject) -> Iterator[Finding]:
    """C3: every country is an ISO 3166-1 alpha-2 code or XX."""
    person = subject.person.either
    if not person:
        return
    issued = person.national_identification
    countries = [(f"address {index + 1}", address.country) for index, address in enumerate(person.addresses)]
    countries += [("countryOfIssue", issued.country_of_issue)] if issued and issued.country_of_issue else []
    countries += [("countryOfResidence or Registration", person.country)] if person.country else []
    for name, code in countries:
        if code not in COUNTRIES:
            observed = "a country that is no ISO 3166-1 alpha-2 code"
            yield Finding("IVMS-C3", f"{subject.where}, {name}", observed, "two capital letters such as JP, or XX")


def originator_information_legal_person(subject: Subject) -> Iterator[Finding]:
    """C4: an originator that is a company is identified by a GEOG address, a customer or a national number."""
    legal = subject.person.legal
    if not subject.originates or not legal:
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
    person = subject.person.either
    for index, address in enumerate(person.addresses if person else ()):
        street = address.street_name and (address.building_name or address.building_number)
        if not (address.address_lines or street):
            required = "an address line, or a street with the building's name or number"
            yield Finding("IVMS-C8", f"{subject.where}, address {index + 1}", "an address without a building", required)


CONSTRAINTS = (
    originator_information_natural_person,
    country,
    originator_information_legal_person,
    legal_name_present_legal_person,
    legal_name_present_natural_person,
    valid_address,
)
