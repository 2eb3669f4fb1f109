"""IVMS101 payloads for tests: honest ones in both editions, and ones with some places changed."""

import copy
import itertools
from typing import Any

import examples

ABSENT = object()


def bent(original: Any, changes: dict[str, Any]) -> Any:
    """The value with some places changed, named by dotted paths; ABSENT takes the key away."""
    value = copy.deepcopy(original)
    for path, put in changes.items():
        *parents, last = path.split(".")
        place: Any = value
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place[key]
        if put is ABSENT:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = copy.deepcopy(put)
    return value


def of_2023() -> dict[str, Any]:
    """The honest payload, as the 2023 edition writes it."""
    return copy.deepcopy(examples.ivms101(examples.PAYEE))


def in_2020(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload of the 2023 edition as the 2020 edition writes it."""
    old = copy.deepcopy(payload)
    old.pop("payloadMetadata", None)
    for party in ("originator", "beneficiary"):
        if party in old:
            _party_of_2020(old[party], party)
    for vasp in ("originatingVASP", "beneficiaryVASP"):
        if vasp in old:
            old[vasp] = old[vasp][vasp]
    return old


def _party_of_2020(party: dict[str, Any], name: str) -> None:
    persons = party.pop(f"{name}Person")
    numbers = [number for person in persons for number in person.pop("accountNumber", [])]
    party |= {f"{name}Persons": persons, "accountNumber": [*party.get("accountNumber", []), *numbers]}
    for person in persons:
        for written in _natural_names(person):
            if "naturalPersonNameIdentifierType" in written:
                written["nameIdentifierType"] = written.pop("naturalPersonNameIdentifierType")
        for address in _either(person).get("geographicAddress", []):
            if "postcode" in address:
                address["postCode"] = address.pop("postcode")
        if "legalPerson" in person and "customerIdentification" in person["legalPerson"]:
            person["legalPerson"]["customerNumber"] = person["legalPerson"].pop("customerIdentification")


def _either(person: dict[str, Any]) -> dict[str, Any]:
    either: dict[str, Any] = person.get("naturalPerson") or person.get("legalPerson") or {}
    return either


def _natural_names(person: dict[str, Any]) -> list[dict[str, Any]]:
    names = person.get("naturalPerson", {}).get("name", {})
    kinds = ("nameIdentifier", "localNameIdentifier", "phoneticNameIdentifier")
    return [*itertools.chain.from_iterable(names.get(kind, []) for kind in kinds)]
